"""What there is on the engine: to see what a run leaves behind."""

from dataclasses import dataclass, fields, replace

from .images import CACHE
from .shell import Shell, expect


@dataclass(frozen=True)
class Footprint:
    """The names of everything on the engine but of our cache."""

    containers: frozenset[str]
    networks: frozenset[str]
    volumes: frozenset[str]
    images: frozenset[str]

    @staticmethod
    def take(shell: Shell) -> "Footprint":
        """What there is now."""
        images = shell.ask("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
        return Footprint(
            frozenset(shell.ask("docker", "ps", "--all", "--format", "{{.Names}}").splitlines()),
            frozenset(shell.ask("docker", "network", "ls", "--format", "{{.Name}}").splitlines()),
            frozenset(shell.ask("docker", "volume", "ls", "--format", "{{.Name}}").splitlines()),
            frozenset(image for image in images if not image.startswith(CACHE) and not image.startswith("<none>")),
        )

    def without_images(self) -> "Footprint":
        """The same but for the images: those that the run needs are there until its end."""
        return replace(self, images=frozenset())

    def plus(self, volumes: set[str]) -> "Footprint":
        """The same and these volumes."""
        return replace(self, volumes=self.volumes | volumes)

    def expect(self, wanted: "Footprint") -> None:
        """Fails unless this is all that there should be, and no less."""
        for kind in (field.name for field in fields(self)):
            now, should = getattr(self, kind), getattr(wanted, kind)
            expect(now <= should, f"left behind among the {kind}: {', '.join(sorted(now - should))}")
            expect(now >= should, f"gone from the {kind}: {', '.join(sorted(should - now))}")
