"""`interlock why`: one job, held by what until when, and what that costs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from interlock.actual import MISSING
from interlock.catalog import Json
from interlock.commands.holds import how_to_end
from interlock.cron import zone
from interlock.declaration import DeclaredJob
from interlock.holding import LOOK_AHEAD, Effective
from interlock.holds import format_end, format_instant, hold_json, until
from interlock.names import MAX_TEXT, count, did_you_mean, plain
from interlock.seasons import next_fire
from interlock.terminal.common import Format, catalog_option, env_option, format_option, print_json
from interlock.terminal.ends import own_zone
from interlock.terminal.site import Site, asking, see
from interlock.terminal.tables import say, say_command, say_folded
from interlock.terminal.uncovered import print_uncovered
from interlock.timing.effect import fires, made_up_for
from interlock.timing.until import parse_end
from interlock.timing.words import nobody_knows


@click.command()
@click.argument("name", metavar="JOB")
@click.option(
    "--at", metavar="INSTANT", help="Then, as far as is known now: 23:00, 2026-11-24 07:00, or RFC 3339. Default: now."
)
@catalog_option
@env_option
@format_option
def command(name: str, at: str | None, root: Path, env_name: str, style: Format) -> None:
    """Why JOB runs or does not: what holds it until when, what happens next, and the runs that it misses."""
    site = see(env_name)
    job = _job(site, name)
    instant = _instant(at, site.now)
    seen = site.holding.of(job, instant)
    with asking(site.environment):
        missed = site.missed_so_far(job) if instant == site.now else None
        actual = site.reader.jobs(site.declaration).get(name) if instant == site.now else None
    state = (actual.state if actual else MISSING) if instant == site.now else None
    if style == "json":
        print_json(_as_json(job, seen, instant, state, missed))
    else:
        _print(site, job, seen, instant, state, missed)
        if instant == site.now:
            print_uncovered(site, [name], root)


def _job(site: Site, name: str) -> DeclaredJob:
    if name in site.declaration.jobs:
        return site.declaration.jobs[name]
    raise click.UsageError(f"nothing deployed knows the job {name!r}{did_you_mean(name, site.declaration.jobs)}")


def _instant(at: str | None, now: datetime) -> datetime:
    if at is None:
        return now
    try:
        instant = parse_end(at, now, own_zone())
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f"--at: {error}") from None
    if not now <= instant <= now + LOOK_AHEAD:
        raise click.UsageError(f"--at {at} is not in the next {LOOK_AHEAD.days} days; what was held before is in the log")
    return instant


def _to_miss(job: DeclaredJob, seen: Effective, at: datetime) -> int | None:
    """How many runs it misses from then on until nothing holds it; None when that is beyond reach."""
    return fires(job, at, seen.free) if seen.free else None


def _as_json(job: DeclaredJob, seen: Effective, at: datetime, state: str | None, missed: int | None) -> Json:
    said: dict[str, Json] = {
        "name": job.name,
        "state": state,
        "declared_paused": job.paused,
        "held_by": [hold_json(hold) for hold in seen.held_by],
        "free_at": format_instant(seen.free) if seen.free else None,
        "next_hold": hold_json(seen.next_hold) if seen.next_hold else None,
        "missed_so_far": missed if job.schedule.is_known else None,
        "will_miss": None if job.paused or not job.schedule.is_known else _to_miss(job, seen, at),
        "unknown": job.schedule.unknown or None,
        "catch_up": job.catch_up,
        "recoverable": job.recoverable,
    }
    return {"at": format_instant(at), "jobs": [said]}


def _print(site: Site, job: DeclaredJob, seen: Effective, at: datetime, state: str | None, missed: int | None) -> None:
    now, place, shown = site.now, zone(job.time_zone), site.clock
    when = "now" if at == now else f"at {format_end(at, shown, now)}"
    why = seen.explain(shown, now) if seen.paused or seen.undecided else "runs"
    say_folded(f"{job.name} {when}: {plain(why, MAX_TEXT)}{f' ({state})' if state else ''}", style="bold")
    for hold in seen.held_by:
        not_yet = hold.start is not None and hold.start > now
        said = f"{hold.reason or 'no reason is known'} ({hold.said_by or 'nobody is named'})"
        ending = "not yet" if not_yet else "to end it:"
        say_folded(f"{hold.scope}: {plain(said, MAX_TEXT)}; {ending}", indent="  ")
        if not not_yet:
            say_command(f"  {how_to_end(hold)}")
    if job.paused:
        say("It stays paused when nothing holds it: the catalog declares so.")
        return
    _print_cost(site, job, seen, at, missed)
    if seen.free and (at != seen.free or not seen.held_by):
        following = next_fire(job, seen.free - datetime.resolution)
        then = f"next run {format_end(following, place, now)}" if following else _never(job)
        say_folded(f"Schedule: {job.schedule} in {job.time_zone}; {then}")
    if seen.next_hold:
        start = seen.next_hold
        begins = f" from {format_end(start.start, shown, now)} on" if start.start else ""
        say_folded(f"Held next by {start.scope}{begins}, {until(start, shown, now)}")


def _never(job: DeclaredJob) -> str:
    """Why nobody can say when it runs next."""
    if job.season is not None and job.schedule.is_known:
        return f"no run is ahead in what is declared of the season {job.season.name}"
    return nobody_knows(job.schedule)


def _print_cost(site: Site, job: DeclaredJob, seen: Effective, at: datetime, missed: int | None) -> None:
    if not seen.held_by:
        return
    if seen.free is None:
        open_ended = any(hold.is_open_ended for hold in seen.held_by)
        say("Nothing known frees it" + ("" if open_ended else f" in the next {LOOK_AHEAD.days} days"))
        return
    say_folded(f"Free again at {site.say_end(seen.free)}")
    if not job.schedule.is_known:
        say_folded(f"Of its schedule {nobody_knows(job.schedule)}; {made_up_for(job, 0)}")
        return
    said = f"{count(missed, 'run')} missed so far, " if missed is not None else ""
    more = fires(job, at, seen.free)
    total = more + (missed or 0)
    say_folded(f"{said}{more} more to miss until then{f'; {made_up_for(job, total)}' if total else ''}")
