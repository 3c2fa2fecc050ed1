"""What is a blueprint's own: which messages, which queries, which secrets. The run itself is the same for all."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from .deployment import Deployment

Work = tuple[str, Callable[[], str]]
"""A part of what the platform is for: its name, and a check that returns what it saw."""


@dataclass(frozen=True)
class Sabotage:
    """A fault that is put into a rendered file, and how the run must fail then."""

    name: str
    file: str
    service: str
    old: str
    new: str
    step: str
    """The step that fails."""
    says: str
    """A pattern in its message: where the fault is."""


class Expectations(ABC):
    """`tests/live/blueprints/<name>/expectations.py` has one of these, named `EXPECTATIONS`."""

    profiles: tuple[str, ...] = ()
    """What `up.sh` is asked to start beside the rest."""
    alone: dict[str, str] = {}
    """Compose files that cannot start before the others, and what the engine says then."""
    server: str
    """The service that is restarted."""
    kept: frozenset[str]
    """The secrets that stay when `.env` is lost: those that the data was made with."""
    changed: frozenset[str]
    """The secrets that are changed in `.env` while everything runs."""
    file: tuple[str, str]
    """A text of the blueprint and what takes its place, so that the body of a file changes."""
    sabotages: tuple[Sabotage, ...] = ()

    @abstractmethod
    def work(self, deployment: Deployment) -> list[Work]:
        """What the platform is for. It is done after every `up`."""

    @abstractmethod
    def data(self, deployment: Deployment) -> str:
        """A description of the data that must survive."""

    @abstractmethod
    def file_is_new(self, deployment: Deployment) -> bool:
        """Whether the running service has the file of the changed blueprint."""

    @abstractmethod
    def old_secrets_fail(self, deployment: Deployment, old: dict[str, str]) -> str:
        """Fails unless every changed secret is refused with its old value; returns by whom."""
