"""Something on the engine that is not of the platform, under names that look as if it were."""

from .shell import Shell, expect


class Bystander:
    """A container with a network and a volume of its own."""

    def __init__(self, name: str, shell: Shell) -> None:
        self.name = f"{name}_bystander"
        self.shell = shell
        self.started = ""

    def start(self, image: str) -> None:
        """Starts it."""
        self.remove()  # an interrupted run leaves it
        self.shell.run("docker", "network", "create", self.name)
        self.shell.run("docker", "volume", "create", self.name)
        options = ("--network", self.name, "--volume", f"{self.name}:/bystander", "--entrypoint", "sleep")
        self.shell.run("docker", "run", "--detach", "--name", self.name, *options, image, "infinity")
        self.started = self.state()

    def state(self) -> str:
        """Which container it is, and since when it runs."""
        return self.shell.ask("docker", "inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{.State.Running}}", self.name)

    def expect_untouched(self) -> None:
        """Fails unless it runs as before."""
        expect(self.state() == self.started, f"{self.name} was touched: it was {self.started}, and is {self.state()}")

    def remove(self) -> None:
        """Removes what there is of it."""
        self.shell.attempt("docker", "rm", "--force", "--volumes", self.name)
        for kind in ("network", "volume"):
            self.shell.attempt("docker", kind, "rm", self.name)
