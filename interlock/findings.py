"""Rules that a catalog should keep, beyond being well formed. A rule is broken with a waiver, or it is a finding.

One function a rule. A rule knows no clock; `today` is a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from interlock.access import WRITES
from interlock.catalog import Backfill, Catalog, Job, Processor, Service, Source, Waiver, Window
from interlock.cron import Cron

STAGGER_MINUTES = frozenset({15, 45})
"""Minutes of the hour that writers of tables which backfills touch start in."""
MAX_SHIFT_MINUTES = 60
"""A staggered run starts less than this from where it was; more means that it crossed midnight."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that something in the catalog breaks, for people."""

    rule: str
    subject: str
    message: str
    source: Source

    def __str__(self) -> str:
        return f"{self.source}: {self.rule}: {self.subject}: {self.message}"


Waivable = Job | Service | Processor | Backfill | Window


def findings(catalog: Catalog, today: date) -> list[Finding]:
    """Everything that breaks a rule and is not waived on `today`, sorted by place."""
    found = [finding for rule in RULES.values() for finding in rule(catalog, today)]
    things = waivable(catalog)
    open_ones = [finding for finding in found if not _waived(things[finding.subject], finding.rule, today)]
    return sorted(open_ones, key=lambda f: (f.source.file, f.source.line, f.rule, f.message))


def waivable(catalog: Catalog) -> dict[str, Waivable]:
    """What a waiver may stand in, by section and name, as `jobs.fetch`."""
    sections: dict[str, Mapping[str, Waivable]] = {
        "services": catalog.services,
        "processors": catalog.processors,
        "jobs": catalog.jobs,
        "backfills": catalog.backfills,
        "windows": catalog.windows,
    }
    return {f"{section}.{name}": thing for section, things in sections.items() for name, thing in things.items()}


def _waived(thing: Waivable, rule: str, today: date) -> bool:
    return any(waiver.rule == rule and today <= waiver.until for waiver in thing.waivers)


def stagger(catalog: Catalog, today: date) -> Iterator[Finding]:
    """A job that starts a writer of a table which a backfill touches fires at the stagger minutes, as often as it was."""
    del today
    touched = frozenset(table for backfill in catalog.backfills.values() for table in backfill.tables)
    for job in catalog.jobs.values():
        tables = {
            table
            for name in job.runs
            for table, kinds in catalog.processors[name].tables.items()
            if table in touched and kinds & WRITES
        }
        if tables and not job.schedule.minutes <= STAGGER_MINUTES:
            where = ", ".join(sorted(tables))
            message = f'"{job.schedule.text}" starts a writer of {where} outside minutes 15 and 45; move it, or waive the rule'
            yield Finding(rule="stagger", subject=f"jobs.{job.name}", message=message, source=job.source)
        if job.was is not None and (wrong := _moved_wrongly(job.was, job.schedule)):
            message = f'"{job.was.text}" became "{job.schedule.text}": {wrong}'
            yield Finding(rule="stagger", subject=f"jobs.{job.name}", message=message, source=job.source)


def _moved_wrongly(was: Cron, now: Cron) -> str:
    """What a stagger must not do, or nothing: the days and the number of runs stay, and no run crosses midnight."""
    if was.text.split()[2:] != now.text.split()[2:]:
        return "the days differ"
    before, after = _minutes_of_day(was), _minutes_of_day(now)
    if len(before) != len(after):
        return f"{len(before)} runs a day became {len(after)}"
    if any(abs(old - new) >= MAX_SHIFT_MINUTES for old, new in zip(before, after, strict=True)):
        return f"a run moved by {MAX_SHIFT_MINUTES} minutes or more, or across midnight"
    return ""


def _minutes_of_day(cron: Cron) -> list[int]:
    return sorted(60 * hour + minute for hour in cron.hours for minute in cron.minutes)


def review(catalog: Catalog, today: date) -> Iterator[Finding]:
    """A job that is paused by declaration is looked at again by its review date."""
    for job in catalog.jobs.values():
        if job.paused is not None and job.paused.review < today:
            message = f"paused by declaration ({job.paused.reason}); review was due on {job.paused.review}"
            yield Finding(rule="review", subject=f"jobs.{job.name}", message=message, source=job.source)


def waiver(catalog: Catalog, today: date) -> Iterator[Finding]:
    """A waiver names a rule that exists, and its end has not passed."""
    for subject, thing in waivable(catalog).items():
        for written in thing.waivers:
            if wrong := _wrong_waiver(written, today):
                yield Finding(rule="waiver", subject=subject, message=wrong, source=thing.source)


def _wrong_waiver(written: Waiver, today: date) -> str:
    if written.rule not in RULES:
        return f"waives unknown rule {written.rule!r}; known: {', '.join(sorted(RULES))}"
    if written.until < today:
        return f"waiver of {written.rule} ended on {written.until}: {written.reason}"
    return ""


RULES: dict[str, Callable[[Catalog, date], Iterator[Finding]]] = {"stagger": stagger, "review": review, "waiver": waiver}
