"""Runs programs below us, one or several side by side, so that a signal that should end us ends it in order first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TypeVar

import click

T = TypeVar("T")
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals that should end us: of a machine that goes down, of a person, of a terminal that is closed."""
NOT_BEGUN = 130
"""The code of a program that was not begun any more: a shell's, of one that Ctrl-C has ended."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a program ended: its exit code, and whether we were told to stop meanwhile."""

    code: int
    stopped: bool


@dataclass(kw_only=True)
class _Below:
    """The programs that run below us, and whether we were told to stop. Threads may start one at the same time."""

    stopped: bool = False
    running: dict[subprocess.Popen[str], tuple[signal.Signals, str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)  # a handler may run where it is held

    def stop(self) -> None:
        """Tells them, and who waits what for: the first time only."""
        with self.lock:
            first, self.stopped = not self.stopped, True
            found = [*self.running.items()]
        for text in dict.fromkeys(waiting for _, (_, waiting) in found) if first else ():
            _say(text)
        for process, (number, _) in found:
            _stop(process, number)

    def start(self, process: subprocess.Popen[str], stop_with: signal.Signals, waiting: str) -> None:
        """One more; told at once where we were before."""
        with self.lock:
            self.running[process] = (stop_with, waiting)
            late = self.stopped
        if late:
            _say(waiting)
            _stop(process, stop_with)

    def end(self, process: subprocess.Popen[str]) -> None:
        """One less."""
        with self.lock:
            del self.running[process]


_below: _Below | None = None


@contextmanager
def _heeding() -> Iterator[_Below]:
    """What should end us meanwhile ends in order what runs below us. To be entered in the main thread."""
    global _below
    if _below is not None:
        yield _below
        return
    below = _below = _Below()
    before = {number: signal.signal(number, lambda *_: below.stop()) for number in STOPPING}
    try:
        yield below
    finally:
        _below = None
        for number, handler in before.items():
            signal.signal(number, handler)


def side_by_side(works: Sequence[Callable[[], T]], at_once: int) -> list[T]:
    """What each of `works` returns, in their order; `at_once` of them run at the same time, in threads. Those that are to come
    are not begun once we were told to stop, and what is raised is that of the first that fails; both when all have ended."""
    context = click.get_current_context(silent=True)

    def in_our_context(work: Callable[[], T]) -> T:
        with context.scope(cleanup=False) if context else nullcontext():
            return work()

    with _heeding(), ThreadPoolExecutor(at_once) as pool:
        begun = [pool.submit(in_our_context, work) for work in works]
        wait(begun)
    return [one.result() for one in begun]


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
    with _heeding() as below:
        if below.stopped:  # between two programs of those that run side by side
            return Ended(code=NOT_BEGUN, stopped=True)
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
        below.start(process, stop_with, waiting)
        failure = _listen(process, heard) if heard else None
        code = process.wait()
        below.end(process)
        if failure is not None:
            raise failure
        return Ended(code=code, stopped=below.stopped)


def _say(text: str) -> None:
    """Writes at once: a handler may run in the middle of a write to Python's own streams, which they refuse."""
    clear = "\r\x1b[K" if text and sys.stderr.isatty() else ""
    with suppress(OSError):
        os.write(2, f"{clear}{text}".encode())


def _stop(process: subprocess.Popen[str], stop_with: signal.Signals) -> None:
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
