"""`interlock fires`: when jobs fire, by their own clocks and in UTC."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from interlock.catalog import Catalog, Job, Json
from interlock.commands.show import find_job, season_in_words
from interlock.commands.timeline import parsed_day, parsed_zone
from interlock.cron import FIRST_YEAR, LAST_YEAR, zone
from interlock.graph import scopes
from interlock.holds import UTC_NAMES, format_instant
from interlock.names import count, plain
from interlock.seasons import fires_between
from interlock.terminal.common import Format, catalog_option, format_option, print_json, say_offline
from interlock.terminal.tables import Table, prose, say, say_folded, whole
from interlock.timing.clock_changes import Change, changes, what_happens
from interlock.timing.minutes import Day, Span
from interlock.timing.season_minutes import job_minutes
from interlock.timing.until import parse_end
from interlock.timing.words import in_words, nobody_knows
from interlock.windows import Opening, openings

LONGEST = timedelta(days=366)
SHOWN_FIRES = 100
A_DAY = timedelta(days=1)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@click.command()
@click.argument("names", metavar="JOB...", nargs=-1, required=True)
@click.option("--from", "start_text", metavar="T", help="A day, a time like 23:00, both, or RFC 3339. Default: now.")
@click.option("--to", "end_text", metavar="T", help="Not included; as --from. Default: 24 hours later, or the end of that day.")
@click.option("--zone", "zone_name", metavar="ZONE", help="Whose clock T is of. Default: that of the first job.")
@click.option("--limit", type=click.IntRange(1), default=SHOWN_FIRES, show_default=True, help="How many fires at most.")
@catalog_option
@format_option
def command(
    names: tuple[str, ...],
    start_text: str | None,
    end_text: str | None,
    zone_name: str | None,
    limit: int,
    root: Path,
    style: Format,
) -> None:
    """When JOBs fire: by their own clocks and in UTC, with what a change of a clock does, and what does not start."""
    catalog = say_offline(root)
    jobs = [find_job(catalog, name) for name in dict.fromkeys(names)]
    place = parsed_zone(zone_name) if zone_name else zone(jobs[0].time_zone)
    start, end = _between(start_text, end_text, place, datetime.now(UTC))
    found = _found(catalog, jobs, start, end, limit)
    if style == "json":
        print_json(as_json(found))
    else:
        _print(found, place)


@dataclass(frozen=True, kw_only=True)
class Fire:
    """A fire of a job; `held_by` are the openings of windows that it falls into."""

    at: datetime
    job: Job
    held_by: tuple[Opening, ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The first fires in [start, end), how many there are of each job, and the changes of the clock that concern them."""

    start: datetime
    end: datetime
    jobs: list[Job]
    fires: list[Fire]
    totals: Mapping[str, int]
    changes: Mapping[str, list[Change]]


def _between(start_text: str | None, end_text: str | None, place: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """From when to when, in whole minutes."""
    start = _instant("--from", start_text, place, now) if start_text else now.replace(second=0, microsecond=0)
    if not FIRST_YEAR < start.year < LAST_YEAR:
        raise click.UsageError(f"--from: {format_instant(start)} is not in the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
    if end_text:
        end = _instant("--to", end_text, place, start)
    else:
        end = _day(start_text, place).end if start_text and _DATE.fullmatch(start_text) else start + A_DAY
    if not start < end <= start + LONGEST:
        said = f"{format_instant(start)} to {format_instant(end)}"
        raise click.UsageError(f"{said} is no time of up to {LONGEST.days} days; --to is after --from")
    return start, end


def _instant(option: str, text: str, place: ZoneInfo, now: datetime) -> datetime:
    if _DATE.fullmatch(text):
        return _day(text, place, option).start
    try:
        instant = parse_end(text, now, place)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f"{option}: {error}, or a day like 2026-03-08") from None
    return instant.replace(second=0)


def _day(text: str, place: ZoneInfo, option: str = "--from") -> Day:
    return Day(date=parsed_day(text, option), zone=place)


def _found(catalog: Catalog, jobs: list[Job], start: datetime, end: datetime, limit: int) -> Found:
    covered = scopes(catalog)
    span = Span(start=start, end=end)
    return Found(
        start=start,
        end=end,
        jobs=jobs,
        fires=list(
            islice(merge(*(_fires(catalog, covered, job, start, end) for job in jobs), key=lambda fire: fire.at), limit)
        ),
        totals={job.name: len(job_minutes(job, span)) for job in jobs},
        changes={job.time_zone: list(changes(zone(job.time_zone), start, end)) for job in jobs},
    )


def _fires(
    catalog: Catalog, covered: Mapping[str, tuple[str, ...]], job: Job, start: datetime, end: datetime
) -> Iterator[Fire]:
    windows = [window for name, window in catalog.windows.items() if job.name in covered[f"window/{name}"]]
    for at in fires_between(job, start, end):
        held_by = tuple(opening for window in windows for opening in openings(window, at, at + datetime.resolution))
        yield Fire(at=at, job=job, held_by=held_by)


def _notes(found: Found, fire: Fire) -> list[str]:
    """What is special about a fire: it does not start, or a clock changes on its day."""
    notes = [f"held by {opening.scope}" for opening in fire.held_by]
    if fire.job.paused:
        notes.insert(0, "paused by declaration")
    if _local_day(fire.at, fire.job) in {_local_day(change.at, fire.job) for change in found.changes[fire.job.time_zone]}:
        notes.append("clock change")
    return notes


def _local_day(at: datetime, job: Job) -> date:
    return at.astimezone(zone(job.time_zone)).date()


def _change_lines(found: Found, job: Job) -> Iterator[str]:
    """The days on which the job's clock changes, and what that does to it."""
    for change in found.changes[job.time_zone]:
        happens = "; ".join(what_happens(job.schedule, zone(job.time_zone), change)) or "none of its times is concerned"
        yield f"{_local_day(change.at, job)}: {change} in {job.time_zone}: {happens}"


def _print(found: Found, place: ZoneInfo) -> None:
    say_folded(f"From {_both(found.start, place)} to {_both(found.end, place)}")
    for job in found.jobs:
        total = found.totals[job.name]
        schedule = whole(f'"{job.schedule}"')
        when = f"{in_words(job.schedule)}: {count(total, 'fire')}" if job.schedule.is_known else nobody_knows(job.schedule)
        say_folded(f"{job.name}: {schedule} in {job.time_zone}: {when}")
        if job.season is not None:
            say_folded(season_in_words(job, job.season), indent="  ")
        if job.paused:
            say_folded(f"paused by declaration, so that none of them starts: {plain(job.paused.reason)}", indent="  ")
        for line in _change_lines(found, job):
            say_folded(line, indent="  ")
    if found.fires:
        say()
        table = Table("by its clock", "UTC", "job", prose("note"))
        for fire in found.fires:
            local = fire.at.astimezone(zone(fire.job.time_zone))
            table.row(
                f"{local:%a %Y-%m-%d %H:%M %Z}", f"{fire.at:%Y-%m-%d %H:%M}", fire.job.name, "; ".join(_notes(found, fire))
            )
        table.say()
    if rest := sum(found.totals.values()) - len(found.fires):
        all_of_them = sum(found.totals.values())
        say_folded(f"and {rest:,} more until {_both(found.end, place)}; --limit {all_of_them} shows them all")


def _both(at: datetime, place: ZoneInfo) -> str:
    """An instant for people, in a zone and UTC, both with their dates."""
    if place.key in UTC_NAMES:
        return whole(f"{at:%Y-%m-%d %H:%M} UTC")
    return whole(f"{at.astimezone(place):%Y-%m-%d %H:%M %Z} ({at:%Y-%m-%d %H:%M} UTC)")


def as_json(found: Found) -> Json:
    """The fires for programs; `total` counts those that --limit cuts too."""
    return {
        "from": format_instant(found.start),
        "to": format_instant(found.end),
        "jobs": [
            {
                "name": job.name,
                "schedule": job.schedule.text,
                "in_words": in_words(job.schedule),
                "time_zone": job.time_zone,
                "season": job.season.name if job.season else None,
                "declared_paused": job.paused is not None,
                "unknown": job.schedule.unknown or None,
                "total": found.totals[job.name] if job.schedule.is_known else None,
                "clock_changes": [
                    {
                        "at": format_instant(change.at),
                        "change": str(change),
                        "effects": [*what_happens(job.schedule, zone(job.time_zone), change)],
                    }
                    for change in found.changes[job.time_zone]
                ],
                "fires": [
                    {
                        "at": format_instant(fire.at),
                        "local": fire.at.astimezone(zone(job.time_zone)).isoformat(),
                        "held_by": [opening.scope for opening in fire.held_by],
                    }
                    for fire in found.fires
                    if fire.job.name == job.name
                ],
            }
            for job in found.jobs
        ],
    }
