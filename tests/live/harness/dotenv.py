"""The secrets of a deployment: the lines of the `.env` that `pipegen secrets init` makes."""

import re
from pathlib import Path

# Everything that has a meaning in a shell, a URL, JSON, YAML, SQL, Compose or Airflow's configuration; and no ASCII.
NASTY = "p@/:%#?\"'$\\ é"
LINE = re.compile(r'^([A-Z][A-Z0-9_]*)="(.*)"$', re.MULTILINE)


def quoted(value: str) -> str:
    """A value as it is written between double quotes."""
    return re.sub(r'([\\"$])', r"\\\1", value)


def values(env: Path) -> dict[str, str]:
    """The variables and their values."""
    return {name: re.sub(r'\\([\\"$])', r"\1", value) for name, value in LINE.findall(env.read_text())}


def change(env: Path, changes: dict[str, str]) -> None:
    """Gives variables new values, in place."""
    text = env.read_text()
    for name, value in changes.items():
        line = f'{name}="{quoted(value)}"'
        text, found = re.subn(rf'^{name}=".*"$', line.replace("\\", r"\\"), text, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"{env.name} has the variable {name} {found} times")
    env.write_text(text)
