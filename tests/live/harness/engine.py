"""A Docker engine and Compose: the machine's own, else one of Debian's packages that is started here and stopped again."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .shell import Failure, Shell, expect, tail, until

REPOSITORY = Path(__file__).resolve().parents[3]
CACHES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
# Debian 13's engine runs on Debian 12. Debian 12's own (20.10) runs, too, but takes no notice of `start_interval`.
FROM_TRIXIE = ("docker.io", "docker-cli", "containerd")
# These two of Debian 13 need a newer C library than Debian 12 has.
FROM_THIS_RELEASE = ("runc", "tini")
PROGRAMS = ("iptables", "debootstrap")
START_SECONDS = 60


class Engine:
    """The engine that a run uses. `start` makes every `docker` of the shell talk to it."""

    def __init__(self, home: Path, shell: Shell) -> None:
        self.home = home
        self.shell = shell
        self.socket = f"unix://{home}/run/docker.sock"
        self.pid = home / "run/docker.pid"
        # What the machine's network was before: the engine adds chains to the packet filter, and forbids forwarding.
        self.packet_filter = home / "run/packet-filter"
        self.forwarding = home / "run/forwarding"

    def start(self) -> str:
        """Makes an engine answer, and says which one it is."""
        host = self.configured()
        if self.answers(host):
            whose = "the machine's own"
            self.use(host)
        else:
            whose = "of Debian's packages"
            self.install()
            self.use(self.socket)
            if not self.answers(self.socket):
                self.launch()
        self.install_compose()
        version = self.shell.ask("docker", "version", "--format", "{{.Server.Version}}")
        compose = self.shell.ask("docker", "compose", "version", "--short")
        return f"Docker {version} ({whose}), Compose {compose}"

    def configured(self) -> str:
        """The address that `docker` would use; none where there is no such program."""
        if not has("docker"):
            return ""
        return self.shell.ask("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")

    def use(self, host: str) -> None:
        """Turns the shell to the engine at this address, with a configuration of our own: only that has our Compose."""
        path = f"{self.home}/root/usr/bin:{self.home}/root/usr/sbin:{os.environ['PATH']}"
        # Debian's client of BuildKit is too old for Compose: images are built by the engine's classic builder.
        builder = {"DOCKER_BUILDKIT": "0"}
        self.shell.environment |= builder | {"DOCKER_HOST": host, "DOCKER_CONFIG": str(self.home / "config"), "PATH": path}

    def answers(self, host: str) -> bool:
        """Whether there is an engine at this address."""
        return host != "" and self.shell.attempt("docker", "version", DOCKER_HOST=host)[0] == 0

    def install(self) -> None:
        """Unpacks the engine's packages: no maintainer script runs, and nothing starts by itself."""
        done = self.home / "installed"
        if done.exists() and all(map(has, PROGRAMS)):
            return
        expect(os.geteuid() == 0, "no Docker engine answers, and only root can start one")
        self.shell.run("apt-get", "update", "-qq")
        missing = [program for program in PROGRAMS if not has(program)]
        if missing:
            self.shell.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, DEBIAN_FRONTEND="noninteractive")
        packages = self.home / "packages"
        shutil.rmtree(packages, ignore_errors=True)
        packages.mkdir(parents=True)
        trixie = self.trixie()
        self.shell.run("apt-get", *trixie, "update", "-qq")
        self.shell.run("apt-get", *trixie, "download", "-qq", *FROM_TRIXIE, cwd=packages)
        self.shell.run("apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", *FROM_THIS_RELEASE, cwd=packages)
        for package in sorted(packages.glob("*.deb")):
            self.shell.run("dpkg", "-x", str(package), str(self.home / "root"))
        done.touch()

    def trixie(self) -> list[str]:
        """Options that make apt see Debian 13 and nothing else, in folders of their own."""
        folder = self.home / "trixie"
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        mirror = debian_mirror(self.shell)
        (folder / "sources.list").write_text(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} trixie main\n")
        settings = {
            "Dir::Etc::SourceList": folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State::Lists": folder / "lists",
            "Dir::Cache": folder / "cache",
            "APT::Sandbox::User": "root",
        }
        return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]

    def install_compose(self) -> None:
        """Takes the Compose that the other checks use, built from its Go module."""
        self.shell.run(str(REPOSITORY / ".ci/tools.sh"), "compose", timeout=1200)
        plugin = self.home / "config/cli-plugins/docker-compose"
        plugin.parent.mkdir(parents=True, exist_ok=True)
        plugin.unlink(missing_ok=True)
        plugin.symlink_to(CACHES / "pipegen-tools/bin/docker-compose")

    def launch(self) -> None:
        """Starts the engine, and waits until it answers."""
        (self.home / "run").mkdir(parents=True, exist_ok=True)
        self.pid.unlink(missing_ok=True)  # one that was killed leaves it behind
        self.packet_filter.write_text(self.shell.ask("iptables-save") + "\n")
        self.forwarding.write_text(FORWARDING.read_text())
        log = self.home / "run/dockerd.log"
        places = ("--data-root", self.home / "data", "--exec-root", self.home / "run/exec", "--pidfile", self.pid)
        with log.open("w") as output:
            process = subprocess.Popen(
                ["dockerd", "--host", self.socket, *map(str, places)],
                env=self.shell.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # an interrupt from the keyboard is for us: the engine ends after the cleaning up
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers(self.socket):
            if process.poll() is not None or time.monotonic() > deadline:
                process.terminate()
                raise Failure(f"the Docker engine did not start:\n{tail(log.read_text())}")
            time.sleep(0.3)

    def stop(self) -> None:
        """Stops the engine if it is one of ours, also of an earlier run, and undoes what it did to the machine's network."""
        if not self.pid.exists() or not self.answers(self.socket):
            return  # a process identity that an engine left behind may be another program's by now
        os.kill(int(self.pid.read_text()), signal.SIGTERM)
        until(lambda: not self.pid.exists(), START_SECONDS, lambda: "the Docker engine does not stop", pause=0.2)
        self.shell.run("iptables-restore", stdin=self.packet_filter.read_text())
        FORWARDING.write_text(self.forwarding.read_text())
        if has("ip"):
            self.shell.attempt("ip", "link", "delete", "docker0")


def has(program: str) -> bool:
    """Whether a program of this name can be called."""
    return shutil.which(program) is not None


def debian_mirror(shell: Shell) -> str:
    """Where this machine gets its own Debian from."""
    targets = shell.ask("apt-get", "indextargets", "--format", "$(ORIGIN) $(SITE)", "Created-By: Packages").splitlines()
    sites = [site for origin, _, site in (target.partition(" ") for target in targets) if origin == "Debian"]
    expect(bool(sites), "apt knows no Debian mirror: the engine and the images need Debian's packages")
    return sites[0]
