"""The images that all recipes start from: a minimal Debian, named `pipegen-live/debian:<release>`."""

import hashlib
import shutil
from pathlib import Path

from .engine import debian_mirror
from .shell import Failure, Shell

NAME = "pipegen-live/debian:"
AUTHORITIES = Path("/usr/local/share/ca-certificates")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
KEY = "live.base"
# Python's clients bring a list of authorities of their own unless they are told otherwise.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "SSL_CERT_FILE": BUNDLE,
    "PIP_CERT": BUNDLE,
    "REQUESTS_CA_BUNDLE": BUNDLE,
}


class Base:
    """Makes the images with debootstrap, and keeps them in the engine."""

    def __init__(self, home: Path, shell: Shell) -> None:
        self.home = home
        self.shell = shell

    def provide(self, image: str) -> None:
        """Makes the image unless it is there as it would be made now."""
        if not image.startswith(NAME):
            raise Failure(f"a recipe starts from {NAME}<release>, not from {image}")
        if label(self.shell, image, KEY) != recipe():
            self.make(image)

    def identity(self, image: str) -> str:
        """Says which base it is: another one gives other images."""
        return f"{image} {recipe()}"

    def make(self, image: str) -> None:
        """Unpacks Debian, adds what this machine trusts, and hands it to the engine."""
        root = self.home / "root"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        release = image.removeprefix(NAME)
        self.shell.run(
            "debootstrap", "--variant=minbase", "--include=ca-certificates", release, str(root), debian_mirror(self.shell), timeout=900
        )
        self.trust(root)
        for leftover in (*root.glob("var/cache/apt/archives/*.deb"), *root.glob("var/lib/apt/lists/*_*")):
            leftover.unlink()
        archive = self.home / "root.tar"
        kernel = [f"--exclude=./{folder}/*" for folder in ("dev", "proc", "sys")]
        self.shell.run("tar", "-C", str(root), "-cf", str(archive), *kernel, ".")
        changes = [f"ENV {name}={value}" for name, value in ENVIRONMENT.items()] + [f"LABEL {KEY}={recipe()}", 'CMD ["/bin/bash"]']
        self.shell.run("docker", "import", *(word for change in changes for word in ("--change", change)), str(archive), image)
        archive.unlink()
        shutil.rmtree(root)

    def trust(self, root: Path) -> None:
        """Adds the authorities that this machine trusts beside Debian's: behind a proxy, package registries need them."""
        own = root / AUTHORITIES.relative_to("/")
        own.mkdir(parents=True, exist_ok=True)
        for certificate in AUTHORITIES.glob("*.crt"):
            shutil.copy(certificate, own)
        self.shell.run("chroot", str(root), "update-ca-certificates")


def recipe() -> str:
    """Changes with this file and with the authorities."""
    whole = hashlib.sha256(Path(__file__).read_bytes())
    for certificate in sorted(AUTHORITIES.glob("*.crt")):
        whole.update(certificate.read_bytes())
    return whole.hexdigest()[:16]


def label(shell: Shell, image: str, name: str) -> str | None:
    """A label of an image: empty if the image does not have it, None if there is no such image."""
    form = f'{{{{index .Config.Labels "{name}"}}}}'
    status, value = shell.attempt("docker", "image", "inspect", "--format", form, image)
    return value.strip() if status == 0 else None
