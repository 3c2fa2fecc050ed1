"""Python packages for the programs that a test runs on the machine itself."""

import hashlib
import sys
from pathlib import Path

from .shell import Shell


def python_with(requirements: Path, home: Path, shell: Shell) -> str:
    """A Python that has these packages; kept for the next run."""
    wanted = requirements.read_bytes() + sys.version.encode()
    folder = home / "venv" / hashlib.sha256(wanted).hexdigest()[:16]
    done = folder / "done"
    if not done.exists():
        shell.run(sys.executable, "-m", "venv", "--clear", str(folder))
        shell.run(str(folder / "bin/pip"), "install", "--quiet", "--requirement", str(requirements))
        done.touch()
    return str(folder / "bin/python")
