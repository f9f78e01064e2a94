"""The next 24 hours: how many start when, what holds and for how long, what begins and ends, and what should collide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from interlock.board.ahead import Clash, Covered
from interlock.board.board import Board
from interlock.board.html import Clock, foreign, link, text
from interlock.board.strip import HEIGHT, LEGEND, MARKS, of_closing, of_instants, of_starts
from interlock.names import count

QUARTER_OF_A_DAY = timedelta(hours=6)
MOST_BARS, MOST_LINES, MOST_CLASHES, MOST_TIMES = 24, 60, 60, 4


def section(board: Board, clock: Clock) -> Iterator[str]:
    """All of it."""
    yield '<section id="ahead" aria-labelledby="ahead-h"><h2 id="ahead-h">Next 24 hours</h2>'
    yield '<div class="day">'
    crowd, most = of_starts(board)
    yield f'<div>Starts, at most {most} in a quarter of an hour</div><div class="tall">{crowd}</div>'
    of_tables = [at for clash in board.clashes if clash.is_of_a_table for at in clash.at]
    said = count(len(set(of_tables)), "collision")
    yield f"<div>Two should write a table at once</div><div>{of_instants(of_tables, board, said)}</div>"
    for one in board.closings[:MOST_BARS]:
        when = f"{clock.plain(one.start) if one.begins else 'now'} until {clock.plain(one.end) if one.ends else 'later'}"
        yield f"<div>{foreign(one.scope)}</div><div>{of_closing(one, board, text(f'{one.scope}: {when}'))}</div>"
    yield f"<div></div>{ruler(board)}</div>"
    yield from legend()
    yield from _agenda(board, clock)
    yield from _clashes(board, clock)
    yield "</section>"


def ruler(board: Board) -> str:
    """The hours below the strips."""
    places = [board.now + step * QUARTER_OF_A_DAY for step in range(5)]
    return f'<div class="ruler">{"".join(f"<span>{_hour(at, board)}</span>" for at in places)}</div>'


def _hour(at: datetime, board: Board) -> str:
    return "now" if at == board.now else f"+{(at - board.now) // timedelta(hours=1)} h"


def legend() -> Iterator[str]:
    """What the marks mean."""
    items = "".join(
        f'<li><svg class="strip" viewBox="0 0 12 {HEIGHT}" aria-hidden="true"><path class="{kind}" d="M6 {MARKS[kind]}"/></svg>'
        f"{said}</li>"
        for kind, said in LEGEND.items()
    )
    shaded = (
        f'<li><svg class="strip" viewBox="0 0 12 {HEIGHT}" aria-hidden="true"><rect class="shut" width="12" height="{HEIGHT}"/>'
        "</svg>held</li>"
    )
    yield f'<ul class="legend">{items}{shaded}</ul>'


def _agenda(board: Board, clock: Clock) -> Iterator[str]:
    lines = sorted({line for one in board.closings for line in _turns(one)})
    if not lines:
        yield '<p class="dim">Nothing begins or ends to hold.</p>'
        return
    yield '<ol class="agenda">'
    for at, verb, scope, reason in lines[:MOST_LINES]:
        why = f": {foreign(reason)}" if reason and verb == "begins" else ""
        yield f"<li>{clock.both(at)} {foreign(scope)} {verb}{why}</li>"
    yield "</ol>"
    if len(lines) > MOST_LINES:
        yield f'<p class="dim">and {len(lines) - MOST_LINES:,} more</p>'


def _turns(one: Covered) -> Iterator[tuple[datetime, str, str, str]]:
    if one.begins:
        yield one.start, "begins", one.scope, one.reason
    if one.ends:
        yield one.end, "ends", one.scope, ""


def _clashes(board: Board, clock: Clock) -> Iterator[str]:
    kinds = {
        "should write a table at once": [clash for clash in board.clashes if clash.is_of_a_table],
        "start before what they read is written": [clash for clash in board.clashes if not clash.is_of_a_table],
    }
    for said, found in kinds.items():
        if found:
            yield f"<details><summary>{count(len(found), 'pair')} of jobs {said}</summary>"
            yield from _listed(found, clock)
            yield "</details>"
    if not board.clashes:
        yield '<p class="dim">No two jobs should collide.</p>'


def _listed(found: Sequence[Clash], clock: Clock) -> Iterator[str]:
    yield '<ul class="agenda">'
    for clash in sorted(found, key=lambda one: (one.at[0], one.jobs))[:MOST_CLASHES]:
        times = ", ".join(clock.short(at) for at in clash.at[:MOST_TIMES])
        more = f" and {len(clash.at) - MOST_TIMES} more times" if len(clash.at) > MOST_TIMES else ""
        jobs = " and ".join(link(f"job/{name}", name) for name in clash.jobs)
        yield f'<li>{times}{more}: {jobs}<br><span class="dim">{foreign(clash.why)}</span></li>'
    yield "</ul>"
    if len(found) > MOST_CLASHES:
        yield f'<p class="dim">and {len(found) - MOST_CLASHES:,} more pairs</p>'
