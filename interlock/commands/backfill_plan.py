"""`interlock backfill plan`: when to start a backfill, with what each start costs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from interlock.catalog import Json
from interlock.commands.timeline import parsed_zone
from interlock.graph import scopes
from interlock.holds import format_instant
from interlock.names import count, exact
from interlock.runtime.checking import MAX_AHEAD
from interlock.terminal.common import Format, catalog_option, format_option, known_backfills, print_json, say_offline
from interlock.terminal.printed import interlock, make
from interlock.terminal.tables import Table, kept, say, say_folded
from interlock.timing.backfill_starts import BackfillStarts, Start
from interlock.timing.minutes import MINUTE
from interlock.timing.timeline import usual_zone
from interlock.timing.until import parse_duration, parse_end

BEST = 5
LONGEST = timedelta(days=62)
SOON = timedelta(minutes=10)
"""Until then nobody may have typed what is printed."""
HOURS_A_DAY = 24
_HOURS = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")
DAY_AND_TIME = "%a %Y-%m-%d %H:%M"


@click.command("plan")
@click.argument("name", metavar="NAME")
@click.option(
    "--in", "horizon_text", default="7d", show_default=True, metavar="DURATION", help="Starts from now on for so long."
)
@click.option(
    "--between", metavar="09-18", help="Only starts in these hours, the last one not included; 22-04 goes over midnight."
)
@click.option("--outside-windows", is_flag=True, help="Only starts while no window that holds one of its jobs is open.")
@click.option("--zone", "zone_name", metavar="ZONE", help="Whose clock. Default: that of most jobs.")
@click.option("--at", "at_text", metavar="INSTANT", help="From then on, as 2026-11-24 07:00. Default: now.")
@catalog_option
@format_option
def command(
    name: str,
    horizon_text: str,
    between: str | None,
    outside_windows: bool,
    zone_name: str | None,
    at_text: str | None,
    root: Path,
    style: Format,
) -> None:
    """When to start backfill NAME, so that the jobs that it holds miss the least. The catalog alone is asked.

    First come runs that nobody can fetch later, then runs of jobs that start once a day or less often, then how many jobs miss
    a run, and the runs that may be under way at the start. What a maintenance window holds anyway counts for nothing.
    """
    catalog = say_offline(root)
    (name,) = known_backfills(catalog, (name,))
    place = parsed_zone(zone_name or usual_zone(catalog))
    now = clock()
    found = BackfillStarts(catalog, name, _instant(at_text, now, place), _horizon(horizon_text))
    allowed = _allowed(found, place, between, outside_windows=outside_windows)
    if not any(allowed):
        raise click.UsageError("no start is left: look further ahead with --in, or name other hours with --between")
    best, worst = found.best(allowed, most=BEST), found.best(allowed, worst=True)[0]
    if style == "json":
        print_json(as_json(found, name, best, worst))
        return
    jobs = len([job for job in scopes(catalog)[f"backfill/{name}"] if catalog.jobs[job].paused is None])
    if not jobs:
        say_folded(f"{name} holds no job, so that it may start at any time. Why: {interlock('affected', name)}")
        return
    say_folded(
        f"{name} holds {count(jobs, 'job')}, and is expected to take {exact(found.lasts)}. The best of {sum(allowed):,} "
        f"minutes to start at, by the clock of {place.key}:"
    )
    say()
    table = Table("start", "for", kept("lost"), kept("of a day"), kept("jobs"), kept("in flight"))
    for start in best:
        table.row(*_cells(start, place))
    table.row(*_cells(worst, place, "worst: "))
    table.say()
    for line in _notes(found, outside_windows=outside_windows):
        say_folded(line)
    if how := turning_on(name, best[0].at, now, place):
        say(how)


def clock() -> datetime:
    """Now, of this machine: what is looked at is days."""
    return datetime.now(UTC)


def _instant(text: str | None, now: datetime, place: ZoneInfo) -> datetime:
    try:
        return now if text is None else parse_end(text, now, place)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f"--at: {error}") from None


def _horizon(text: str) -> timedelta:
    try:
        horizon = parse_duration(text)
    except ValueError as error:
        raise click.UsageError(f"--in: {error}") from None
    if not MINUTE <= horizon <= LONGEST:
        raise click.UsageError(f"--in: {text} is not between 1m and {LONGEST.days}d")
    return horizon


def _allowed(found: BackfillStarts, place: ZoneInfo, between: str | None, *, outside_windows: bool) -> list[bool]:
    """Of each minute, whether somebody may start then."""
    allowed = found.outside_windows() if outside_windows else [True] * len(found.costs)
    if between is None:
        return allowed
    hours = _HOURS.fullmatch(between)
    first, end = (int(hour) for hour in hours.groups()) if hours else (0, 0)
    if first == end or first >= HOURS_A_DAY or end > HOURS_A_DAY:
        raise click.UsageError(f"--between: {between!a} is no hours of a day; write some like 09-18")
    wanted = {hour % HOURS_A_DAY for hour in range(first, end if end > first else end + HOURS_A_DAY)}
    hours_of = ((found.first + number * MINUTE).astimezone(place).hour for number in range(len(allowed)))
    return [may and hour in wanted for may, hour in zip(allowed, hours_of, strict=True)]


def _cells(start: Start, place: ZoneInfo, before: str = "") -> list[str]:
    local, lost = start.at.astimezone(place), start.lost
    numbers = (lost.unrecoverable, lost.once_a_day, lost.jobs, lost.in_flight)
    return [f"{before}{local:{DAY_AND_TIME}}", exact(start.minutes * MINUTE), *map(str, numbers)]


def _notes(found: BackfillStarts, *, outside_windows: bool) -> Iterator[str]:
    yield "For: as good for so long. Lost: runs that nobody can fetch later. Of a day: of jobs that start once a day or less."
    if found.windows and not outside_windows:
        windows = ", ".join(found.windows)
        yield f"What {windows} would hold anyway is not counted; --outside-windows keeps clear of that."


def turning_on(name: str, start: datetime, now: datetime, place: ZoneInfo) -> str:
    """What to type to turn a backfill on then; nothing for a start that has passed. Who types takes some minutes, after which
    nobody can plan for a start that was near, and nobody plans further ahead than the coordinator looks."""
    if start < now - SOON:
        return ""
    if start <= now + SOON:
        return f"Turn it on now: {make('backfill-on', NAME=name)}"
    then = make("backfill-on", NAME=name, AT=format_instant(start))
    if start <= now + MAX_AHEAD:
        return f"Turn it on then: {then}"
    first = (start - MAX_AHEAD + timedelta(hours=1)).astimezone(place)
    return f"It can be planned from {first:{DAY_AND_TIME}} on: {then}"


def as_json(found: BackfillStarts, name: str, best: Sequence[Start], worst: Start) -> Json:
    """For programs."""
    return {
        "backfill": name,
        "from": format_instant(found.first),
        "expected_minutes": found.lasts // MINUTE,
        "best": [_json(start) for start in best],
        "worst": _json(worst),
        "windows": list[Json](found.windows),
    }


def _json(start: Start) -> dict[str, Json]:
    return {
        "at": format_instant(start.at),
        "minutes": start.minutes,
        "unrecoverable": start.lost.unrecoverable,
        "once_a_day": start.lost.once_a_day,
        "jobs": start.lost.jobs,
        "in_flight": start.lost.in_flight,
    }
