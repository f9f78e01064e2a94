"""`interlock holds`: what is held, by whom, why, until when, what it has cost so far, and how to end it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import click

from interlock.board.acting import ending
from interlock.catalog import Json
from interlock.drawing import markdown
from interlock.holds import Hold, format_instant, hold_json, planned_json, until
from interlock.names import MAX_TEXT, count, plain
from interlock.terminal.common import env_option, print_json
from interlock.terminal.printed import interlock, make
from interlock.terminal.site import Site, asking, said_ahead, see
from interlock.terminal.tables import say, say_command, say_folded


@click.command()
@env_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="For people, programs, or a handoff document.",
)
def command(env_name: str, style: Literal["table", "json", "markdown"]) -> None:
    """What is held: by whom, why, until when, the runs missed so far, and the command that ends it."""
    site = see(env_name)
    with asking(site.environment):
        rows = _rows(site)
    if style == "json":
        print_json(_as_json(rows, site))
    elif style == "markdown":
        _print_markdown(rows, site)
    else:
        _print(rows, site)


@dataclass(frozen=True, kw_only=True)
class Row:
    """An active hold with what it has done."""

    hold: Hold
    jobs: tuple[str, ...]
    missed: int
    """Runs of its jobs since they were first seen held, whoever held them; those declared paused miss none."""
    uncounted: tuple[str, ...]
    """The jobs of which nobody knows when they fire."""
    ending: str


def _rows(site: Site) -> list[Row]:
    missed = {name: site.missed_so_far(job) for name, job in site.declaration.jobs.items() if site.holding.of(job).held_by}
    rows = []
    for hold in site.holding.active:
        covered = site.covered(hold)
        total = sum(missed[job.name] for job in covered)
        uncounted = tuple(job.name for job in covered if not job.schedule.is_known and not job.paused)
        jobs = tuple(job.name for job in covered)
        rows.append(Row(hold=hold, jobs=jobs, missed=total, uncounted=uncounted, ending=how_to_end(hold)))
    return rows


def how_to_end(hold: Hold) -> str:
    """The command that ends a hold before its time."""
    return ending(hold, interlock=interlock, make=make)


def _as_json(rows: list[Row], site: Site) -> Json:
    held_by: dict[str, list[Json]] = {}
    for row in rows:
        for job in row.jobs:
            held_by.setdefault(job, []).append(hold_json(row.hold))
    return {
        "now": format_instant(site.now),
        "holds": [
            {
                **hold_json(row.hold),
                "jobs": [*row.jobs],
                "missed": row.missed,
                "uncounted": [*row.uncounted],
                "end_with": row.ending,
            }
            for row in rows
        ],
        "jobs": [{"name": job, "held_by": holds} for job, holds in sorted(held_by.items())],
        "planned": [
            {**planned_json(hold), "jobs": [job.name for job in site.covered(hold)], "end_with": how_to_end(hold)}
            for hold in site.holding.ahead
        ],
    }


def _print(rows: list[Row], site: Site) -> None:
    place, now = site.clock, site.now
    if not rows:
        say("nothing is held")
    for row in rows:
        name, owner, why, end, jobs, missed, ending = _cells(row, place, now)
        say_folded(f"{name}, by {owner}: {why}", style="bold")
        say_folded(f"until {end}; {count(int(jobs), 'job')}, {missed} missed so far; to end it:", indent="  ")
        say_command(f"  {ending}")
    for hold in site.holding.ahead:
        say_folded(f"{said_ahead(site, hold)}; to take it back:", style="bold")
        say_command(f"  {how_to_end(hold)}")


def _print_markdown(rows: list[Row], site: Site) -> None:
    place, now = site.clock, site.now
    say(f"## Holds, {now:%Y-%m-%d %H:%M} UTC")
    say()
    if not rows:
        say("Nothing is held.")
        _print_ahead_as_markdown(site)
        return
    say("| Hold | Owner | Why | Until | Jobs | Missed so far | How to end it |")
    say("| --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        *said, ending = _cells(row, place, now)
        say(f"| {' | '.join(markdown.escaped(text) for text in said)} | {markdown.code(ending)} |")
    say()
    for row in rows:
        jobs = ", ".join(markdown.escaped(job) for job in row.jobs)
        say(f"- {markdown.escaped(row.hold.scope)}: {jobs or 'covers no job'}")
    _print_ahead_as_markdown(site)


def _print_ahead_as_markdown(site: Site) -> None:
    if site.holding.ahead:
        say()
    for hold in site.holding.ahead:
        say(f"- {markdown.escaped(said_ahead(site, hold))}; to take it back: {markdown.code(how_to_end(hold))}")


def _cells(row: Row, place: ZoneInfo, now: datetime) -> list[str]:
    hold = row.hold
    name = f"{hold.scope} {hold.id}"
    owner, why = (plain(text or "unknown", MAX_TEXT) for text in (hold.said_by, hold.reason))
    more = f" and those of {count(len(row.uncounted), 'job')} that nobody can count" if row.uncounted else ""
    missed = f"{count(row.missed, 'run')}{more}"
    return [name, owner, why, until(hold, place, now).removeprefix("until "), str(len(row.jobs)), missed, row.ending]
