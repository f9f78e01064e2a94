"""When jobs fire: a schedule that every reader reads alike, in a zone that is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from interlock.cron import MAX_TEXT_CHARACTERS, Cron, CronError, ZoneError, instead, zone
from interlock.cron_fields import unwrapped, wrapping
from interlock.timing.clock_changes import Change, changes, what_happens
from policies.rules.estate import JOB, Estate, Resource
from policies.rules.rule import rule
from policies.rules.seasons import season_of
from policies.rules.values import Malformed, shown

HOURS_A_DAY = 24
CACHED_ZONES = 64
YEAR_AND_A_WEEK = timedelta(days=373)
"""A change comes on a Sunday: up to a week later than a year ago. In a year alone there are days without the next one."""


def fires(job: Resource) -> tuple[Cron, ZoneInfo] | None:
    """When a job fires; None when its schedule or zone is wrong, which other rules say of it. Unresolved when it is that."""
    try:
        text, name = job.attributes.text("schedule"), job.attributes.text("time_zone")
        return (Cron.read(text), zone(name)) if text is not None and name is not None else None
    except (CronError, ZoneError, Malformed):
        return None


@rule(
    1,
    "cron",
    "A schedule is unix-cron in the part that every library reads alike",
    kinds=(JOB,),
    bad='schedule: "0 0 1 * MON"',
    good='schedule: "0 0 1 * *"',
)
def cron(job: Resource) -> Iterator[str]:
    """Cloud Scheduler takes more than that, both day fields and App Engine's English among it
    (cloud.google.com/scheduler/docs/configuring/cron-job-schedules). A job that has it already is read, held and released as
    any other, under a waiver; of an interval nobody knows when it fires, and so nothing can be said of what it meets. Two
    leading libraries read 46 % of the schedules that restrict both day fields differently, and 93 % of those with a range from
    a number to itself: nobody should have to know which of them Cloud Scheduler agrees with."""
    text = job.attributes.text("schedule")
    if text is None:
        yield "it has no schedule; write five fields"
        return
    try:
        Cron.parse(unwrapped(text))  # `wrap-around` says what that changes
    except CronError as error:
        better = instead(text)
        yield f"schedule {error}{f'; {better}' if better else ''}"


@rule(
    2,
    "wrap-around",
    "No range of a schedule wraps around",
    kinds=(JOB,),
    bad='schedule: "0 8 * 11-5 *"',
    good='schedule: "0 8 * 1-5,11,12 *"',
)
def wrap_around(job: Resource) -> Iterator[str]:
    """`22-2` and `11-5` read as "over midnight" and "over the new year". Some cron implementations do that, some refuse it, and
    some never fire; Google's page wants the first number to be the smaller one. A list says the same to all."""
    text = job.attributes.text("schedule") or ""
    for field, part in wrapping(text[:MAX_TEXT_CHARACTERS]):
        yield f"the {field.name} {part} of its schedule wraps around; write {field.unwrapped(part)}"


@rule(
    3,
    "zone",
    "A job says in which time zone it fires, one of the tz database",
    kinds=(JOB,),
    bad="time_zone: EST5EDT4  # or none at all",
    good="time_zone: America/New_York",
)
def zone_known(job: Resource) -> Iterator[str]:
    """Left out, the provider says Etc/UTC, and whoever reads "5 AM" thinks of the clock on the wall: on the NBA platform at
    least six jobs had a UTC hour beside a local zone."""
    name = job.attributes.text("time_zone")
    if name is None:
        yield "it has no time_zone; write one like America/New_York or Etc/UTC"
        return
    try:
        zone(name)
    except ZoneError as error:
        yield f"time_zone {error}"


@rule(
    4,
    "clock-change",
    "No job fires at a time that a change of the clocks skips or repeats",
    kinds=(JOB,),
    bad='schedule: "30 2 * * *"  # in America/New_York',
    good='schedule: "30 4 * * *"',
)
def clock_change(job: Resource, estate: Estate) -> Iterator[str]:
    """At a change to or from daylight saving a job "may observe execution anomalies" (cloud.google.com/scheduler/docs,
    configuring cron): it may not run, or run twice. Interlock shows Debian cron's reading, and nobody promises it. A job that
    fires in every hour has no such time: it just goes on."""
    when = fires(job)
    if when is None or len(when[0].hours) == HOURS_A_DAY:
        return
    schedule, in_zone = when
    season = season_of(job, estate)
    for change in _changes(in_zone, estate.today):
        if season is not None and not season.is_open(change.at):
            continue
        for what in what_happens(schedule, in_zone, change):
            yield f"on {change.before:%Y-%m-%d} {change}: {what}; move it to another hour, or waive the rule"


@lru_cache(CACHED_ZONES)
def _changes(in_zone: ZoneInfo, today: date) -> tuple[Change, ...]:
    """The changes of a zone's clocks in the year and a week that begin today."""
    start = datetime(today.year, today.month, today.day, tzinfo=UTC)
    return tuple(changes(in_zone, start, start + YEAR_AND_A_WEEK))


@rule(
    5,
    "one-shot",
    "No date that comes once is written as a yearly schedule",
    kinds=(JOB,),
    bad='schedule: "0 9 14 6 *"  # a reminder for this June',
    good='schedule: "0 9 14 * *"',
)
def one_shot(job: Resource) -> Iterator[str]:
    """Cron has no year: a reminder for the 14th of June comes back every June, when nobody remembers what it was for."""
    when = fires(job)
    if when is not None and len(when[0].days) == len(when[0].months) == 1 and not when[0].either_day:
        yield f"{shown(when[0].text)} fires on one day of every year; what shall run once is run by hand, then forgotten"
