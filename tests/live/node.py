#!/usr/bin/env -S python3 -B
"""Brings the capstone up on a real Kubernetes node with the generated scripts, and checks that it does what it says.

Needs Linux, root, Python 3.11, Rust, Go, gcc, openssl, iptables and the package registries; the first run builds a Kubernetes, which
takes a quarter of an hour. Everything is kept in $PIPEGEN_LIVE (~/.cache/pipegen-live). Not there: a registry of images (they are
made as those of run.py are), and a network plugin (harness/policies.py stands for one).
"""

import os
import signal
import sys
from pathlib import Path

from harness import report
from harness.cluster import ClusterDeployment
from harness.deployment import Deployment
from harness.engine import CACHES, Engine
from harness.images import Images
from harness.node import Node
from harness.report import Report
from harness.shell import Failure, Shell, expect, until
from run import alone, expectations, interrupt

NAME = "capstone"
FOLDERS = {"capstone-airflow/capstone-dags": "capstone/dags"}


def images(home: Path, shell: Shell) -> Path:
    """The images as `docker save` writes them, made where they are missing; no engine is left running."""
    archive = home / "node" / f"{NAME}.tar"
    archive.parent.mkdir(exist_ok=True)
    engine, made = Engine(home / "engine", shell), Images(home / "images", shell)
    before = dict(shell.environment)
    engine.start()
    try:
        compose = Deployment(NAME, home, shell)
        compose.render()
        compose.secrets_init()
        made.provide(compose.images())
        compose.build()
        shell.run("docker", "save", "--output", str(archive), *sorted(compose.images() | compose.built()), timeout=1200)
        made.keep(compose.built())
        made.release()
    finally:
        engine.stop()
        shell.environment = before
    return archive


class Run:
    """The steps of one run."""

    def __init__(self, home: Path, shell: Shell, steps: Report) -> None:
        self.shell = shell
        self.steps = steps
        self.home = home
        self.node = Node(home / "node", shell)
        self.deployment = ClusterDeployment(NAME, home, shell)
        self.expectations = expectations(NAME)

    def whole(self) -> None:
        """From nothing to nothing."""
        with self.steps.step("images"):
            archive = images(self.home, self.shell)
        try:
            self.start(archive)
            self.install()
            self.work()
            self.verify()
            self.remove()
        finally:
            with self.steps.step("stop the node"):
                self.node.stop()

    def start(self, archive: Path) -> None:
        """A node that has the images."""
        with self.steps.step("start the node") as step:
            step.note = self.node.start()
        with self.steps.step("bring the images to it"):
            self.node.bring(archive)

    def install(self) -> None:
        """From nothing, and then again, which must change nothing."""
        with self.steps.step("render"):
            self.deployment.render()
            self.deployment.secrets_init()
        for claim, folder in FOLDERS.items():
            self.deployment.volume(claim, folder)
        with self.steps.step("verify-network.sh sees that nothing enforces policies"):
            self.deployment.install(self.expectations.profiles)
            status, said = self.shell.attempt("./verify-network.sh", cwd=self.deployment.folder)
            expect(status == 1 and "Nothing was stopped" in said, said)
            self.deployment.script("verify-network.sh", "--allow-only")
        self.node.enforce()
        with self.steps.step("install.sh again") as step:
            before = self.deployment.pods()
            self.deployment.install(self.expectations.profiles)
            expect(self.deployment.pods() == before, "it made other pods")
            step.note = f"the same {len(before)} pods"

    def work(self) -> None:
        """What the platform is for, through the forwarded ports."""
        with self.deployment.forwarded():
            for name, check in self.expectations.work(self.deployment):
                with self.steps.step(name) as step:
                    step.note = check()

    def verify(self) -> None:
        """Who reaches whom, and that all of this made no container start again."""
        with self.steps.step("verify-network.sh") as step:
            step.note = self.deployment.script("verify-network.sh").splitlines()[-1]
        with self.steps.step("nothing was started again") as step:
            restarts = self.deployment.restarts()
            again = {pod: count for pod, count in restarts.items() if count}
            expect(not again, f"{again}")
            step.note = f"{len(restarts)} pods"

    def remove(self) -> None:
        """Nothing stays but what was there before."""
        with self.steps.step("uninstall.sh --storage"):
            self.deployment.script("uninstall.sh", "--storage", "--yes")
            spaces = ("kubectl", "get", "namespaces", "--selector", f"app.kubernetes.io/part-of={NAME}", "--output", "name")
            until(lambda: self.shell.ask(*spaces) == "", 60, lambda: "a namespace stays")


def main() -> int:
    home = Path(os.environ.get("PIPEGEN_LIVE") or CACHES / "pipegen-live")
    signal.signal(signal.SIGTERM, interrupt)
    steps = Report(f"{NAME} on Kubernetes")
    with alone(home):
        try:
            Run(home, Shell(home / "node.log"), steps).whole()
        except (Failure, KeyboardInterrupt) as end:
            print(f"node: {end}", file=sys.stderr)
        finally:
            report.write([steps], home / "report-node")
    return 0 if steps.passed else 1


if __name__ == "__main__":
    sys.exit(main())
