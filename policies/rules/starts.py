"""When jobs start, in a year from the day of an estate on: what the rules about several of them ask."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from interlock.dates import NamedDay
from interlock.names import count, rounded
from interlock.platform_rules import PlatformRules
from interlock.seasons import Season
from interlock.timing.minutes import Minutes
from interlock.timing.season_minutes import minutes_inside
from interlock.timing.year import Year
from policies.rules.estate import JOB, Estate, Resource
from policies.rules.facts import MAX_GAP, Writes, days_of, rules_for, writes_of
from policies.rules.rule import Rule
from policies.rules.schedules import fires
from policies.rules.seasons import season_of
from policies.rules.values import Malformed, Unresolved
from policies.rules.waivers import waiver_of

SHOWN_JOBS = 3


Timing = tuple[str, str, Season | None]
"""A schedule, its zone and the season outside of which it is held."""
Met = dict[str, Minutes]
"""By address, other jobs and when one meets them, in the year from the estate's day on."""


@dataclass(frozen=True, kw_only=True)
class Starter:
    """A job that runs, what is known of what it starts, and when: its minutes in the year from the estate's day on."""

    job: Resource
    key: Timing
    """Jobs that have it in common start at the same times."""
    zone: ZoneInfo
    starts: Minutes
    service: str | None
    bears: int
    """How many starts a minute."""
    gap: timedelta | None
    """How far apart its service wants starts."""
    writes: Writes
    days: Mapping[str, NamedDay]
    """Of the tables of which it changes one day alone."""
    rules: PlatformRules
    """Of its platform."""


def starters(estate: Estate) -> dict[str, Starter]:
    """Every job that is not paused by declaration and whose schedule and facts can be read, by address. Of one that can't be
    read the rules say that; the others are judged without it."""
    span = Year(first=estate.today).span
    before = {} if estate.like is None else estate.like.once(starters)
    known: dict[Timing, Minutes] = {starter.key: starter.starts for starter in before.values()}
    found = {}
    for job in estate.every(JOB):
        if estate.like is not None and job.address not in estate.changed:
            if job.address in before:
                found[job.address] = before[job.address]
            continue
        with suppress(Malformed, Unresolved):
            when = None if "paused" in job.facts else fires(job)
            if when is None or not when[0].is_known:
                continue
            schedule, in_zone = when
            season = season_of(job, estate)
            key = (schedule.text, in_zone.key, season)
            if key not in known:
                known[key] = minutes_inside(season, schedule, in_zone, span)
            found[job.address] = Starter(
                job=job,
                key=key,
                zone=in_zone,
                starts=known[key],
                service=job.facts.text("service"),
                bears=_bears(job),
                gap=_gap(job),
                writes=writes_of(job),
                days=days_of(job),
                rules=rules_for(job, estate),
            )
    return found


def must_be_readable(job: Resource, estate: Estate) -> None:
    """Raises what `starters` leaves a job out for."""
    if job.address in estate.once(starters):
        return
    rules_for(job, estate)
    fires(job)
    season_of(job, estate)
    _bears(job)
    _gap(job)
    writes_of(job)
    days_of(job)


def _bears(job: Resource) -> int:
    """How many starts a minute the service of a job takes: one, until somebody says how many."""
    starts = job.facts.number("starts_per_minute")
    if starts is not None and starts < 1:
        raise Malformed("starts_per_minute", starts, "a number from 1 on")
    return starts or 1


def _gap(job: Resource) -> timedelta | None:
    wanted = job.facts.seconds("gap_s")
    if wanted is not None and wanted > MAX_GAP:
        raise Malformed("gap_s", int(wanted.total_seconds()), f"{rounded(MAX_GAP)} at most, in seconds")
    return wanted


def waived(other: Resource, by: Rule, estate: Estate) -> bool:
    """Whether the other one of a pair waives the rule: that counts for both."""
    return waiver_of(other, by.name, estate.today) is not None


def names_of(jobs: list[str]) -> str:
    shown = ", ".join(jobs[:SHOWN_JOBS])
    return shown if len(jobs) <= SHOWN_JOBS else f"{shown} and {count(len(jobs) - SHOWN_JOBS, 'more job')}"


def with_days(job: Resource, met: Met, estate: Estate) -> str:
    """The names of the jobs that one meets, those first with which it does on most days; with the days, where not on all."""
    from interlock.timing.days_in_words import ALWAYS  # here, as a catalog without findings says no days

    known = estate.once(starters)
    alike: dict[str, list[str]] = {}
    for other in sorted(met, key=lambda address: (-len(met[address]), known[address].job.name)):
        alike.setdefault(words_of(job, {other: met[other]}, estate), []).append(other)
    if len(alike) > SHOWN_JOBS:
        alike = {words_of(job, met, estate): [*met]}
    said = (
        f"{names_of(sorted(known[other].job.name for other in others))}{'' if words == ALWAYS else f' {words}'}"
        for words, others in alike.items()
    )
    return ", and ".join(said)


def words_of(job: Resource, met: Met, estate: Estate) -> str:
    """The days on which one meets some of the others, by its own clock."""
    from interlock.timing.days_in_words import days_in_words

    known, year = estate.once(starters), Year(first=estate.today)
    zone = known[job.address].zone
    bits = 0
    for minutes in met.values():
        bits |= minutes.bits
    clocks = [known[other].zone for other in met]
    return days_in_words(year.days(Minutes(span=year.span, bits=bits), zone), year, zone, clocks).text
