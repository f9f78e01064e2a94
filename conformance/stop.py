"""Ending the suite at any moment: who is told, and what runs meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


class Stopped(Exception):
    """Somebody ends the suite, or its time is over."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A command that has ended, and what it said on either stream."""

    code: int
    out: str
    err: str


class Stop:
    """Whether the suite is to end. Commands run below it in sessions of their own: Ctrl-C reaches them only from here, as
    SIGINT, upon which Terraform finishes what it has begun."""

    def __init__(self) -> None:
        self.why = ""
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()

    def set(self, why: str) -> None:
        """End what runs, and begin nothing more. The first reason is kept."""
        self.why = self.why or why
        self._event.set()
        for process in list(self._running):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGINT)

    @property
    def is_set(self) -> bool:
        """Whether somebody has."""
        return self._event.is_set()

    def check(self) -> None:
        """`Stopped` if so."""
        if self.is_set:
            raise Stopped(self.why)

    def wait(self, seconds: float) -> None:
        """Sleep so long. `Stopped` when it is ended meanwhile."""
        if self._event.wait(seconds):
            raise Stopped(self.why)

    def run(self, words: Sequence[str], *, cwd: Path, environ: Mapping[str, str]) -> Ran:
        """Run a command to its end. `Stopped` when the suite was ended meanwhile: what it did is not known then."""
        self.check()
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        with self._lock:
            self._running.add(process)
        if self.is_set:  # between the check and now
            self.set(self.why)
        try:
            out, err = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
        self.check()
        return Ran(code=process.returncode, out=out, err=err)
