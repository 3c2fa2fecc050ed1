"""The run that every blueprint goes through, from nothing to nothing."""

from contextlib import suppress

from . import dotenv, network
from .bystander import Bystander
from .deployment import Deployment
from .expectations import Expectations
from .footprint import Footprint
from .images import Images
from .report import Report
from .shell import Failure, expect

ALTERED = f"{dotenv.NASTY} altered"


class Scenario:
    """One run of one blueprint; each step is in the report."""

    def __init__(self, deployment: Deployment, expectations: Expectations, images: Images, report: Report) -> None:
        self.deployment = deployment
        self.shell = deployment.shell
        self.expectations = expectations
        self.images = images
        self.report = report
        self.bystander = Bystander(deployment.name, self.shell)

    def run(self) -> None:
        """All of it, up to the first failure; cleans up in any case."""
        try:
            self.clean_up()  # an interrupted run may have left something
            before = Footprint.take(self.shell)
            self.prepare()
            self.use_nasty_passwords()
            self.bystander.start(min(self.deployment.images()))
            with_bystander = Footprint.take(self.shell)
            self.start_alone()
            self.start()
            self.start_again()
            self.restart()
            self.read_logs()
            self.change_file()
            self.change_secrets()
            self.stop_and_lose_env(with_bystander)
            self.remove(with_bystander, before)
        except BaseException:
            self.look_closer()
            raise
        finally:
            self.clean_up()

    def prepare(self) -> None:
        """Renders, makes the images, and makes the secrets."""
        with self.report.step("render"):
            self.deployment.render()
        with self.report.step("images"):
            wanted = self.deployment.images()
            self.images.provide(wanted)
        self.report.facts += [(image, self.images.describe(image)) for image in sorted(wanted)]
        self.report.facts += [(image, "built by Compose from its own Dockerfile") for image in sorted(self.deployment.built())]
        with self.report.step("secrets init"):
            self.deployment.secrets_init()
        if self.deployment.built():
            with self.report.step("build"):
                self.deployment.build()

    def use_nasty_passwords(self) -> None:
        """Gives every password the value with all that could be misread."""
        with self.report.step("every password is one with metacharacters") as step:
            passwords = [name for name in dotenv.values(self.deployment.env) if name.endswith("_PASSWORD")]
            dotenv.change(self.deployment.env, dict.fromkeys(passwords, dotenv.NASTY))
            self.deployment.secrets_init()
            step.note = f"{dotenv.NASTY} for {', '.join(passwords)}"

    def start_alone(self) -> None:
        """Starts what cannot start before the rest."""
        for file, message in self.expectations.alone.items():
            with self.report.step(f"{file} does not start alone") as step:
                compose = ("docker", "compose", "--env-file", ".env", "-f", file)
                status, output = self.shell.attempt(*compose, "up", "--detach", cwd=self.deployment.folder)
                expect(status != 0, "it started")
                expect(message in output, f"it did not say: {message}")
                expect(not self.deployment.containers(), "it left containers behind")
                step.note = message

    def start(self) -> None:
        """The first start, and everything that the platform is for."""
        self.up("up")
        self.set_up_connections()
        self.probe()

    def up(self, name: str) -> None:
        """A start with the generated script."""
        with self.report.step(name):
            self.deployment.up(self.expectations.profiles)

    def set_up_connections(self) -> None:
        """Runs the generated script, if there is one."""
        if (self.deployment.folder / "setup-connections.sh").exists():
            with self.report.step("setup-connections.sh"):
                self.deployment.script("setup-connections.sh")

    def probe(self, when: str = "") -> None:
        """Who reaches whom, and all that the platform is for."""
        with self.report.step(f"verify-network.sh{when}") as step:
            status, output = self.shell.attempt("./verify-network.sh", cwd=self.deployment.folder)
            step.note = network.judge(output)
            expect(status == 0, f"verify-network.sh ended with {status}")
        for name, check in self.expectations.work(self.deployment):
            with self.report.step(name + when) as step:
                step.note = check()

    def start_again(self) -> None:
        """A second `up` of the same thing."""
        before, running = self.deployment.containers(), self.deployment.running_since()
        self.up("up again")
        with self.report.step("up again changed nothing") as step:
            expect_equal("container", before, self.deployment.containers())
            expect_equal("start", running, self.deployment.running_since())
            step.note = f"the same {len(before)} containers, {len(running)} of them running as before"

    def restart(self) -> None:
        """One server goes and comes back; the others find it again."""
        server = self.expectations.server
        with self.report.step(f"restart {server}"):
            since = self.deployment.running_since()[server]
            self.shell.run("docker", "restart", "--time", "60", self.deployment.container(server))
            self.deployment.wait_for_health(server)
            expect(self.deployment.running_since()[server] != since, f"{server} was not restarted")
        self.probe(" after the restart")

    def read_logs(self) -> None:
        """No program has written a secret into its log."""
        with self.report.step("no log has a secret in it") as step:
            secrets = dotenv.values(self.deployment.env)
            containers = self.deployment.containers()
            for service, container in containers.items():
                log = self.shell.run("docker", "logs", container)
                shown = sorted(name for name, value in secrets.items() if value in log)
                expect(not shown, f"the log of {service} shows {', '.join(shown)}")
            step.note = f"{len(containers)} logs, {len(secrets)} values"

    def change_file(self) -> None:
        """Another blueprint, so that the body of a file differs and nothing else."""
        old, new = self.expectations.file
        with self.report.step("a changed file") as step:
            expect(not self.expectations.file_is_new(self.deployment), "the service had the new file from the beginning")
            self.deployment.edit(self.deployment.blueprint, old, new)
            self.deployment.render_again()
            self.deployment.secrets_init()
            step.note = f"{old} -> {new}"
        self.up("up after the change of the file")
        with self.report.step("the running service has the file"):
            expect(self.expectations.file_is_new(self.deployment), "it still has the old one")

    def change_secrets(self) -> None:
        """Other secrets while everything runs."""
        changed = sorted(self.expectations.changed)
        with self.report.step("changed secrets") as step:
            old = dotenv.values(self.deployment.env)
            dotenv.change(self.deployment.env, dict.fromkeys(changed, ALTERED))
            self.deployment.secrets_init()
            step.note = ", ".join(changed)
        self.up("up after the change of the secrets")
        self.refuse(old, changed)
        self.probe(" with the changed secrets")

    def refuse(self, old: dict[str, str], changed: list[str]) -> None:
        """Every changed secret has lost its old value."""
        with self.report.step("the old secrets are refused") as step:
            step.note = self.expectations.old_secrets_fail(self.deployment, {name: old[name] for name in changed})

    def stop_and_lose_env(self, with_bystander: Footprint) -> None:
        """Down and up again, with the data and without `.env`."""
        data, old = self.expectations.data(self.deployment), dotenv.values(self.deployment.env)
        volumes = self.deployment.volumes()
        with self.report.step("down leaves the volumes and nothing else") as step:
            self.deployment.down()
            Footprint.take(self.shell).without_images().expect(with_bystander.without_images().plus(volumes))
            step.note = ", ".join(sorted(volumes))
        with self.report.step("a new .env, with the passwords that the data was made with") as step:
            self.deployment.env.unlink()
            self.deployment.secrets_init()
            dotenv.change(self.deployment.env, {name: old[name] for name in self.expectations.kept})
            self.deployment.secrets_init()
            lost = sorted(name for name, value in dotenv.values(self.deployment.env).items() if old[name] != value)
            step.note = f"new: {', '.join(lost) or 'nothing'}"
        self.up("up with the data and the new .env")
        self.set_up_connections()
        with self.report.step("the data is still there") as step:
            step.note = data
            expect(self.expectations.data(self.deployment) == data, f"it was {data}, and is {self.expectations.data(self.deployment)}")
        if self.expectations.changed - self.expectations.kept:
            self.refuse(old, sorted(self.expectations.changed - self.expectations.kept))
        self.probe(" with the new .env")

    def remove(self, with_bystander: Footprint, before: Footprint) -> None:
        """Down with the volumes: nothing is left, and nothing that was there before is gone."""
        with self.report.step("down --volumes leaves nothing"):
            self.deployment.down("--volumes", "--yes")
            Footprint.take(self.shell).without_images().expect(with_bystander.without_images())
        with self.report.step("what is not of the platform is untouched"):
            self.bystander.expect_untouched()
        with self.report.step("the engine is as it was"):
            self.clean_up()
            Footprint.take(self.shell).expect(before)

    def look_closer(self) -> None:
        """Writes down what the containers say, for whoever reads the transcript of a failure."""
        with suppress(Failure, OSError):  # what failed is more important
            for service, container in self.deployment.containers().items():
                self.shell.note(f"== {service}")
                self.shell.attempt("docker", "inspect", "--format", "{{json .State}}", container)
                self.shell.attempt("docker", "logs", "--tail", "40", container)

    def clean_up(self) -> None:
        """Removes whatever is there, and takes the images' names back."""
        if (self.deployment.folder / "down.sh").exists():
            self.deployment.down("--volumes", "--yes")
            self.images.keep(self.deployment.built())
        self.bystander.remove()
        self.images.release()


def expect_equal(what: str, before: dict[str, str], now: dict[str, str]) -> None:
    """Fails with the names for which the two differ."""
    differing = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    expect(not differing, f"another {what} of {', '.join(differing)}")
