"""`interlock timeline`: a day of the catalog, for people, programs and as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from interlock.catalog import Catalog, Json
from interlock.cron import FIRST_YEAR, LAST_YEAR, ZoneError, zone
from interlock.drawing.strip import LEGEND, SLOT, WIDE_LEGEND, WIDE_SLOT, ruler, slots, strip
from interlock.drawing.svg import svg
from interlock.graph import scopes
from interlock.holds import format_instant
from interlock.names import count, did_you_mean, plain
from interlock.reading.files import load_catalog
from interlock.terminal.common import Format, catalog_option, format_option, print_json, say_offline
from interlock.terminal.tables import folded, grouped, room, say
from interlock.timing.collisions import WORST_FIRST, CollisionKind
from interlock.timing.minutes import Day
from interlock.timing.timeline import Clash, JobRow, Timeline, leading_to, timeline, usual_zone
from interlock.timing.words import in_words, nobody_knows
from interlock.zones import names

if TYPE_CHECKING:
    from interlock.terminal.site import Site

SHOWN_CLASHES = 5
SHOWN_JOBS = 6
SHOWN_NAMES = 20
COUNT_WIDTH = 7
INDENT = "  "


@click.command()
@click.option("--day", "day_text", metavar="DAY", help="As 2026-01-13. Default: today, in the zone.")
@click.option(
    "--zone", "zone_name", metavar="ZONE", help="Whose day and clock, as America/New_York. Default: that of most jobs."
)
@click.option("--service", metavar="SERVICE", help="Only the jobs that call it.")
@click.option("--table", metavar="TABLE", help="Only the jobs that lead to a writer or reader of it.")
@click.option("--svg", "picture", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a picture too.")
@click.option("--env", "env_name", metavar="ENV", help="Mark the holds that are in force there now. Default: ask no cloud.")
@catalog_option
@format_option
def command(
    day_text: str | None,
    zone_name: str | None,
    service: str | None,
    table: str | None,
    picture: Path | None,
    env_name: str | None,
    root: Path,
    style: Format,
) -> None:
    """A day's fires, with windows, declared pauses and collisions marked; with --env the holds too."""
    seen = _seen(env_name) if env_name else None
    catalog = load_catalog(root) if seen else say_offline(root)
    now = seen.now if seen else datetime.now(UTC)
    place = parsed_zone(zone_name or usual_zone(catalog))
    day = Day(date=parsed_day(day_text, "--day") if day_text else now.astimezone(place).date(), zone=place)
    if day.start == day.end:
        raise click.UsageError(f"--day: the clocks of {place.key} left {day.date} out")
    holding = (
        seen.objects.holding(scopes(catalog), catalog.timed, catalog.identities, seen.declaration.max_hold) if seen else None
    )
    found = timeline(catalog, day, jobs=_jobs(catalog, service, table), holding=holding)
    if picture:
        _write(picture, svg(found))
    if style == "json":
        print_json(as_json(found))
    else:
        usual = "" if zone_name else f", the zone of {_share(catalog, place)}"
        say(f"{day.date:%A}, {day.date}, {place.key}{usual}")
        for line in _lines(found):
            say(line)


def _seen(env_name: str) -> Site:
    """What holds in an environment now, and the openings that were released early."""
    from interlock.terminal.site import see  # Google's libraries, which a look at the catalog does without

    return see(env_name)


def parsed_zone(name: str) -> ZoneInfo:
    """The zone that --zone names."""
    try:
        return zone(name)
    except ZoneError as error:
        raise click.UsageError(f"--zone: {error}{did_you_mean(name, sorted(names()))}") from None


def parsed_day(text: str, option: str) -> date:
    """The day that an option names."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option}: {text!a} is no day; write one like 2026-01-13") from None
    if not FIRST_YEAR < day.year < LAST_YEAR:
        raise click.UsageError(f"{option}: {text} is not in the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
    return day


def _jobs(catalog: Catalog, service: str | None, table: str | None) -> frozenset[str]:
    """Those that the options leave."""
    jobs = frozenset(catalog.jobs)
    if service is not None:
        if service not in catalog.services:
            raise _unknown("service", service, sorted(catalog.services))
        jobs &= {name for name, job in catalog.jobs.items() if job.target.service.name == service}
    if table is not None:
        if table not in catalog.tables:
            raise _unknown("table", table, sorted(catalog.tables))
        jobs &= leading_to(catalog, table)
    return jobs


def _unknown(kind: str, name: str, known: list[str]) -> click.UsageError:
    more = f" and {len(known) - SHOWN_NAMES} more" if len(known) > SHOWN_NAMES else ""
    hint = did_you_mean(name, known) or f"; known: {', '.join(known[:SHOWN_NAMES]) or 'none'}{more}"
    return click.UsageError(f"the catalog has no {kind} {name!a}{hint}")


def _share(catalog: Catalog, place: ZoneInfo) -> str:
    return f"{Counter(job.time_zone for job in catalog.jobs.values())[place.key]} of {len(catalog.jobs)} jobs"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"--svg: {path} can't be written: {error.strerror}") from None
    say(f"wrote {path}", err=True)


def _lines(found: Timeline) -> Iterator[str]:
    yield from folded(found.summary, room())
    yield from _unknown_lines(found)
    if not found.rows:
        return
    yield ""
    yield from _strip_lines(found)
    yield from _closed_lines(found)
    yield from _paused_lines(found)
    yield from _collision_lines(found)


def _unknown_lines(found: Timeline) -> Iterator[str]:
    """The jobs that the day leaves out, those together of which the same is not known."""
    by_reason = grouped(found.unknown, lambda job: nobody_knows(job.schedule))
    if by_reason:
        yield ""
        yield "Left out, as they may fire at any time:"
    for reason, jobs in by_reason.items():
        yield from folded(f"{', '.join(job.name for job in jobs)}: {reason}", room(), INDENT)


def _strip_lines(found: Timeline) -> Iterator[str]:
    """The strips, by half hours where the longest line has room for that."""
    day = found.day
    beside = 2 * (COUNT_WIDTH + 1) + 2 + max(len(row.job.name) for row in found.rows)
    slot, legend = (SLOT, LEGEND) if slots(day) + beside <= room() else (WIDE_SLOT, WIDE_LEGEND)
    yield f"{ruler(day, slot)} {'starts':>{COUNT_WIDTH}} {'collide':>{COUNT_WIDTH}}"
    for name, rows in found.groups:
        yield plain(name)
        for row in rows:
            starts = "paused" if row.job.paused else row.starts
            counts = f"{starts:>{COUNT_WIDTH}} {len(row.colliding) or '-':>{COUNT_WIDTH}}"
            yield f"{strip(row.fires, day, row.intervals(day), slot)} {counts}  {row.job.name}"
    yield from folded(legend, room())


def _closed_lines(found: Timeline) -> Iterator[str]:
    if found.closed:
        yield ""
        yield "Closed:"
    for closed in found.closed:
        covered = [row for row in found.rows if closed in row.closed]
        held = sum(1 for row in covered if not row.job.paused for fire in row.fires if closed.start <= fire < closed.end)
        reason = f": {plain(closed.reason)}" if closed.reason else ""
        said = f"covers {len(covered):,} of these jobs, holds {count(held, 'run')}"
        yield from folded(f"{closed.scope} {closed.when(found.day)}{reason}; {said}", room(), INDENT)


def _paused_lines(found: Timeline) -> Iterator[str]:
    """The jobs that the catalog pauses, those with the same reason together."""
    by_pause = grouped((row.job for row in found.rows if row.job.paused), lambda job: job.paused)
    if by_pause:
        yield ""
        yield "Paused by declaration:"
    for pause, jobs in by_pause.items():
        if pause:
            why = f"{plain(pause.reason)} ({plain(pause.owner)}, to be looked at on {pause.review})"
            yield from folded(f"{', '.join(job.name for job in jobs)}: {why}", room(), INDENT)


def _collision_lines(found: Timeline) -> Iterator[str]:
    yield ""
    yield found.collision_counts.capitalize()
    for kind in WORST_FIRST:
        clashes = [clash for clash in found.clashes if clash.kind is kind]
        for clash in clashes[:SHOWN_CLASHES]:
            yield from folded(
                f"{kind}, {_first(clash, found.day)}: {clash.why}{_over(clash)}{_accepted(clash)}", room(), INDENT
            )
        if rest := clashes[SHOWN_CLASHES:]:
            said = f"{kind}, and {len(rest)} more; --format json has them all, --service and --table fewer"
            yield from folded(said, room(), INDENT)


def _first(clash: Clash, day: Day) -> str:
    more = f" and {count(len(clash.begins) - 1, 'more time')}" if len(clash.begins) > 1 else ""
    return f"{clash.begins[0].astimezone(day.zone):%H:%M}{more}"


def _over(clash: Clash) -> str:
    """Over what or of which jobs, as far as the sentence doesn't say it."""
    if clash.kind is CollisionKind.BUDGET:
        more = f" and {len(clash.jobs) - SHOWN_JOBS} more" if len(clash.jobs) > SHOWN_JOBS else ""
        return f" ({', '.join(clash.jobs[:SHOWN_JOBS])}{more})"
    if clash.kind is CollisionKind.GAP:
        return f" ({', '.join(clash.jobs)})"
    more = f" and {count(len(clash.subjects) - 1, 'other table')}" if len(clash.subjects) > 1 else ""
    return f" ({clash.subjects[0]}{more})"


def _accepted(clash: Clash) -> str:
    """Who accepts it, if somebody does."""
    waiver = clash.accepted
    return f"; accepted by {plain(waiver.owner)} until {waiver.until}: {plain(waiver.reason)}" if waiver else ""


def as_json(found: Timeline) -> Json:
    """The day for programs."""
    return {
        "day": found.day.date.isoformat(),
        "zone": found.day.zone.key,
        "start": format_instant(found.day.start),
        "end": format_instant(found.day.end),
        "jobs": [_row_json(row) for row in found.rows],
        "unknown": [{"name": job.name, "schedule": job.schedule.text, "why": job.schedule.unknown} for job in found.unknown],
        "closed": [
            {"scope": c.scope, "start": format_instant(c.start), "end": format_instant(c.end), "reason": c.reason}
            for c in found.closed
        ],
        "collisions": [
            {
                "kind": clash.kind.value,
                "jobs": [*clash.jobs],
                "subjects": [*clash.subjects],
                "why": clash.why,
                "accepted_until": clash.accepted.until.isoformat() if clash.accepted else None,
                "times": [format_instant(at) for at in clash.begins],
            }
            for clash in found.clashes
        ],
    }


def _row_json(row: JobRow) -> dict[str, Json]:
    return {
        "name": row.job.name,
        "group": row.group,
        "service": row.job.target.service.name,
        "schedule": row.job.schedule.text,
        "in_words": in_words(row.job.schedule),
        "time_zone": row.job.time_zone,
        "declared_paused": row.job.paused is not None,
        "starts": row.starts,
        "fires": [
            {
                "at": format_instant(fire),
                "held_by": [closed.scope for closed in row.held_by(fire)],
                "collides": [kind.value for kind in WORST_FIRST if kind in row.colliding.get(fire, ())],
            }
            for fire in row.fires
        ],
    }
