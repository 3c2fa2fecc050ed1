"""A real Kubernetes node in namespaces of its own: API server, controllers, kubelet, containerd, kube-proxy and CoreDNS.

It has its own network, mounts and processes, and ends with the first of them. This machine reaches it by one interface, and it
has no way out: every image has to be brought to it.
"""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from . import image
from .engine import REPOSITORY
from .policies import CHAIN, Cluster
from .programs import Programs
from .shell import Shell, tail, until

ADDRESS, GATEWAY, PODS, SERVICES, NAMES = "10.89.0.2", "10.89.0.1", "10.244.0.0/16", "10.96.0.0/16", "10.96.0.10"
INTERFACE = "pipegen-live"
ETCD = "http://127.0.0.1:2379"
USERS = {"admin": "system:masters", "manager": "system:masters", "scheduler": "system:masters", "kubelet": "system:nodes", "proxy": ""}
CGROUPS = "pipegen-live"
# The kubelet wants these to have a certain value, and they are the whole machine's: it is shown the values, and the machine keeps its own.
SHOWN = {"vm/overcommit_memory": 1, "vm/panic_on_oom": 0, "kernel/panic": 10, "kernel/panic_on_oops": 1,
         "kernel/keys/root_maxkeys": 1_000_000, "kernel/keys/root_maxbytes": 25_000_000}  # fmt: skip


class Node:
    """One node, from nothing each time. `start` makes every `kubectl` of the shell talk to it."""

    def __init__(self, home: Path, shell: Shell) -> None:
        self.home = home
        self.shell = shell
        self.programs = Programs(home, shell)
        self.state = home / "state"
        self.logs = home / "logs"
        self.processes: list[subprocess.Popen] = []
        self.first = 0
        self.stopping = threading.Event()
        self.enforcer: threading.Thread | None = None

    # From outside.

    def start(self) -> str:
        """Starts everything, and waits until a pod has run; says what runs."""
        self.programs.provide()
        self.shell.run("rm", "-rf", str(self.state))
        self.logs.mkdir(parents=True, exist_ok=True)
        self.namespaces()
        self.certificates()
        self.control_plane()
        self.engine()
        self.kubelet()
        self.shell.run("kubectl", "apply", "-f", str(REPOSITORY / "tests/live/node/cluster.yaml"))
        self.shell.run("kubectl", "wait", "--for=condition=Ready", "node/node", "--timeout=180s")
        self.shell.run("kubectl", "--namespace", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=180s")
        form = "{.status.nodeInfo.kubeletVersion}, {.status.nodeInfo.containerRuntimeVersion}"
        return f"Kubernetes {self.shell.ask('kubectl', 'get', 'node', 'node', '--output', f'jsonpath={form}')}"

    def stop(self) -> None:
        """Ends the first process of the node, and with it all others."""
        self.stopping.set()
        if self.enforcer is not None:
            self.enforcer.join()
        if self.first:
            os.kill(self.first, signal.SIGKILL)
        for process in reversed(self.processes):
            process.terminate()
            process.wait(60)
        for folder in sorted(Path("/sys/fs/cgroup").glob(f"*/{CGROUPS}")):
            self.shell.attempt("find", str(folder), "-depth", "-type", "d", "-exec", "rmdir", "{}", "+")

    def bring(self, archive: Path) -> None:
        """Brings the images of an archive of `docker save` to it."""
        self.shell.run(*self.inside(), "ctr", "-n", "k8s.io", "images", "import", str(archive), **self.debian(), timeout=900)

    def enforce(self) -> None:
        """Keeps the rules of the packet filter as the policies have it, until the node stops."""
        for words in (("-N", CHAIN), ("-I", "FORWARD", "-j", CHAIN)):
            self.shell.run(*self.inside(), "iptables", "--wait", *words)
        self.enforcer = threading.Thread(target=self.keep_enforcing, daemon=True)
        self.enforcer.start()

    def keep_enforcing(self) -> None:
        question = ["kubectl", "get", "pods,namespaces,networkpolicies", "--all-namespaces", "--output", "json"]
        known = ""
        while not self.stopping.wait(1):
            # Once a second, so not for the transcript.
            answer = subprocess.run(question, env=self.shell.environment, capture_output=True, text=True, check=False)
            rules = Cluster(json.loads(answer.stdout)["items"]).rules() if answer.returncode == 0 else known
            if rules != known:
                self.shell.run(*self.inside(), "iptables-restore", "--noflush", "--wait", stdin=rules)
                known = rules

    # The parts, in the order in which they start.

    def namespaces(self) -> None:
        """The first process: it makes the mounts and the network, and then waits."""
        for controller in Path("/sys/fs/cgroup").iterdir():
            if controller.is_dir() and os.access(controller / "cgroup.procs", os.W_OK):
                (controller / CGROUPS).mkdir(exist_ok=True)
        self.state.mkdir(parents=True)
        for key, value in SHOWN.items():
            (self.state / key.replace("/", "_")).write_text(f"{value}\n")
        script = REPOSITORY / "tests/live/node/init.sh"
        words = ["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
        outer = self.launch("init", [*words, "sh", str(script), str(self.state), ADDRESS, GATEWAY, *SHOWN])
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        self.wait("its first process", lambda: children.read_text().strip() != "")
        self.first = int(children.read_text())
        pair = ("type", "veth", "peer", "name", "eth0", "netns", str(self.first))
        self.shell.run("ip", "link", "add", INTERFACE, *pair)
        self.shell.run("ip", "address", "add", f"{GATEWAY}/24", "dev", INTERFACE)
        self.shell.run("ip", "link", "set", INTERFACE, "up")
        self.wait("its network", (self.state / "ready").exists)

    def certificates(self) -> None:
        """An authority, a certificate that it signed for the API server, and a token for each user."""
        service = SERVICES.replace("0.0/16", "0.1")
        names = f"IP:{ADDRESS},IP:127.0.0.1,IP:{service},DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
        request = ("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-batch")
        self.make(*request, "-x509", "-days", "30", "-subj", "/CN=live", "-keyout", "ca.key", "-out", "ca.crt")
        for name, subject in (("api", "/CN=kube-apiserver"), ("client", "/O=system:masters/CN=kube-apiserver")):
            (self.state / "extensions").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n")
            self.make(*request, "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
            sign = ("openssl", "x509", "-req", "-days", "30", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial")
            self.make(*sign, "-in", f"{name}.csr", "-out", f"{name}.crt", "-extfile", "extensions")
        self.make("openssl", "genrsa", "-out", "accounts.key", "2048")
        named = {"kubelet": "system:node:node", "proxy": "system:kube-proxy"}
        rows = [f'{user},{named.get(user, user)},{user},"{group}"' for user, group in USERS.items()]
        (self.state / "tokens.csv").write_text("\n".join(rows) + "\n")
        for user in USERS:
            cluster = {"server": f"https://{ADDRESS}:6443", "certificate-authority": str(self.state / "ca.crt")}
            config = {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "live",
                "clusters": [{"name": "live", "cluster": cluster}],
                "contexts": [{"name": "live", "context": {"cluster": "live", "user": user}}],
                "users": [{"name": user, "user": {"token": user}}],
            }
            self.write(f"{user}.conf", config)

    def control_plane(self) -> None:
        """etcd, the API server, and those who act on what it has."""
        state = self.state
        urls = ("--listen-client-urls", ETCD, "--advertise-client-urls", ETCD)
        self.launch_inside("etcd", "--data-dir", f"{state}/etcd", *urls, "--unsafe-no-fsync")
        options = {
            "etcd-servers": ETCD,
            "secure-port": "6443",
            "bind-address": ADDRESS,
            "advertise-address": ADDRESS,
            "tls-cert-file": f"{state}/api.crt",
            "tls-private-key-file": f"{state}/api.key",
            "client-ca-file": f"{state}/ca.crt",
            "service-account-key-file": f"{state}/accounts.key",
            "service-account-signing-key-file": f"{state}/accounts.key",
            "service-account-issuer": "https://kubernetes.default.svc",
            "token-auth-file": f"{state}/tokens.csv",
            "authorization-mode": "Node,RBAC",
            "service-cluster-ip-range": SERVICES,
            "kubelet-client-certificate": f"{state}/client.crt",
            "kubelet-client-key": f"{state}/client.key",
            "kubelet-preferred-address-types": "InternalIP",
        }
        self.launch_inside("kube-apiserver", *flags(options))
        self.shell.environment |= {"KUBECONFIG": f"{state}/admin.conf", "PATH": self.programs.path()}
        self.wait("the API server", lambda: self.shell.attempt("kubectl", "get", "--raw", "/readyz")[0] == 0)
        manager = {
            "kubeconfig": f"{state}/manager.conf",
            "service-account-private-key-file": f"{state}/accounts.key",
            "root-ca-file": f"{state}/ca.crt",
            "allocate-node-cidrs": "true",
            "cluster-cidr": PODS,
            "service-cluster-ip-range": SERVICES,
            "enable-hostpath-provisioner": "true",
            "leader-elect": "false",
        }
        self.launch_inside("kube-controller-manager", *flags(manager))
        self.launch_inside("kube-scheduler", "--kubeconfig", f"{state}/scheduler.conf", "--leader-elect=false")

    def engine(self) -> None:
        """containerd, with what every pod needs."""
        plugin = '[plugins."io.containerd.grpc.v1.cri"'
        runc = f"{plugin}.containerd.runtimes.runc"
        config = f"""version = 2
root = "{self.state}/containerd"
state = "/run/containerd"
{plugin}]
  sandbox_image = "live.local/pause:live"
  restrict_oom_score_adj = true
{plugin}.cni]
  bin_dir = "{self.programs.root}/usr/lib/cni"
  conf_dir = "{self.state}/cni"
{runc}]
  runtime_type = "io.containerd.runc.v2"
{runc}.options]
  BinaryName = "{self.programs.root}/usr/sbin/runc"
"""
        (self.state / "containerd.toml").write_text(config)
        subnet = {"subnet": PODS.replace("/16", "/24")}
        ranges = {"type": "host-local", "dataDir": "/run/cni", "ranges": [[subnet]], "routes": [{"dst": "0.0.0.0/0"}]}
        (self.state / "cni").mkdir()
        self.write("cni/live.conflist", {"cniVersion": "0.4.0", "name": "live", "plugins": [{"type": "ptp", "ipam": ranges}]})
        self.launch_inside("containerd", "--config", f"{self.state}/containerd.toml")
        self.wait("containerd", lambda: self.shell.attempt(*self.inside(), "ctr", "version", **self.debian())[0] == 0)
        for program in ("pause", "coredns"):
            archive = self.state / f"{program}.tar"
            image.write(archive, f"live.local/{program}:live", self.programs.built / program)
            self.bring(archive)

    def kubelet(self) -> None:
        """The node itself, and the addresses of services."""
        kubelet = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": f"{self.state}/ca.crt"}},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{CGROUPS}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "enforceNodeAllocatable": [],
            "clusterDNS": [NAMES],
            "clusterDomain": "cluster.local",
            "resolvConf": f"{self.state}/resolv.conf",
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "podLogsDir": f"{self.state}/logs",
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        }
        self.write("kubelet.yaml", kubelet)
        files = ("--config", f"{self.state}/kubelet.yaml", "--kubeconfig", f"{self.state}/kubelet.conf")
        folder = ("--root-dir", f"{self.state}/kubelet")
        self.launch_inside("kubelet", *files, *folder, "--hostname-override", "node", "--node-ip", ADDRESS)
        proxy = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "clusterCIDR": PODS,
            "hostnameOverride": "node",
            "clientConnection": {"kubeconfig": f"{self.state}/proxy.conf"},
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        }
        self.write("proxy.yaml", proxy)
        self.launch_inside("kube-proxy", "--config", f"{self.state}/proxy.yaml")
        self.wait("the kubelet", lambda: self.shell.attempt("kubectl", "get", "node", "node")[0] == 0)

    # How they are started.

    def launch(self, name: str, words: list[str], **variables: str) -> subprocess.Popen:
        """Starts something that runs until the node stops."""
        with (self.logs / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                words, env=self.shell.environment | variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def launch_inside(self, program: str, *words: str) -> None:
        """Starts one of the node's programs in it."""
        self.launch(program, [*self.inside(), "--pid", "--", program, *words], **self.debian())

    def inside(self) -> list[str]:
        """What goes before a command that shall see the node's network and files."""
        return ["nsenter", "--target", str(self.first), "--net", "--mount"]

    def debian(self) -> dict[str, str]:
        """For the programs of Debian's packages."""
        return {"PATH": self.programs.path(), "LD_LIBRARY_PATH": self.programs.libraries()}

    def wait(self, what: str, holds: Callable[[], bool]) -> None:
        """Waits for a part of the node; the end of the logs says why one does not come."""

        def message() -> str:
            logs = (f"{log.name}:\n{tail(log.read_text(), 5)}" for log in sorted(self.logs.glob("*.log")))
            return f"{what} did not start\n" + "\n".join(logs)

        until(holds, 90, message, pause=0.3)

    def make(self, *command: str) -> None:
        """Runs a command among the node's files."""
        self.shell.run(*command, cwd=self.state)

    def write(self, name: str, content: dict) -> None:
        """Every reader of YAML reads JSON."""
        (self.state / name).write_text(json.dumps(content, indent=1) + "\n")


def flags(options: dict[str, str]) -> list[str]:
    """As the programs of Kubernetes want them."""
    return [f"--{name}={value}" for name, value in options.items()]
