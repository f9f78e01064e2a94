"""At which minutes writers of what backfills change start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from interlock.cron import Cron, CronError
from interlock.platform_rules import PlatformRules, Was
from policies.rules.estate import JOB, Estate, Resource
from policies.rules.facts import rules_for, writes_of
from policies.rules.rule import rule
from policies.rules.schedules import fires
from policies.rules.values import Malformed, Unresolved
from policies.rules.waivers import waiver_of

MAX_SHIFT_MINUTES = 60
"""A staggered run starts less than this from where it was; more means that it crossed midnight."""


@rule(
    6,
    "stagger",
    "A job that starts a writer of a table which a backfill changes starts at :15 or :45, or at the minutes of its platform",
    kinds=(JOB,),
    bad='schedule: "0 * * * *"',
    good='schedule: "15 * * * *"\nwas: "0 * * * *"',
)
def stagger(job: Resource, estate: Estate) -> Iterator[str]:
    """Everything starts at the full hour, the hand-started parts of a backfill too. It is asked of writers that really
    conflict with what a backfill does, as `interlock affected` shows. It is not asked of a job that is paused by declaration or
    undecided, nor of one that starts more often in an hour than there are minutes to start in: `interlock validate` names
    those, once. A stagger keeps what it replaces (`was`): the same days, the same number of runs, none moved across midnight.

    The minutes are a default. A platform's folder says its own: `rules: {stagger: {minutes: [5, 35], within: 2m}}`, or
    `stagger: off`; and `was: days` keeps the days only, `was: free` nothing."""
    when = fires(job)
    if when is None or not when[0].is_known or rests(job):
        return
    schedule, rules = when[0], rules_for(job, estate)
    tables = backfilled(job)
    if tables and not starts_too_often(schedule, rules) and not schedule.minutes <= rules.stagger.allowed:
        where = ", ".join(tables)
        whose = f" of {rules.name}'s rules" if rules.name else ""
        yield f'"{schedule.text}" starts a writer of {where} outside {rules.stagger}{whose}; move it, or waive the rule'
    if (was := job.facts.text("was")) is not None:
        try:
            wrong = moved_wrongly(Cron.read(was), schedule, rules.was)
        except CronError as error:
            wrong = str(error)
        if wrong:
            keeps = "" if rules.was == "days" else ", less than an hour from before"
            yield f'"{was}" became "{schedule.text}": {wrong}; let it start on the same days{keeps}'


def rests(job: Resource) -> bool:
    """Whether nobody has it run: it is paused by declaration, or nobody has decided."""
    return "paused" in job.facts or "undecided" in job.facts


def backfilled(job: Resource) -> list[str]:
    """The tables that it starts a writer of, and that a backfill changes with a real conflict."""
    backfilled = job.facts.texts("backfilled")
    return [table for table in writes_of(job) if table in backfilled]


def starts_too_often(schedule: Cron, rules: PlatformRules) -> bool:
    """Whether a stagger can ask nothing of a schedule: it is off, or has fewer minutes than the schedule starts in an hour."""
    return not rules.stagger.minutes or len(schedule.minutes) > len(rules.stagger.minutes)


def often(estate: Estate) -> dict[str, list[str]]:
    """By platform, the jobs that write what a backfill changes and start too often for its stagger; both sorted. Not those
    that say so themselves, in a waiver."""
    found: dict[str, list[str]] = {}
    for job in estate.every(JOB):
        with suppress(Malformed, Unresolved):
            when, rules = fires(job), rules_for(job, estate)
            asked = rules.stagger.minutes and not rests(job) and waiver_of(job, stagger.name, estate.today) is None
            if asked and when and when[0].is_known and starts_too_often(when[0], rules) and backfilled(job):
                found.setdefault(rules.name, []).append(job.name)
    return {platform: sorted(jobs) for platform, jobs in sorted(found.items())}


def moved_wrongly(was: Cron, now: Cron, keeps: Was) -> str:
    """What a stagger must not do, or nothing: the days and the number of runs stay, and no run crosses midnight."""
    if not was.is_known or keeps == "free":
        return ""
    if (was.days, was.months, was.weekdays, was.either_day) != (now.days, now.months, now.weekdays, now.either_day):
        return "the days differ"
    if keeps == "days":
        return ""
    before, after = sorted(was.times), sorted(now.times)
    if len(before) != len(after):
        return f"{len(before)} runs a day became {len(after)}"
    if any(abs(old - new) >= MAX_SHIFT_MINUTES for old, new in zip(before, after, strict=True)):
        return f"a run moved by {MAX_SHIFT_MINUTES} minutes or more, or across midnight"
    return ""
