"""The day ahead as a strip: a small picture as wide as its place, one unit a minute. What a mark means is in its height as well
as in its colour; where a reader points or steps with the keys, a script says the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from interlock.board.ahead import Covered
from interlock.board.board import Board, Row
from interlock.names import count

MINUTE = timedelta(minutes=1)
MINUTES, HEIGHT = 1440, 12
QUARTER = 15
MARKS = {"bad": "0v12", "fire": "3v9", "held": "7v5", "off": "9v3"}
"""From where and how far down each kind of mark is drawn: a start that collides, one, one that is held, one that is paused."""
LEGEND = {
    "fire": "starts",
    "bad": "starts, and should write a table at once with another job",
    "held": "would start, but is held",
    "off": "would start, but is paused by declaration",
}


def of_job(row: Row, board: Board) -> str:
    """The strip of a job: what holds it behind its starts."""
    begin, kinds = _begin(board), {kind: list[int]() for kind in MARKS}
    starts = [(_minute(at, begin), _kind(row, at)) for at in row.starts]
    for minute, kind in starts:
        kinds[kind].append(minute)
    closed = "".join(_closing(one, begin) for one in row.closed)
    marks = "".join(_marks(kind, minutes) for kind, minutes in kinds.items() if minutes)
    data = ",".join(f"{minute}{kind[0]}" for minute, kind in starts)
    return _svg(_said(row, kinds), closed + marks, f' data-f="{data}"' if data else "")


def of_closing(one: Covered, board: Board, said: str) -> str:
    """The strip of what holds jobs."""
    return _svg(said, _closing(one, _begin(board)))


def of_starts(board: Board) -> tuple[str, int]:
    """How many jobs start in each quarter of an hour, and the most of them."""
    begin, counts = _begin(board), [0] * (MINUTES // QUARTER)
    for row in board.rows:
        if not row.effective.declared:
            for at in row.starts:
                if not row.is_held_at(at):
                    counts[_minute(at, begin) // QUARTER] += 1
    most = max(counts)
    path = "".join(
        f"M{place * QUARTER + 1} {HEIGHT}v{-HEIGHT * number / most:.1f}h{QUARTER - 2}V{HEIGHT}z"
        for place, number in enumerate(counts)
        if number
    )
    return _svg(f"{count(sum(counts), 'start')} in 24 hours", f'<path class="crowd" d="{path}"/>' if path else ""), most


def of_instants(instants: Iterable[datetime], board: Board, said: str) -> str:
    """Where something collides."""
    begin = _begin(board)
    minutes = sorted({_minute(at, begin) for at in instants})
    return _svg(said, _marks("bad", minutes) if minutes else "")


def _svg(said: str, inner: str, more: str = "") -> str:
    return (
        f'<svg class="strip" viewBox="0 0 {MINUTES} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{said}"{more}>{inner}</svg>'
    )


def _said(row: Row, kinds: dict[str, list[int]]) -> str:
    held = f", {len(kinds['held'])} held" if kinds["held"] else ""
    return f"{count(len(row.starts), 'start')} in 24 hours{', none made' if kinds['off'] else held}"


def _kind(row: Row, at: datetime) -> str:
    if row.effective.declared:
        return "off"
    if row.is_held_at(at):
        return "held"
    return "bad" if at in row.colliding else "fire"


def _marks(kind: str, minutes: Sequence[int]) -> str:
    return f'<path class="{kind}" d="{"".join(f"M{minute} {MARKS[kind]}" for minute in minutes)}"/>'


def _closing(one: Covered, begin: datetime) -> str:
    left = _minute(one.start, begin)
    right = max(left + 1, min(MINUTES, -((begin - one.end) // MINUTE)))
    return f'<rect class="shut" x="{left}" width="{right - left}" height="{HEIGHT}"/>'


def _minute(at: datetime, begin: datetime) -> int:
    return min(MINUTES - 1, (at - begin) // MINUTE)


def _begin(board: Board) -> datetime:
    """The minute in which the board was made: schedules start in whole ones."""
    return board.now.replace(second=0, microsecond=0)
