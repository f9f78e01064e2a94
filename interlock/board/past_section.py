"""The last seven days, a line a transition, the newest first."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.board.board import Board
from interlock.board.history import TOLD, Happened
from interlock.board.html import Clock, foreign, link, text

SEEN_FIRST = 30


def section(board: Board, clock: Clock) -> Iterator[str]:
    """All of it."""
    yield '<section id="past" aria-labelledby="past-h"><h2 id="past-h">Last 7 days</h2>'
    history = board.history
    since = f"Kept since {clock.both(history.since)}." if history.since else "Nothing was kept so far."
    yield f'<p class="dim">{since} The log of the coordinator has all of it.</p>'
    known = {row.job.name for row in board.rows}
    first, rest = history.lines[:SEEN_FIRST], history.lines[SEEN_FIRST:]
    if first:
        yield f'<ol class="agenda">{"".join(_line(one, known, clock) for one in first)}</ol>'
    elif history.since:
        yield "<p>Nothing was held, missed or made up for.</p>"
    if rest:
        yield f"<details><summary>{len(rest)} earlier</summary>"
        yield f'<ol class="agenda" start="{SEEN_FIRST + 1}">{"".join(_line(one, known, clock) for one in rest)}</ol></details>'
    yield "</section>"


def _line(one: Happened, known: set[str], clock: Clock) -> str:
    about = [link(f"job/{one.job}", one.job) if one.job in known else foreign(one.job)] if one.job else []
    about += [foreign(one.hold)] if one.hold else []
    who = f' <span class="dim">(asked by {foreign(one.asked_by)})</span>' if one.asked_by else ""
    what = TOLD.get(one.event, one.event)
    return f"<li>{clock.both(one.at)} {text(what)}: {' '.join(about)}{': ' if about else ''}{foreign(one.why)}{who}</li>"
