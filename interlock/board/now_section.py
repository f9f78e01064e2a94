"""What is so now: what is wrong, what is held by whom until when, and which jobs are paused for which reason."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.board.acting import ending_in
from interlock.board.board import Board, Row, Shown
from interlock.board.history import Happened
from interlock.board.html import Clock, attribute, command, foreign, link, links, text
from interlock.holds import format_instant
from interlock.names import count, rounded

MOST_JOBS = 400
"""Names of one hold."""
MOST_WRONG = 40


def headline(board: Board) -> str:
    """The page in a sentence."""
    held = len(_held(board))
    if not board.holds:
        return "Nothing is held"
    verb = "is" if held == 1 else "are"
    return f"{count(held, 'job')} {verb} held" if held else f"{count(len(board.holds), 'hold')}, of no job"


def _held(board: Board) -> list[Row]:
    """What holds alone pause: as in every command a job that is paused by declaration is not counted twice."""
    return [row for row in board.rows if row.effective.held_by and not row.effective.declared]


def section(board: Board, clock: Clock) -> Iterator[str]:
    """All of it."""
    yield '<section id="now" aria-labelledby="now-h"><h2 id="now-h">Now</h2>'
    yield from _wrong(board)
    yield from _figures(board)
    for shown in board.holds:
        yield from _hold(shown, board, clock, planned=False)
    if not board.holds:
        yield '<p class="card">No hold, window or backfill keeps any job from starting.</p>'
    if board.planned:
        yield "<h3>Planned</h3>"
        for shown in board.planned:
            yield from _hold(shown, board, clock, planned=True)
    yield from _paused(board)
    yield from _undecided(board)
    yield "</section>"


def _wrong(board: Board) -> Iterator[str]:
    drifted = board.of_kind("wrong")
    number = len(board.trouble) + len(drifted)
    if not number:
        return
    yield f'<div class="alarm" id="wrong"><p>Not as it should be: {count(number, "thing")}</p><ul>'
    yield from (f"<li>{_told(one)}</li>" for one in board.trouble[:MOST_WRONG])
    yield from (f"<li>{link(f'job/{row.job.name}', row.job.name)}: {_drift(row)}</li>" for row in drifted[:MOST_WRONG])
    if (more := number - min(MOST_WRONG, len(board.trouble)) - min(MOST_WRONG, len(drifted))) > 0:
        yield f"<li>and {more:,} more; the jobs below have the state wrong</li>"
    yield "</ul></div>"


def _told(one: Happened) -> str:
    about = link(f"job/{one.job}", one.job) if one.job else foreign(one.hold)
    return f"{about}: {foreign(one.why)}"


def _drift(row: Row) -> str:
    said = ", ".join(row.drift)
    return text(f"not as declared: {said}" if said else f"{row.state.lower()}")


def _figures(board: Board) -> Iterator[str]:
    rows = board.rows
    figures = {
        "jobs": len(rows),
        "run": sum(1 for row in rows if not row.effective.paused and not row.effective.undecided),
        "held": len(_held(board)),
        "paused by declaration": sum(1 for row in rows if row.effective.declared),
        "undecided": sum(1 for row in rows if row.effective.undecided and not row.effective.paused),
        "not as they should be": len(board.of_kind("wrong")),
    }
    shown = "".join(f"<li><b>{number:,}</b> {what}</li>" for what, number in figures.items() if number or what == "held")
    yield f'<ul class="figures">{shown}</ul>'


def _hold(shown: Shown, board: Board, clock: Clock, *, planned: bool) -> Iterator[str]:
    hold = shown.hold
    yield f'<article class="card held-card" id={attribute(f"hold/{hold.scope}/{hold.id}")}>'
    yield f"<h3>{foreign(hold.scope)}</h3>"
    if hold.is_open_ended:
        yield '<p class="until">until its next opening is declared</p>'
    else:
        left = rounded(hold.end - board.now)
        yield (
            f'<p class="until">until {clock.both(hold.end)}</p>'
            f'<p class="dim"><span data-to="{format_instant(hold.end)}">{left} left when this page was made</span></p>'
        )
    if planned and hold.start:
        yield f"<p>Begins at {clock.both(hold.start)}</p>"
    yield f"<p>{foreign(hold.reason or 'no reason is known')}</p>"
    since = f", since {clock.both(hold.start)}" if hold.start and not planned else ""
    yield f'<p class="dim">By {foreign(hold.said_by or "unknown")}{since}</p>'
    if hold.run:
        yield f"<p>Its command runs: {foreign(hold.run)}</p>"
    if hold.failed:
        yield f'<p class="alarm">Its command failed: {foreign(hold.failed)}</p>'
    yield from _jobs(shown.jobs)
    yield f'<p class="dim">{"To take it back" if planned else "To end it"}:</p>{command(ending_in(hold, board.environment))}'
    yield "</article>"


def _jobs(names: tuple[str, ...]) -> Iterator[str]:
    if not names:
        yield "<p>It covers no job.</p>"
        return
    more = f"<p>and {len(names) - MOST_JOBS:,} more</p>" if len(names) > MOST_JOBS else ""
    yield f"<details><summary>{count(len(names), 'job')}</summary>{links('job', names[:MOST_JOBS])}{more}</details>"


def _paused(board: Board) -> Iterator[str]:
    paused = [row for row in board.rows if row.effective.declared]
    if not paused:
        return
    yield f'<details id="paused"><summary>{count(len(paused), "job")} paused by declaration</summary><ul>'
    for row in paused[:MOST_JOBS]:
        why = f": {foreign(row.about.paused)}" if row.about.paused else ""
        yield f"<li>{link(f'job/{row.job.name}', row.job.name)}{why}</li>"
    yield "</ul></details>"


def _undecided(board: Board) -> Iterator[str]:
    found = [row.job.name for row in board.rows if row.effective.undecided]
    if found:
        yield f'<details id="undecided"><summary>{count(len(found), "job")} undecided: left as found</summary>'
        yield f"{links('job', found)}</details>"
