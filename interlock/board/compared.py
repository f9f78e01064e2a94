"""A day by two catalogs on one page: before a change and after it. Pure; no script, and nothing that asks anybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from interlock.board.ahead import Clash
from interlock.board.ahead_section import legend, over, ruler
from interlock.board.board import Board, Row
from interlock.board.html import Clock, foreign, text
from interlock.board.page import allowed
from interlock.board.strip import of_instants, of_job, of_starts
from interlock.board.style import STYLE
from interlock.names import count

MOST_JOBS, MOST_PAIRS = 400, 60
POLICY = allowed(style=STYLE)


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A job that a change is about: its row before and after, None where there is none."""

    how: str
    before: Row | None
    after: Row | None

    @property
    def name(self) -> str:
        """Its name, the newer one."""
        row = self.after or self.before
        return row.job.name if row else ""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The same day by two catalogs."""

    before: Board
    after: Board
    jobs: tuple[Changed, ...]
    verdict: str
    what: str
    """Which two were compared."""

    @property
    def sides(self) -> tuple[tuple[str, Board], tuple[str, Board]]:
        """With their names."""
        return ("before", self.before), ("after", self.after)


def page(found: Compared) -> str:
    """The page: the same bytes for the same two days."""
    clock = Clock(found.after.zone, found.after.now)
    day = found.after.now.astimezone(found.after.zone)
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        "<title>Before and after - Interlock</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        '<header><p class="where">Interlock, before and after</p>',
        f"<h1>{text(found.verdict)}</h1>",
        f"<p>{day:%A}, {day:%Y-%m-%d}, {text(found.after.zone.key)}, by the catalog alone: with windows and seasons, and "
        "without any hold.</p>",
        f'<p class="dim">{foreign(found.what)}</p></header>',
        "<main>",
        *_altogether(found),
        *_jobs(found, clock),
        *_pairs(found, clock),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _altogether(found: Compared) -> Iterator[str]:
    yield '<section aria-labelledby="all-h"><h2 id="all-h">All jobs</h2><div class="day">'
    for side, board in found.sides:
        crowd, most = of_starts(board)
        yield f'<div>Starts {side}, at most {most} in a quarter of an hour</div><div class="tall">{crowd}</div>'
    for side, board in found.sides:
        at = [at for clash in board.clashes if clash.is_of_a_table for at in clash.at]
        said = count(len(set(at)), "collision")
        yield f"<div>Two write a table at once {side}: {len(set(at))}</div><div>{of_instants(at, board, said)}</div>"
    yield f"<div></div>{ruler(found.after, of_a_day=True)}</div>"
    yield from legend()
    yield "</section>"


def _jobs(found: Compared, clock: Clock) -> Iterator[str]:
    yield '<section aria-labelledby="jobs-h"><h2 id="jobs-h">Jobs that change</h2>'
    if not found.jobs:
        yield "<p>None.</p>"
    for job in found.jobs[:MOST_JOBS]:
        yield f'<article class="card"><h3>{foreign(job.name)} <span class="dim">{text(job.how)}</span></h3><div class="day">'
        for (side, board), row in zip(found.sides, (job.before, job.after), strict=True):
            yield f"<div>{_said(side, row, job.name, clock)}</div><div>{of_job(row, board) if row else ''}</div>"
        yield "</div></article>"
    if len(found.jobs) > MOST_JOBS:
        yield f'<p class="dim">and {len(found.jobs) - MOST_JOBS:,} more</p>'
    yield "</section>"


def _said(side: str, row: Row | None, name: str, clock: Clock) -> str:
    """A side in words: what a reader without the pictures has to know."""
    if row is None:
        return f"{side}: not there"
    other = f" as {foreign(row.job.name)}" if row.job.name != name else ""
    words = f"{text(row.about.words)}, " if row.about.words else ""
    paused = ", paused by declaration" if row.effective.declared else ""
    first = f"; first {clock.short(row.next[0])}" if row.next and not paused else ""
    return (
        f'{side}{other}: {words}<code>{text(row.job.schedule.text)}</code> <span class="dim">{text(row.job.time_zone)}</span>'
        f"{paused}{first}"
    )


def _pairs(found: Compared, clock: Clock) -> Iterator[str]:
    was, now = ({(one.kind, one.jobs, one.subjects): one for one in board.clashes} for _, board in found.sides)
    groups = {
        "new": [now[key] for key in now if key not in was],
        "gone": [was[key] for key in was if key not in now],
    }
    yield '<section aria-labelledby="pairs-h"><h2 id="pairs-h">Pairs that collide on this day</h2>'
    for said, pairs in groups.items():
        yield f"<h3>{len(pairs):,} {said}</h3>"
        if pairs:
            yield f'<ul class="agenda">{"".join(_listed(pairs, clock))}</ul>'
    yield f'<p class="dim">{len(was.keys() & now.keys()):,} as before.</p></section>'


def _listed(pairs: Sequence[Clash], clock: Clock) -> Iterable[str]:
    for one in pairs[:MOST_PAIRS]:
        times = f"{clock.short(one.at[0])}{f' and {len(one.at) - 1} more times' if len(one.at) > 1 else ''}"
        jobs = " and ".join(foreign(name) for name in one.jobs)
        yield f'<li>{times}: {jobs}{over(one)}<br><span class="dim">{foreign(one.why)}</span></li>'
    if len(pairs) > MOST_PAIRS:
        yield f"<li>and {len(pairs) - MOST_PAIRS:,} more</li>"
