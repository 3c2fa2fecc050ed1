"""The programs of a Kubernetes node, from package registries alone: Kubernetes itself by Go, its engine from Debian."""

import os
from pathlib import Path

from .engine import CACHES, REPOSITORY
from .shell import Shell, expect

TOOLS = CACHES / "pipegen-tools"
KUBERNETES = "v1.34.4"
COREDNS = "v1.15.0"
PARTS = ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
PACKAGES = ("containerd", "runc", "containernetworking-plugins", "conntrack", "nftables", "libnftables1", "libjansson4", "libedit2",
            "libbsd0", "libmd0", "libseccomp2")  # fmt: skip
BUILD_SECONDS = 3600


class Programs:
    """Builds what is missing; the second time there is nothing to do."""

    def __init__(self, home: Path, shell: Shell) -> None:
        self.home = home
        self.shell = shell
        self.root = home / "root"
        self.built = home / "bin"
        go = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod -trimpath", "PATH": f"{os.environ['PATH']}:/usr/local/go/bin"}
        self.go = lambda *words, cwd: shell.run("go", *words, cwd=cwd, timeout=BUILD_SECONDS, **go)

    def provide(self) -> None:
        """All of them, or a Failure that says what could not be had."""
        expect(os.geteuid() == 0, "only root can start a node")
        self.built.mkdir(parents=True, exist_ok=True)
        self.shell.run(str(REPOSITORY / ".ci/tools.sh"), "etcd", "kubernetes", timeout=BUILD_SECONDS)
        self.packages()
        self.kubernetes()
        self.name_server()
        self.pause()

    def path(self) -> str:
        """Where a shell finds them; ours first."""
        folders = (self.built, TOOLS / "bin", self.root / "usr/sbin", self.root / "usr/bin", self.root / "sbin")
        return ":".join([*map(str, folders), os.environ["PATH"]])

    def libraries(self) -> str:
        """Where those of Debian find what they were linked with."""
        return ":".join(str(self.root / folder / "x86_64-linux-gnu") for folder in ("usr/lib", "lib"))

    def packages(self) -> None:
        """Unpacked and not installed: no maintainer script runs, and nothing starts by itself."""
        done = self.home / "unpacked"
        if done.exists():
            return
        packages = self.home / "packages"
        packages.mkdir(exist_ok=True)
        self.shell.run("apt-get", "update", "-qq")
        self.shell.run("apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", *PACKAGES, cwd=packages)
        for package in sorted(packages.glob("*.deb")):
            self.shell.run("dpkg", "-x", str(package), str(self.root))
        done.touch()

    def kubernetes(self) -> None:
        """The parts beside the API server, in the module that `.ci/tools.sh` has made for that."""
        missing = [part for part in PARTS if not (self.built / part).exists()]
        version = "k8s.io/component-base/version"
        minor = KUBERNETES.split(".")[1]
        stamp = f"-s -w -X {version}.gitVersion={KUBERNETES} -X {version}.gitMajor=1 -X {version}.gitMinor={minor}"
        if missing:
            packages = [f"k8s.io/kubernetes/cmd/{part}" for part in missing]
            self.go("build", "-ldflags", stamp, "-o", f"{self.built}/", *packages, cwd=TOOLS / f"src/kubernetes-{KUBERNETES}")

    def name_server(self) -> None:
        """CoreDNS with our choice of plugins."""
        program = self.built / "coredns"
        if program.exists():
            return
        source = self.home / "coredns"
        source.mkdir(exist_ok=True)
        (source / "main.go").write_text((REPOSITORY / "tests/live/node/coredns/main.go").read_text())
        if not (source / "go.mod").exists():
            self.go("mod", "init", "live.local/coredns", cwd=source)
        self.go("get", f"github.com/coredns/coredns@{COREDNS}", cwd=source)
        self.go("build", "-ldflags", "-s -w", "-o", str(program), ".", cwd=source)

    def pause(self) -> None:
        """The first process of every pod, from Kubernetes' own source."""
        program = self.built / "pause"
        if not program.exists():
            modules = self.shell.ask("go", "env", "GOMODCACHE", PATH=f"{os.environ['PATH']}:/usr/local/go/bin")
            source = f"{modules}/k8s.io/kubernetes@{KUBERNETES}/build/pause/linux/pause.c"
            self.shell.run("gcc", "-Os", "-static", "-DVERSION=live", "-o", str(program), source)
