"""Runs a program below us, so that a signal that should end us ends it in order first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals that should end us: of a machine that goes down, of a person, of a terminal that is closed."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a program ended: its exit code, and whether we were told to stop meanwhile."""

    code: int
    stopped: bool


def run(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    stop_with: signal.Signals,
    heard: Callable[[str], None] | None = None,
    waiting: str = "",
) -> Ended:
    """Runs a program to its end. `heard` gets every line that it says; without it they go where ours go. `waiting` is what the
    first signal has us say, on the standard error: what is waited for.

    It runs in a session of its own, out of reach of Ctrl-C. When SIGTERM, SIGINT or SIGHUP reaches us its whole group gets
    `stop_with`; then we go on waiting. How to stop is the program's business. What `heard` raises, as when nobody reads us any
    more, is raised after the end: a program whose reader goes away dies in the middle of what it does.
    """
    stopped, process = False, None

    def pass_on(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        del number, frame
        if not stopped:
            _say(waiting)
        stopped = True
        _stop(process, stop_with)

    before = {number: signal.signal(number, pass_on) for number in STOPPING}
    try:
        process = subprocess.Popen(
            words,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if heard else None,
            stderr=subprocess.STDOUT if heard else None,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        if stopped:  # before it could be told
            _stop(process, stop_with)
        failure = _listen(process, heard) if heard else None
        code = process.wait()
        if failure is not None:
            raise failure
        return Ended(code=code, stopped=stopped)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    """Writes at once: a handler may run in the middle of a write to Python's own streams, which they refuse."""
    clear = "\r\x1b[K" if text and sys.stderr.isatty() else ""
    with suppress(OSError):
        os.write(2, f"{clear}{text}".encode())


def _stop(process: subprocess.Popen[str] | None, stop_with: signal.Signals) -> None:
    if process is not None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, stop_with)


def _listen(process: subprocess.Popen[str], heard: Callable[[str], None]) -> Exception | None:
    """Passes on every line until `heard` raises, and reads the rest; what it raised."""
    failure: Exception | None = None
    for line in process.stdout or ():
        if failure is None:
            try:
                heard(line)
            except Exception as error:
                failure = error
    return failure
