"""One line a stack: redrawn on a terminal while Terraform works, and said once where there is none."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from interlock.names import printable
from interlock.terraform.events import READ, Event, Progress, Step

COLUMN = 14
"""Where what is said of a stack begins: two more than the longest name has letters, but for those with a platform in it."""
CLEAR = "\r\x1b[K"


class StackLine:
    """The line of one stack."""

    def __init__(self, name: str) -> None:
        self._label = f"{name:<{COLUMN - 2}}  "

    def now(self, text: str) -> None:
        """Shows it until the next; only on a terminal."""
        if sys.stdout.isatty():
            width = shutil.get_terminal_size().columns - 1
            click.echo(CLEAR + printable(self._label + text)[:width], nl=False)

    @contextmanager
    def while_it_lasts(self, text: str) -> Iterator[None]:
        """Shows it meanwhile, and leaves the line empty. What a program below us says writes over it."""
        self.now(text)
        _on_a_terminal("\r")
        try:
            yield
        finally:
            _on_a_terminal(CLEAR)

    def end(self, text: str) -> None:
        """Says it for good."""
        click.echo((CLEAR if sys.stdout.isatty() else "") + printable(self._label + text))


def _on_a_terminal(text: str) -> None:
    if sys.stdout.isatty():
        click.echo(text, nl=False)


class Planning:
    """Hears a plan and counts what it reads."""

    def __init__(self, line: StackLine) -> None:
        self._line, self._read = line, 0

    def __call__(self, event: Event) -> None:
        """Count, and show."""
        if isinstance(event, Progress) and event.step is Step.REFRESHED:
            self._read += 1
            self._line.now(f"planning, {self._read} read")


class Applying:
    """Hears an apply and counts what is done of so many changes."""

    def __init__(self, line: StackLine, total: int) -> None:
        self._line, self._total, self._done = line, total, set[str]()

    def __call__(self, event: Event) -> None:
        """Count, and show."""
        if isinstance(event, Progress) and event.step is Step.DONE and event.action != READ:
            self._done.add(event.address)
            self._line.now(f"{len(self._done)} of {self._total} done")
