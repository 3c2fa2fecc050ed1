"""Reads what the generated `verify-network.sh` says."""

import re
from collections import Counter

from .shell import expect

PROBE = re.compile(r"^(ok|FAIL|skip)\s+(?:(allow|deny)\s+)?(.*)$", re.MULTILINE)
SUMMARY = re.compile(r"^(\d+) ok, (\d+) failed, (\d+) skipped$", re.MULTILINE)


def judge(output: str) -> str:
    """Fails unless every kind of probe was made and each one held; returns how many there were, and what was skipped."""
    probes = PROBE.findall(output)
    failed = [line for line in output.splitlines() if line.startswith("FAIL")]
    expect(not failed, "verify-network.sh:\n" + "\n".join(failed))
    held = Counter((kind, "host" if what.startswith("host") else "inside") for verdict, kind, what in probes if verdict == "ok")
    for kind in ("allow", "deny"):
        for place in ("inside", "host"):
            expect(held[kind, place] > 0, f"verify-network.sh made no probe of the kind {kind} from {place}")
    summary = SUMMARY.search(output)
    expect(summary is not None and int(summary[1]) == held.total() and summary[2] == "0", "verify-network.sh miscounted its probes")
    skipped = [what for verdict, _, what in probes if verdict == "skip"]
    counts = ", ".join(f"{count} {kind} from {place}" for (kind, place), count in sorted(held.items()))
    return f"{counts}; skipped: {', '.join(skipped) or 'none'}"
