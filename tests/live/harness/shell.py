"""Runs commands: their output goes to a transcript, and a failure says how the output ended."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

TAIL_LINES = 40


class Failure(Exception):
    """Something that must hold does not; the message says what, and where."""


class Shell:
    """Runs commands in one environment and writes down what they say."""

    def __init__(self, transcript: Path) -> None:
        transcript.parent.mkdir(parents=True, exist_ok=True)
        self.transcript = transcript
        transcript.write_text("")
        self.environment = dict(os.environ)

    def note(self, text: str) -> None:
        """Adds text to the transcript."""
        with self.transcript.open("a") as file:
            file.write(text.rstrip("\n") + "\n")

    def attempt(self, *command: str, **options) -> tuple[int, str]:
        """Exit status and output, both streams in the order in which they were written. Options: see `call`."""
        status, output, _ = self.call(command, subprocess.STDOUT, **options)
        return status, output

    def run(self, *command: str, **options) -> str:
        """The output of a command that must succeed."""
        status, output = self.attempt(*command, **options)
        if status != 0:
            raise Failure(f"`{' '.join(command)}` ended with {status}:\n{tail(output)}")
        return output

    def ask(self, *command: str, **options) -> str:
        """The standard output alone, without the line break at its end, of a command that must succeed."""
        status, output, errors = self.call(command, subprocess.PIPE, **options)
        if status != 0:
            raise Failure(f"`{' '.join(command)}` ended with {status}:\n{tail(errors)}")
        return output.rstrip("\n")

    def call(
        self, command: tuple[str, ...], stderr: int, *, cwd: Path | None = None, stdin: str = "", timeout: float = 600, **variables: str
    ) -> tuple[int, str, str]:
        """Exit status, output and errors of a command with these variables, which may take so many seconds."""
        # Every argument may be in the transcript: values that are secret go through variables or standard input.
        self.note(f"$ {' '.join(command)}")
        started = time.monotonic()
        # A session of its own, so that a command that hangs is ended with all that it has started.
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=self.environment | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, errors = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            end_group(process)
            raise Failure(f"`{' '.join(command)}` did not end within {timeout:.0f} s:\n{tail(process.communicate()[0])}") from None
        except BaseException:
            end_group(process)
            raise
        errors = errors or ""
        self.note(f"{output}{errors}-- {process.returncode} after {time.monotonic() - started:.1f} s\n")
        return process.returncode, output, errors


def end_group(process: subprocess.Popen) -> None:
    """Ends a process and those that it started, the group that `start_new_session` made."""
    with suppress(ProcessLookupError):  # it had ended by itself
        os.killpg(process.pid, signal.SIGKILL)


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The end of a long text."""
    every = text.rstrip("\n").split("\n")
    return "\n".join((["..."] if len(every) > lines else []) + every[-lines:])


def expect(holds: bool, message: str) -> None:
    """Raises a Failure with this message unless it holds."""
    if not holds:
        raise Failure(message)


def until(holds: Callable[[], bool], seconds: float, message: Callable[[], str], pause: float = 1) -> None:
    """Waits until it holds; after so many seconds it is a Failure with what `message` then says."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise Failure(f"{message()} (waited {seconds:.0f} s)")
        time.sleep(pause)
