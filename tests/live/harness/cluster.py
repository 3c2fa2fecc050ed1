"""A blueprint rendered for Kubernetes, and what its scripts and its pods can be told to do."""

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path

from .deployment import Deployment
from .shell import Failure, Shell, until


class ClusterDeployment(Deployment):
    """Asked as one on Docker is, so that both are held to the same expectations."""

    def __init__(self, name: str, home: Path, shell: Shell) -> None:
        super().__init__(name, home, shell)
        self.folder = self.work / "golden" / name / "kubernetes"
        self.env = self.folder / ".env"
        self.forwards = self.work / "forward.log"

    def render_again(self) -> None:
        self.pipegen("render", "--target", "kubernetes")

    def volume(self, claim: str, folder: str) -> None:
        """Stands for whoever provides a folder of this machine: `claim` is `namespace/name`, `folder` is beside the blueprint."""
        namespace, _, name = claim.partition("/")
        spec = {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadOnlyMany"],
            "storageClassName": "manual",
            "claimRef": {"namespace": namespace, "name": name},
            "hostPath": {"path": str(self.blueprint.parent / folder)},
        }
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
        self.shell.run("kubectl", "apply", "--filename", "-", stdin=json.dumps(volume))

    def install(self, profiles: tuple[str, ...], seconds: int = 600) -> str:
        """Brings everything into the cluster."""
        asked = [word for profile in profiles for word in ("--profile", profile)]
        return self.script("install.sh", *asked, "--timeout", str(seconds), timeout=2 * seconds)

    @contextmanager
    def forwarded(self):
        """The published endpoints are on this machine as long as this lasts."""
        with self.forwards.open("w") as output:
            quiet = {"stderr": subprocess.DEVNULL, "start_new_session": True}
            process = subprocess.Popen(["./forward.sh"], cwd=self.folder, env=self.shell.environment, stdout=output, **quiet)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)

    def published(self, service: str) -> str:
        until(lambda: service in self.addresses(), 20, lambda: f"forward.sh says nothing of {service}")
        return self.addresses()[service]

    def addresses(self) -> dict[str, str]:
        """What forward.sh has said so far; it says a line after the other."""
        lines = self.forwards.read_text().split("\n")[:-1]
        return {words[0]: words[1].removeprefix("http://") for words in map(str.split, lines)}

    def pods(self) -> dict[str, tuple[str, str]]:
        """Namespace and name of the pods that run, by workload."""
        label = r"{.metadata.labels.app\.kubernetes\.io/name}"
        form = f"{{range .items[*]}}{label} {{.metadata.namespace}} {{.metadata.name}}{{'\\n'}}{{end}}".replace("'", '"')
        words = ("--all-namespaces", "--selector", f"app.kubernetes.io/part-of={self.name}", "--field-selector", "status.phase=Running")
        lines = self.shell.ask("kubectl", "get", "pods", *words, "--output", f"jsonpath={form}").splitlines()
        return {workload: (namespace, pod) for workload, namespace, pod in map(str.split, lines)}

    def restarts(self) -> dict[str, int]:
        """How often the containers of each pod were started again."""
        pods = json.loads(self.shell.ask("kubectl", "get", "pods", "--all-namespaces", "--output", "json"))["items"]
        statuses = {pod["metadata"]["name"]: pod["status"].get("containerStatuses", []) for pod in pods}
        return {name: sum(status["restartCount"] for status in found) for name, found in statuses.items()}

    def container(self, service: str) -> str:
        return self.pod(service)[1]

    def pod(self, service: str) -> tuple[str, str]:
        """Namespace and name of the pod of a workload."""
        pods = self.pods()
        if service not in pods:
            raise Failure(f"{service} has no pod that runs")
        return pods[service]

    def execute(self, service: str, *command: str, stdin: str = "", **variables: str) -> str:
        # The values go in before the input of the command: an argument could be read by anybody.
        namespace, pod = self.pod(service)
        reads = "".join(f"IFS= read -r {name}; export {name}; " for name in variables)
        before = "".join(f"{value}\n" for value in variables.values())
        words = ("kubectl", "exec", "--stdin", "--namespace", namespace, pod, "--", "sh", "-c", f'{reads}exec "$@"', "sh")
        return self.shell.ask(*words, *command, stdin=before + stdin)

    def run_once(self, service: str, *command: str, **variables: str) -> None:
        self.execute(service, *command, **variables)

    def log(self, service: str, lines: int = 10) -> str:
        namespace, pod = self.pod(service)
        return self.shell.attempt("kubectl", "logs", "--namespace", namespace, pod, "--tail", str(lines))[1]
