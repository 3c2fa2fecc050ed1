#!/usr/bin/env -S python3 -B
"""Brings rendered blueprints up on a real Docker engine, and checks that they do what they say.

Needs Linux, root (unless a Docker engine answers already), Python 3.11, Rust, Go and the package registries; nothing else.
Everything that it makes is kept in one folder, $PIPEGEN_LIVE (~/.cache/pipegen-live), for the next run; delete it when
no engine of it runs.
"""

import argparse
import fcntl
import importlib
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

from harness import report, sabotage
from harness.deployment import Deployment
from harness.engine import CACHES, Engine
from harness.expectations import Expectations
from harness.images import Images
from harness.report import Report
from harness.scenario import Scenario
from harness.shell import Failure, Shell

HERE = Path(__file__).resolve().parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = sorted(path.parent.name for path in HERE.glob("blueprints/*/expectations.py"))
    parser.add_argument("blueprints", nargs="*", metavar="BLUEPRINT", help=f"which to run: {', '.join(known)} (all)")
    parser.add_argument("--sabotage", action="store_true", help="put faults into the rendered files; each must be found")
    parser.add_argument("--keep-engine", action="store_true", help="do not stop the engine: the next run starts faster")
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="where report.txt and junit.xml go ($PIPEGEN_LIVE/report)")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.blueprints) - set(known))
    if unknown:
        parser.error(f"no expectations for {', '.join(unknown)}; there are: {', '.join(known)}")
    chosen.blueprints = chosen.blueprints or known
    return chosen


def expectations(name: str) -> Expectations:
    return importlib.import_module(f"blueprints.{name}.expectations").EXPECTATIONS


def run(chosen: argparse.Namespace, home: Path, reports: list[Report]) -> None:
    """Starts the engine, runs every blueprint on it, and stops it."""
    shell = Shell(home / "transcript.log")
    engine = Engine(home / "engine", shell)
    reports.append(Report("engine"))
    try:
        with reports[0].step("start the engine") as step:
            step.note = engine.start()
        for name in chosen.blueprints:
            kind = sabotage.Sabotages if chosen.sabotage else Scenario
            reports.append(Report(f"{name}, sabotaged" if chosen.sabotage else name, [("engine", step.note)]))
            print(f"\n== {reports[-1].title}", flush=True)
            try:
                kind(Deployment(name, home, shell), expectations(name), Images(home / "images", shell), reports[-1]).run()
            except Failure as failure:
                if reports[-1].passed:
                    reports[-1].add("outside of the steps", failure)
    finally:
        if not chosen.keep_engine:
            with reports[0].step("leave the engine as it was found"):
                engine.stop()


@contextmanager
def alone(home: Path):
    """Two runs at once would change each other's engine, ports and images."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"another live run has {home}")
        yield


def interrupt(number: int, _frame) -> None:
    """A signal ends the run as an exception does, so that everything is cleaned up."""
    raise KeyboardInterrupt(f"signal {number}")


def main() -> int:
    chosen = arguments()
    home = Path(os.environ.get("PIPEGEN_LIVE") or CACHES / "pipegen-live")
    folder = chosen.report or home / "report"
    signal.signal(signal.SIGTERM, interrupt)
    reports: list[Report] = []
    with alone(home):
        try:
            run(chosen, home, reports)
        except (Failure, KeyboardInterrupt) as end:
            print(f"live: {end}", file=sys.stderr)
        finally:
            report.write(reports, folder)
    passed = len(reports) == 1 + len(chosen.blueprints) and all(each.passed for each in reports)
    print(f"\nlive: {'everything holds' if passed else 'FAILED'}; see {folder}/report.txt and {home}/transcript.log")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
