"""Images under the names and tags that a blueprint uses, made of packages, because no registry of images can be reached.

`images/<name>/` is the recipe of the image `<name>`, whatever the tag: a Dockerfile that begins with a comment on how the
image differs from the official one, and that has the labels `live.kind` (real or stand-in) and `live.version` (a command).
"""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .base import Base, label
from .shell import Failure, Shell

RECIPES = Path(__file__).resolve().parents[1] / "images"
CACHE = "pipegen-live/"
RECIPE = "live.recipe"


@dataclass(frozen=True)
class Recipe:
    """How one image is made."""

    image: str

    @property
    def repository(self) -> str:
        """The name without the tag."""
        return self.image.rpartition(":")[0]

    @property
    def tag(self) -> str:
        """What follows the name."""
        return self.image.rpartition(":")[2]

    @property
    def folder(self) -> Path:
        """The recipe's files."""
        return RECIPES / self.repository

    def bases(self) -> set[str]:
        """The images that it starts from."""
        return bases_of(self.dockerfile(), {})

    def dockerfile(self) -> str:
        """Its text."""
        path = self.folder / "Dockerfile"
        if not path.exists():
            raise Failure(f"there is no recipe for the image {self.image}: write tests/live/images/{self.repository}/Dockerfile")
        return path.read_text()

    def difference(self) -> str:
        """The comment at the top."""
        lines = self.dockerfile().split("\n")
        comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
        return " ".join(line.removeprefix("#").strip() for line in comment)

    def digest(self, bases: list[str]) -> str:
        """Changes with each file of the recipe, its mode, the tag and the bases."""
        whole = hashlib.sha256(repr((self.tag, bases)).encode())
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                whole.update(f"{path.relative_to(self.folder)} {path.stat().st_mode & 0o111:o}\n".encode() + path.read_bytes())
        return whole.hexdigest()[:16]


class Images:
    """The images of one run. Those that are made stay in the engine under names of our own, so the next run finds them."""

    def __init__(self, home: Path, shell: Shell) -> None:
        self.shell = shell
        self.base = Base(home, shell)

    def provide(self, images: set[str]) -> None:
        """Makes every image that is not there."""
        recipes = [Recipe(image) for image in sorted(images) if not self.is_foreign(image)]
        for base in sorted(set[str]().union(*(recipe.bases() for recipe in recipes))):
            self.base.provide(base)
        with ThreadPoolExecutor(2) as pool:  # half of the time is spent on downloads
            list(pool.map(self.make, recipes))

    def is_foreign(self, image: str) -> bool:
        """Whether the engine has an image of this name that is not of our making."""
        return label(self.shell, image, RECIPE) == ""

    def make(self, recipe: Recipe) -> None:
        """Builds an image unless it is cached, and gives it the name that the blueprint uses."""
        cached = CACHE + recipe.image
        digest = recipe.digest([self.base.identity(base) for base in sorted(recipe.bases())])
        if label(self.shell, cached, RECIPE) != digest:
            options = ("--build-arg", f"TAG={recipe.tag}", "--label", f"{RECIPE}={digest}", "--tag", cached)
            self.shell.run("docker", "build", *options, str(recipe.folder), timeout=1800)
        self.shell.run("docker", "tag", cached, recipe.image)

    def describe(self, image: str) -> str:
        """What an image is, with the version that is really inside."""
        if self.is_foreign(image):
            return "official: it was on the engine before"
        kind, version = (label(self.shell, image, name) or "" for name in ("live.kind", "live.version"))
        said = self.shell.ask("docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", version)
        return f"{kind}: {', '.join(said.splitlines())}. {Recipe(image).difference()}"

    def keep(self, built: set[str]) -> None:
        """Takes images that Compose has built into the cache: with them stay their layers."""
        for image in sorted(built):
            self.shell.attempt("docker", "tag", image, CACHE + image)
            self.shell.attempt("docker", "image", "rm", image)

    def release(self) -> None:
        """Takes the blueprint's names off our images again; under ours they stay."""
        words = ("--filter", f"label={RECIPE}", "--format", "{{.Repository}}:{{.Tag}}")
        for image in self.shell.ask("docker", "image", "ls", *words).splitlines():
            if not image.startswith((CACHE, "<none>")):
                self.shell.run("docker", "image", "rm", image)
        self.shell.run("docker", "image", "prune", "--force", "--filter", f"label={RECIPE}")  # those of older recipes


def bases_of(dockerfile: str, arguments: dict[str, str]) -> set[str]:
    """The images that a Dockerfile starts from, without the stages of its own."""
    values: dict[str, str] = {}
    images, stages = set(), set()
    for line in dockerfile.splitlines():
        words = line.split()
        if words[:1] == ["ARG"] and "=" in words[1] and not images:  # those after FROM have no say in a FROM
            name, _, default = words[1].partition("=")
            values[name] = arguments.get(name, default)
        elif words[:1] == ["FROM"]:
            image = re.sub(r"\$\{?(\w+)\}?", lambda found: values.get(found[1], ""), words[1])
            if image not in stages:
                images.add(image)
            stages.update(words[3:])
    return images
