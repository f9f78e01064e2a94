"""Waiting for the drain: until no covered job has an attempt that is younger than what it is expected to take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from interlock.actual import ActualJob
from interlock.declaration import Declaration
from interlock.names import count, exact, printable
from interlock.terminal.site import Site, asking
from interlock.terminal.tables import say

POLL_SECONDS = 5.0
MARGIN = timedelta(minutes=1)
"""What a wait may take beyond the longest of its jobs: an attempt can start in the second in which its job is paused."""


def running(
    declaration: Declaration, jobs: Mapping[str, ActualJob], covered: Iterable[str], now: datetime
) -> dict[str, datetime]:
    """The covered jobs whose last attempt may still be under way, and when it is expected to be done. `jobs` are declared ones,
    by name."""
    last = {name: jobs[name].last_attempt for name in covered if name in jobs}
    ends = {name: attempt + declaration.jobs[name].busy for name, attempt in sorted(last.items()) if attempt is not None}
    return {name: end for name, end in ends.items() if end > now}


def wait_for_drain(site: Site, covered: Iterable[str], meanwhile: Callable[[], object] = bool) -> bool:
    """Waits until nothing runs, at most as long as the longest of the jobs may take; False when something still runs. Before
    each look `meanwhile` is called."""
    names = [name for name in covered if name in site.declaration.jobs]
    limit = max((site.declaration.jobs[name].busy for name in names), default=timedelta(0)) + MARGIN

    def look() -> dict[str, datetime]:
        meanwhile()
        with asking(site.environment):
            jobs = site.reader.jobs(site.declaration)
            return running(site.declaration, jobs, names, site.reader.outside.clock())

    left = _wait(look, len(names), limit)
    if left:
        say(f"still running after {exact(limit)}: {', '.join(left)}", err=True)
    else:
        say("drained: no run of them is under way")
    return not left


@contextmanager
def _shown(total: int) -> Iterator[Callable[[dict[str, datetime]], None]]:
    """A bar on a terminal; else a line whenever something has changed."""
    if not sys.stderr.isatty():
        before: list[list[str]] = [[]]

        def line(left: dict[str, datetime]) -> None:
            if before[0] != list(left):
                before[0] = list(left)
                say(f"waiting for {count(len(left), 'run')}: {', '.join(left)}", err=True)

        yield line
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("draining"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda left: progress.update(task, completed=total - len(left), description=escape(printable(", ".join(left))))


def _wait(look: Callable[[], dict[str, datetime]], total: int, limit: timedelta) -> dict[str, datetime]:
    """What runs in the end."""
    end = time.monotonic() + limit.total_seconds()
    left = look()
    if not left:
        return left
    with _shown(total) as show:
        while left and time.monotonic() < end:
            show(left)
            time.sleep(POLL_SECONDS)
            left = look()
    return left
