"""What was run, how long it took, what was real; as text and as JUnit. Complete after a failure, too."""

import time
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Step:
    """One thing that was tried."""

    name: str
    seconds: float = 0
    failure: str = ""
    note: str = ""


@dataclass
class Report:
    """The steps of one run, in order."""

    title: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    quiet: bool = False

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Times a step and writes down how it ended. What goes wrong is passed on."""
        step = Step(name)
        self.steps.append(step)
        started = time.monotonic()
        try:
            yield step
        except BaseException as error:
            step.failure = str(error) or type(error).__name__
            raise
        finally:
            step.seconds = time.monotonic() - started
            if not self.quiet:
                print(line(step), flush=True)

    def add(self, name: str, failure: Exception) -> None:
        """Writes down something that went wrong outside of every step."""
        with suppress(type(failure)), self.step(name):
            raise failure

    @property
    def failures(self) -> int:
        """How many steps failed."""
        return sum(bool(step.failure) for step in self.steps)

    @property
    def passed(self) -> bool:
        """Whether something was tried and nothing failed."""
        return bool(self.steps) and not self.failures

    @property
    def seconds(self) -> float:
        """The time of all steps together."""
        return sum(step.seconds for step in self.steps)

    def text(self) -> str:
        """The report for people."""
        width = max((len(name) for name, _ in self.facts), default=0)
        facts = [f"  {name:<{width}}  {value}" for name, value in self.facts]
        steps = [line(step) for step in self.steps]
        end = "everything holds" if self.passed else f"FAILED: {self.failures} of {len(self.steps)} steps"
        return "\n".join([f"== {self.title}", *facts, "", *steps, "", f"{end} ({self.seconds:.0f} s)"]) + "\n"

    def junit(self) -> xml.Element:
        """The report for machines, a test suite."""
        numbers = {"tests": str(len(self.steps)), "failures": str(self.failures), "time": f"{self.seconds:.3f}"}
        suite = xml.Element("testsuite", {"name": self.title, **numbers})
        properties = xml.SubElement(suite, "properties")
        for name, value in self.facts:
            xml.SubElement(properties, "property", {"name": name, "value": value})
        for step in self.steps:
            case = xml.SubElement(suite, "testcase", {"classname": self.title, "name": step.name, "time": f"{step.seconds:.3f}"})
            if step.failure:
                failure = xml.SubElement(case, "failure", {"message": printable(step.failure.split("\n")[0])})
                failure.text = printable(step.failure)
            if step.note:
                xml.SubElement(case, "system-out").text = printable(step.note)
        return suite


def line(step: Step) -> str:
    """A step as text: what failed is said in full below it."""
    said = f" ({step.note})" if step.note else ""
    failure = "".join(f"\n      {text}" for text in step.failure.split("\n")) if step.failure else ""
    return f"{'FAIL' if step.failure else 'ok':<4} {step.seconds:7.1f} s  {step.name}{said}{failure}"


def printable(text: str) -> str:
    """Without the control characters that XML has no way to write, such as those of coloured logs."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


def write(reports: list[Report], folder: Path) -> None:
    """Writes `report.txt` and `junit.xml`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.txt").write_text("\n".join(report.text() for report in reports))
    suites = xml.Element("testsuites")
    suites.extend(report.junit() for report in reports)
    xml.ElementTree(suites).write(folder / "junit.xml", encoding="unicode", xml_declaration=True)
