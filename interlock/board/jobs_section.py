"""Every job: its state and its day on a line, and behind it its schedule in words, what it leads to and what may hold it."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.board.acting import asking, holding
from interlock.board.board import Board, Row
from interlock.board.html import Clock, attribute, command, foreign, text
from interlock.board.strip import of_job
from interlock.names import count

STATES = {
    "wrong": "not as it should be",
    "held": "held",
    "paused": "paused by declaration",
    "undecided": "undecided",
    "runs": "runs",
}
MOST_SCOPES, MOST_CHAINS = 6, 20


def section(board: Board, clock: Clock) -> Iterator[str]:
    """All of it."""
    yield '<section id="jobs" aria-labelledby="jobs-h"><h2 id="jobs-h">Jobs</h2>'
    yield '<form hidden aria-label="Find jobs"><label>Search<input type="search" name="q" autocomplete="off"></label>'
    for name in ("platform", "service", "table", "state"):
        yield f'<label>{name.capitalize()}<select name="{name}"><option value="">any</option></select></label>'
    yield f'</form><p class="dim" id="found" role="status">{count(len(board.rows), "job")}</p>'
    for row in board.rows:
        yield from _job(row, board, clock)
    yield "</section>"


def _job(row: Row, board: Board, clock: Clock) -> Iterator[str]:
    job, about = row.job, row.about
    data = {"k": row.kind, "p": about.platform, "s": job.service, "t": " ".join(about.tables)}
    said = "".join(f" data-{key}={attribute(value)}" for key, value in data.items() if value)
    yield f'<details class="job" id={attribute(f"job/{job.name}")}{said}>'
    yield (
        f'<summary><span class="name">{foreign(job.name)}</span> <span class="state">{_state(row, clock)}</span>'
        f"{of_job(row, board)}</summary>"
    )
    yield '<div class="more">'
    if about.description:
        yield f"<p>{foreign(about.description)}</p>"
    yield f"<dl>{''.join(f'<dt>{term}</dt><dd>{said}</dd>' for term, said in _terms(row, clock) if said)}</dl>"
    yield command(asking(job.name, board.environment))
    yield command(holding(job.name, board.environment))
    yield "</div></details>"


def _state(row: Row, clock: Clock) -> str:
    chip = f'<span class="chip {row.kind}">{STATES[row.kind]}</span>'
    if row.effective.held_by:
        scopes = [hold.scope for hold in row.effective.held_by]
        more = f" and {len(scopes) - 1} more" if len(scopes) > 1 else ""
        return f"{chip} by {foreign(scopes[0])}{more}"
    if row.kind in ("runs", "undecided") and row.next:
        return f"{chip}, next {clock.short(row.next[0])}"
    return chip


def _terms(row: Row, clock: Clock) -> Iterator[tuple[str, str]]:
    job, about, effective = row.job, row.about, row.effective
    yield "State", text(row.state + (f"; not as declared: {', '.join(row.drift)}" if row.drift else ""))
    yield "Held by", _list([f"{foreign(hold.scope)} until {clock.both(hold.end)}" for hold in effective.held_by[:MOST_SCOPES]])
    if effective.held_by:
        yield "Free again", clock.both(effective.free) if effective.free else "not as far as is known"
    yield "Paused", about.paused and foreign(about.paused)
    words = f"{text(about.words)}; " if about.words else ""
    yield "Schedule", f"{words}<code>{text(job.schedule.text)}</code> {text(job.time_zone)}"
    yield "Next by it", _list([clock.both(at) for at in row.next]) or text(job.schedule.unknown or "not in the next month")
    yield "Last attempt", clock.both(row.last_attempt) if row.last_attempt else "none is known"
    yield "Service", f"{foreign(job.service)}, {text(job.region)}"
    yield "Leads to", _list([foreign(chain) for chain in about.chains[:MOST_CHAINS]], len(about.chains))
    yield "May be held by", ", ".join(foreign(scope) for scope in row.may_hold)
    yield "With itself", about.itself and foreign(about.itself)


def _list(items: list[str], number: int = 0) -> str:
    more = f"<li>and {number - len(items)} more</li>" if number > len(items) else ""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}{more}</ul>" if items else ""
