"""A blueprint rendered into a folder of its own, and what its scripts and its containers can be told to do."""

import json
import shutil
from pathlib import Path

from . import dotenv
from .engine import REPOSITORY
from .images import bases_of
from .shell import Failure, Shell, expect, until

PIPEGEN = ("cargo", "run", "--quiet", "--locked", "--manifest-path", str(REPOSITORY / "Cargo.toml"), "--")


class Deployment:
    """A copy of the blueprint and its files, rendered beside them as the repository does it."""

    def __init__(self, name: str, home: Path, shell: Shell) -> None:
        self.name = name
        self.home = home
        self.shell = shell
        work = self.work = home / "run" / name
        self.blueprint = work / "blueprints" / f"{name}.yml"
        self.folder = work / "golden" / name / "compose"
        self.env = self.folder / ".env"

    # What pipegen does.

    def render(self) -> None:
        """Copies the blueprint and writes its Compose files."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(REPOSITORY / "blueprints", self.work / "blueprints")
        self.render_again()

    def render_again(self) -> None:
        """Writes the Compose files of the copy as it is now."""
        self.pipegen("render", "--target", "compose")

    def secrets_init(self) -> None:
        """Makes `.env`, or completes it."""
        self.pipegen("secrets", "init")

    def pipegen(self, *words: str) -> None:
        """Runs a command on the copy."""
        self.shell.run(*PIPEGEN, *words, str(self.blueprint), "--out", str(self.work / "golden"), timeout=1800)

    def secret(self, name: str) -> str:
        """The value of a variable in `.env`."""
        return dotenv.values(self.env)[name]

    def edit(self, file: Path, old: str, new: str) -> None:
        """Replaces a text that must be in the file once."""
        text = file.read_text()
        if text.count(old) != 1:
            raise Failure(f"{file.relative_to(self.work)} has the text {old!r} {text.count(old)} times")
        file.write_text(text.replace(old, new))

    def build(self) -> None:
        """Builds the blueprint's own images one after the other, so that `up` finds them.

        Docker's classic builder makes a step twice when two builds need it at once, and later takes either of the two: then
        `up` replaces containers although nothing has changed. BuildKit does not, but Debian's
        client of it is too old for Compose, and a new one takes long to compile.
        """
        for file, config in zip(self.files(), self.config(), strict=True):
            by_image = {service["image"]: name for name, service in config["services"].items() if "build" in service}
            for service in by_image.values():
                self.shell.run("docker", "compose", "--env-file", ".env", "-f", file, "build", service, cwd=self.folder, timeout=1200)

    # What the generated scripts do.

    def up(self, profiles: tuple[str, ...], seconds: int = 600) -> str:
        """Starts everything that the profiles ask for."""
        asked = [word for profile in profiles for word in ("--profile", profile)]
        return self.script("up.sh", *asked, "--timeout", str(seconds), timeout=seconds + 600)

    def down(self, *words: str) -> None:
        """Stops everything."""
        self.script("down.sh", *words)

    def script(self, name: str, *words: str, **options) -> str:
        """Runs a generated script as its guide says."""
        return self.shell.run(f"./{name}", *words, cwd=self.folder, **options)

    # What Compose and Docker say.

    def files(self) -> list[str]:
        """The Compose files."""
        return sorted(path.name for path in self.folder.glob("*docker-compose.yml"))

    def config(self) -> list[dict]:
        """The Compose files as Compose reads them, without the values of variables."""
        words = ("--profile", "*", "config", "--no-interpolate", "--format", "json")
        return [json.loads(self.shell.ask("docker", "compose", "-f", file, *words, cwd=self.folder)) for file in self.files()]

    def projects(self) -> list[str]:
        """The names of the Compose projects."""
        return [file["name"] for file in self.config()]

    def services(self) -> dict[str, dict]:
        """All services of all files."""
        return {name: service for file in self.config() for name, service in file["services"].items()}

    def images(self) -> set[str]:
        """The images that must be there before anything starts or is built."""
        wanted = set()
        for service in self.services().values():
            build = service.get("build")
            if build is None:
                wanted.add(service["image"])
            else:
                dockerfile = self.folder / build["context"] / build.get("dockerfile", "Dockerfile")
                wanted |= bases_of(dockerfile.read_text(), build.get("args") or {})
        return wanted

    def built(self) -> set[str]:
        """The images that Compose builds."""
        return {service["image"] for service in self.services().values() if "build" in service}

    def volumes(self) -> set[str]:
        """The volumes that the Compose files declare."""
        return {volume["name"] for file in self.config() for volume in file.get("volumes", {}).values()}

    def containers(self) -> dict[str, str]:
        """The identities of the containers, by service."""
        found = {}
        for project in self.projects():
            words = ("--filter", f"label=com.docker.compose.project={project}", "--filter", "label=com.docker.compose.oneoff=False")
            form = '{{.Label "com.docker.compose.service"}} {{.ID}}'
            lines = self.shell.ask("docker", "ps", "--all", "--no-trunc", *words, "--format", form).splitlines()
            found |= dict(line.split() for line in lines)
        return found

    def container(self, service: str) -> str:
        """The identity of one container."""
        containers = self.containers()
        expect(service in containers, f"{service} has no container")
        return containers[service]

    def running_since(self) -> dict[str, str]:
        """Identity and start of every container that runs: any change of the container shows."""
        form = "{{.Id}} {{.State.StartedAt}} {{.State.Running}}"
        return {
            service: state
            for service, container in self.containers().items()
            if (state := self.shell.ask("docker", "inspect", "--format", form, container)).endswith("true")
        }

    def execute(self, service: str, *command: str, stdin: str = "", **variables: str) -> str:
        """The output of a command in a container; the variables are set there."""
        return self.shell.ask(*self.inside(service, variables), *command, stdin=stdin, **variables)

    def run_once(self, service: str, *command: str, **variables: str) -> None:
        """Runs a program in the image of a service and with its settings, but for these variables."""
        (file,) = (file for file, config in zip(self.files(), self.config(), strict=True) if service in config["services"])
        options = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        compose = ("docker", "compose", "--env-file", ".env", "-f", file)
        self.shell.run(*compose, "run", "--rm", "--no-deps", "-T", *options, service, *command, cwd=self.folder)

    def refuses(self, service: str, *command: str, stdin: str = "", **variables: str) -> str:
        """What a command in a container says that must fail."""
        status, output = self.shell.attempt(*self.inside(service, variables), *command, stdin=stdin, **variables)
        expect(status != 0, f"`{' '.join(command)}` in {service} succeeded, and should not")
        return output

    def inside(self, service: str, variables: dict[str, str]) -> list[str]:
        """How to run something in a container. Only names: Docker takes the values from its own environment."""
        names = [word for name in variables for word in ("--env", name)]
        return ["docker", "exec", "--interactive", *names, self.container(service)]

    def published(self, service: str) -> str:
        """The address of a service on this machine."""
        (port,) = self.services()[service]["ports"]
        return f"{port.get('host_ip', 'localhost')}:{port['published']}"

    def wait_for_health(self, service: str, seconds: float = 180) -> None:
        """Waits until the health check of a container is content."""

        def health() -> str:
            return self.shell.ask("docker", "inspect", "--format", "{{.State.Health.Status}}", self.container(service))

        until(lambda: health() == "healthy", seconds, lambda: f"{service} is {health()}")

    def log(self, service: str, lines: int = 10) -> str:
        """The end of a container's log."""
        return self.shell.attempt("docker", "logs", "--tail", str(lines), self.container(service))[1]
