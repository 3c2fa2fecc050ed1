"""Faults in the rendered files: each must make the run fail, in the step and with the message that say where it is."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from . import dotenv
from .deployment import Deployment
from .expectations import Expectations, Sabotage
from .footprint import Footprint
from .images import Images
from .report import Report
from .scenario import Scenario
from .shell import Failure, expect


class Sabotages:
    """All faults of one blueprint."""

    def __init__(self, deployment: Deployment, expectations: Expectations, images: Images, report: Report) -> None:
        self.deployment = deployment
        self.shell = deployment.shell
        self.expectations = expectations
        self.images = images
        self.report = report
        self.scenario = Scenario(deployment, expectations, images, report)

    def run(self) -> None:
        """One after the other; one that is not found does not hide the next."""
        try:
            self.scenario.prepare()
            self.sound = self.deployment.folder.with_name("sound")
            shutil.copytree(self.deployment.folder, self.sound)
            self.check("an unset secret", self.unset_secret)
            self.check("an unset secret, without up.sh", self.unset_secret_by_hand)
            for sabotage in self.expectations.sabotages:
                self.check(sabotage.name, lambda sabotage=sabotage: self.sabotage(sabotage))
        finally:
            self.scenario.clean_up()

    def check(self, name: str, find: Callable[[], str]) -> None:
        """Puts a fault into a fresh copy; the note is what was said of it."""
        shutil.rmtree(self.deployment.folder)
        shutil.copytree(self.sound, self.deployment.folder)
        try:
            with self.report.step(name) as step:
                step.note = find()
        except Failure:
            pass  # it is in the report, and the next fault is independent of it

    def unset_secret(self) -> str:
        """`up.sh` refuses before anything starts."""
        before = Footprint.take(self.shell)
        name = min(dotenv.values(self.deployment.env))
        dotenv.change(self.deployment.env, {name: ""})
        status, output = self.shell.attempt("./up.sh", cwd=self.deployment.folder)
        expect(status != 0, f"up.sh started everything without {name}")
        expect("run: pipegen secrets init" in output, f"up.sh does not say what to run:\n{output}")
        Footprint.take(self.shell).expect(before)
        return output.strip()

    def unset_secret_by_hand(self) -> str:
        """So does Compose, for every file, and it names the variable."""
        before = Footprint.take(self.shell)
        for file in self.deployment.files():
            name = re.findall(r"\$\{(\w+):\?", (self.deployment.folder / file).read_text())[0]
            compose = ("docker", "compose", "--env-file", "/dev/null", "-f", file)
            status, output = self.shell.attempt(*compose, "up", "--detach", cwd=self.deployment.folder)
            expect(status != 0, f"Compose started {file} without any secret")
            expect(f"required variable {name} is missing" in output, f"Compose does not name {name}:\n{output}")
            Footprint.take(self.shell).expect(before)
        return output.strip().split("\n")[-1]

    def sabotage(self, sabotage: Sabotage) -> str:
        """The run as far as it comes, which must be the right step."""
        edit_service(self.deployment.folder, sabotage)
        tried = Report("with the fault", quiet=True)
        scenario = Scenario(self.deployment, self.expectations, self.images, tried)
        try:
            scenario.up("up")
            scenario.probe()
        except Failure as failure:
            return found(sabotage, tried.steps[-1].name, str(failure))
        finally:
            self.deployment.down("--volumes", "--yes")
        raise Failure("the run went through as if nothing were wrong")


def found(sabotage: Sabotage, step: str, message: str) -> str:
    """What was said, provided that it was said in the right step and says where."""
    expect(step == sabotage.step, f"it failed in the step {step}, not in {sabotage.step}:\n{message}")
    said = re.search(sabotage.says, message)
    expect(said is not None, f"the step {step} failed without saying {sabotage.says!r}:\n{message}")
    return f"{step}: {said[0]}"


def edit_service(folder: Path, sabotage: Sabotage) -> None:
    """Changes one place in the lines of one service."""
    file = folder / sabotage.file
    text = file.read_text()
    block = re.search(rf"^  {sabotage.service}:\n(?:    .*\n|\n)+", text, re.MULTILINE)
    expect(block is not None, f"{sabotage.file} has no service {sabotage.service}")
    expect(block[0].count(sabotage.old) == 1, f"{sabotage.service} has {sabotage.old!r} {block[0].count(sabotage.old)} times")
    file.write_text(text[: block.start()] + block[0].replace(sabotage.old, sabotage.new) + text[block.end() :])
