"""What breaks a rule in a catalog, for people. The rules themselves are in `policies/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.catalog import Backfill, Catalog, Job, Processor, SeasonEntry, Service, Source, Window


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
