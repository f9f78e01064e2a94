"""What breaks a rule in a catalog, for people. The rules themselves are in `policies/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from interlock.catalog import Backfill, Catalog, Job, Processor, SeasonEntry, Service, Source, Waiver, Window


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that something in the catalog breaks, for people."""

    rule: str
    subject: str
    message: str
    source: Source

    def __str__(self) -> str:
        return f"{self.source}: {self.rule}: {self.subject}: {self.message}"


Waivable = Job | Service | Processor | Backfill | Window | SeasonEntry


def waivable(catalog: Catalog) -> dict[str, Waivable]:
    """What a waiver may stand in, by section and name, as `jobs.fetch`."""
    sections: dict[str, Mapping[str, Waivable]] = {
        "services": catalog.services,
        "processors": catalog.processors,
        "jobs": catalog.jobs,
        "backfills": catalog.backfills,
        "windows": catalog.windows,
        "seasons": catalog.season_entries,
    }
    return {f"{section}.{name}": thing for section, things in sections.items() for name, thing in things.items()}


def waivers_of(job: Job, catalog: Catalog) -> tuple[Waiver, ...]:
    """What counts for a job: its own waivers, and those of its service and of the processors that it starts, as what is wrong
    there shows in the job. Of a service that platforms share only the platform that declares it accepts anything: another
    one's job waives for itself."""
    behind: list[Service | Processor] = [job.target.service, *(catalog.processors[name] for name in job.runs)]
    shared = (one for one in behind if one.platform == job.platform)
    return (*job.waivers, *(waiver for one in shared for waiver in one.waivers))


ORDER, ALWAYS_HELD = "order", "always-held"
REVIEWED = frozenset({ORDER, ALWAYS_HELD})
"""What no rule judges and a waiver may name all the same: a review finds it when it becomes so. That windows hold every start
of a job, a platform may have wanted once. That a consumer starts too soon after its producer is shown by the timeline, too; as
a rule it would fail a platform for each pair of jobs that was always so: a schedule has no room for each producer of each
table, and many consumers come back anyway."""


def accepted(rule: str, jobs: Iterable[str], catalog: Catalog, today: date) -> Waiver | None:
    """The waiver of `rule` by which one of several jobs accepts what they do to each other: either's counts for both, up to and
    including its day."""
    known = (waiver for job in jobs if job in catalog.jobs for waiver in waivers_of(catalog.jobs[job], catalog))
    return next((waiver for waiver in known if waiver.rule == rule and today <= waiver.until), None)
