"""`python -m bench.below`: runs commands below the local target, side by side, and says in JSON what they took.

So what a command takes can be told from what the local target's own start takes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from bench.measure import api

LOOK_SECONDS = 0.1
PROC = Path("/proc")
MIB = 1024  # KiB, in which Linux counts


def main() -> int:
    """Runs the commands of the first argument, a list of lists of words in JSON; with a second one their memory is watched."""
    commands: Sequence[Sequence[str]] = json.loads(sys.argv[1])
    api("DELETE", "/_local/requests")
    began = time.monotonic()
    running = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for words in commands]
    peak = _peak(running) if sys.argv[2:] else None
    codes = [process.wait() for process in running]
    seconds = time.monotonic() - began
    print(json.dumps({"seconds": seconds, "peak": peak, "methods": api("GET", "/_local/requests")["methods"]}))
    return max(codes)


def _peak(running: Sequence[subprocess.Popen[bytes]]) -> float | None:
    """MiB that these processes and all below them have together at most, what they share counted once; None where nobody says.
    https://docs.kernel.org/filesystems/proc.html has Pss."""
    if not (PROC / "self" / "smaps_rollup").exists():
        return None
    peak = 0.0
    while any(process.poll() is None for process in running):
        peak = max(peak, sum(map(_pss, _below([process.pid for process in running]))))
        time.sleep(LOOK_SECONDS)
    return peak


def _below(roots: Iterable[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, pending = [], [*roots]
    while pending:
        found.append(pid := pending.pop())
        pending += children.get(pid, [])
    return found


def _pss(pid: int) -> float:
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / MIB
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
