"""Ends what a killed `local run` leaves: its cloud is gone, and Terraform would ask for its state for ever, deaf to SIGTERM.

Terraform's gcs backend tries again after each refused connection, without an end and in a context that no signal cancels
(https://github.com/hashicorp/terraform/blob/v1.11.4/internal/backend/remote-state/gcs/client.go). So a process of its own waits
for the end of `local run`, and then ends everything that was started with that run's mark in its environment, in whichever
session. The mark has the owner's process beside the address: who merely uses that address, or a later run on the same port, is
left alone. It looks in /proc, which Linux has; elsewhere nobody watches.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

GRACE_SECONDS = 5.0
"""Between TERM and KILL: nothing can be saved any more."""
_POLL_SECONDS = 0.05
VARIABLE = "INTERLOCK_LOCAL_RUN"
"""Of the mark."""
_IN_ORDER = b"in order"


def mark(pid: int, url: str) -> str:
    """The mark of the run of the owner `pid`, whose emulator is at `url`."""
    return f"{pid}@{url}"


@contextmanager
def watched(run: str) -> Iterator[frozenset[int]]:
    """Have a process watch over this one while the block lasts; its id, if there is one. `run` is the mark."""
    if not Path("/proc/self/environ").exists():
        yield frozenset()
        return
    process = subprocess.Popen([sys.executable, "-I", "-S", __file__, run], stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield frozenset({process.pid})
    finally:
        process.communicate(_IN_ORDER)


def _end(run: str) -> None:
    """End whatever has the mark."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + GRACE_SECONDS
        told: set[int] = set()
        while left := _marked(run):
            for pid in left - told:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            told |= left
            if time.monotonic() > end:
                break
            time.sleep(_POLL_SECONDS)


def _marked(run: str) -> set[int]:
    """The processes with the mark in their environment; a zombie has none."""
    wanted, found = f"{VARIABLE}={run}".encode(), set()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # another user's, or one that has ended
            if wanted in environ.read_bytes().split(b"\0"):
                found.add(int(environ.parent.name))
    return found - {os.getpid()}


def main(run: str) -> int:
    """Wait until nobody holds the other end of the standard input; what came through it says whether that is in order."""
    if sys.stdin.buffer.read() == _IN_ORDER:
        return 0
    if _marked(run):
        print("local run was killed: ending what it ran, whose cloud is gone", file=sys.stderr, flush=True)
    _end(run)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
