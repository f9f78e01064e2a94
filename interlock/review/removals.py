"""What the catalog says under `removed` of the jobs that a change takes out, and entries there that say nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from interlock.catalog import Catalog, Job, JobRemoval
from interlock.names import did_you_mean
from interlock.review.diff import Difference
from interlock.review.remark import Remark, Topic


@dataclass(frozen=True, kw_only=True)
class Removals:
    """The entries under `removed` of a catalog, on a day."""

    catalog: Catalog
    today: date

    def of(self, job: Job) -> JobRemoval | None:
        """The entry about a job, by either of its names, whether its day has passed or not."""
        return self.catalog.removed.get(job.name) or self.catalog.removed.get(job.scheduler_name)

    def accepts(self, job: Job) -> bool:
        """Whether somebody says that the job is gone on purpose, as the rule `delete` has it."""
        entry = self.of(job)
        return entry is not None and not self._has_passed(entry)

    def named(self, name: str) -> JobRemoval | None:
        """The entry that accepts that a job of this name goes."""
        entry = self.catalog.removed.get(name)
        return None if entry is None or self._has_passed(entry) else entry

    def _has_passed(self, entry: JobRemoval) -> bool:
        return entry.until < self.today

    def advice(self, job: Job, instead: str) -> str:
        """What to write so that the deletion of a job is accepted, or what to do `instead`."""
        if entry := self.of(job):
            return f"its entry under `removed` ended on {entry.until} ({entry.source}): give it a later day"
        wanted = f"{job.name}: {{reason: ..., owner: {job.owner}, until: YYYY-MM-DD}}"
        return f"{instead}, or write under `removed`: {wanted}{did_you_mean(job.name, self.catalog.removed)}"


def accepted_in_words(entry: JobRemoval) -> str:
    """Why a job is gone on purpose, whose decision it is and until when."""
    return f"removed on purpose: {entry.reason} ({entry.owner}, until {entry.until})"


def about_removals(changes: Difference, before: Catalog, removals: Removals) -> Iterator[Remark]:
    """A note for each entry under `removed` that is past its day, or new and about a job that neither side knows."""
    gone = {name for job in changes.jobs for side in job.sides if side for name in (side.name, side.scheduler_name)}
    known = gone | {name for job in before.jobs.values() for name in (job.name, job.scheduler_name)}
    for name, entry in sorted(removals.catalog.removed.items()):
        said = ""
        if entry.until < removals.today:
            said = "" if name in gone else f"its day, {entry.until}, has passed: take it out"
        elif name not in before.removed and name not in known:
            said = f"no job of that name was there{did_you_mean(name, changes.gone)}"
        if said:
            text = f"{said} ({entry.reason}, {entry.owner}; {entry.source})"
            yield Remark(topic=Topic.REMOVAL, subject=f"removed.{name}", text=text, is_finding=False)
