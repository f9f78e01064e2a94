"""What a long command says goes on though nobody reads it any more: into a log then, and where that can't be written, nowhere.

A terminal that was closed, a `tee` that Ctrl-C has ended too, a full disk: none of them may end what still has to release a
hold.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

OUT, ERR = 1, 2


class Lasting:
    """Standard output and error, from when it is entered on."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.terminals = [number for number in (OUT, ERR) if os.isatty(number)]
        self._moved: set[int] = set()
        self._before: tuple[TextIO, TextIO] = sys.stdout, sys.stderr

    def __enter__(self) -> Lasting:
        self._before = sys.stdout, sys.stderr
        flush()
        sys.stdout, sys.stderr = self._over(sys.stdout, OUT), self._over(sys.stderr, ERR)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        flush()
        sys.stdout, sys.stderr = self._before

    def write(self, number: int, said: bytes | memoryview) -> None:
        """Writes all of it there, or where it goes by now. Never an error: what can't be written is lost."""
        while said:
            try:
                said = said[os.write(number, said) :]
            except BlockingIOError:  # whoever else has it open has made it so
                select.select([], [number], [])
            except OSError as error:
                if number in self._moved:
                    return
                self.move(number, lost=error.errno != errno.ENOSPC)

    def hang_up(self) -> None:
        """The terminal is gone."""
        for number in self.terminals:
            self.move(number)

    def move(self, number: int, *, lost: bool = True) -> None:
        """What would go there goes to the log from now on, and so does what would go to the same terminal; unless `lost`, where
        there is no log, it may go there again some day."""
        if number in self._moved:
            return
        together = self.terminals if number in self.terminals else [number]
        self._moved.update(together)
        to = self._log()
        if to is None and not lost:
            return
        to = os.open(os.devnull, os.O_WRONLY) if to is None else to
        for each in together:
            os.dup2(to, each)
        os.close(to)

    def _log(self) -> int | None:
        with suppress(OSError):
            self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return None

    def _over(self, stream: TextIO, number: int) -> TextIO:
        try:
            if stream.fileno() != number:
                return stream
        except OSError:  # a test's, which is no file
            return stream
        raw = _Raw(self, number)
        return io.TextIOWrapper(raw, stream.encoding, stream.errors, write_through=True)  # type: ignore[type-var]


class _Raw(io.RawIOBase):
    """One of them, as Python's own streams want it."""

    def __init__(self, lasting: Lasting, number: int) -> None:
        super().__init__()
        self._lasting, self._number = lasting, number

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def write(self, said: object, /) -> int:
        data = memoryview(said)  # type: ignore[arg-type]
        self._lasting.write(self._number, data)
        return len(data)


def flush() -> None:
    """What was said is written before somebody else writes to the same."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
