"""What breaks a rule in a catalog, for people. The rules themselves are in `policies/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.catalog import Backfill, Catalog, Job, Processor, Service, Source, Waiver, Window


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


def waivers_of(job: Job, catalog: Catalog) -> tuple[Waiver, ...]:
    """What counts for a job: its own waivers, and those of its service and of the processors that it starts, as what is wrong
    there shows in the job. Of a service that platforms share only the platform that declares it accepts anything: another
    one's job waives for itself."""
    behind: list[Service | Processor] = [job.target.service, *(catalog.processors[name] for name in job.runs)]
    shared = (one for one in behind if one.platform == job.platform)
    return (*job.waivers, *(waiver for one in shared for waiver in one.waivers))
