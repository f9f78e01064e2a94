"""Runs a program below us, so that a signal that should end us ends it in order first."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a program ended: its exit code, and whether we were told to stop meanwhile."""

    code: int
    stopped: bool


def run(
    words: Sequence[str], environ: Mapping[str, str], *, stop_with: signal.Signals, heard: Callable[[str], None] | None = None
) -> Ended:
    """Runs a program to its end. `heard` gets every line that it says; without it they go where ours go.

    It runs in a session of its own, out of reach of Ctrl-C, and when SIGTERM or SIGINT reaches us its whole group gets
    `stop_with`; then we go on waiting. How to stop is the program's business.
    """
    stopped = False
    said = subprocess.PIPE if heard else None
    process = subprocess.Popen(
        words,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=subprocess.STDOUT if heard else None,
        text=True,
        errors="replace",
        start_new_session=True,
    )

    def pass_on(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        del number, frame
        stopped = True
        with suppress(ProcessLookupError):
            os.killpg(process.pid, stop_with)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        for line in process.stdout or ():
            if heard:
                heard(line)
        return Ended(code=process.wait(), stopped=stopped)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
