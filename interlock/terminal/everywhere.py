"""Every job of a project, in all regions that Cloud Scheduler has: one that was made elsewhere shows too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from interlock.actual import ActualJob
from interlock.gcp.ports import GoogleScheduler
from interlock.runtime.outside import Failure, Outside
from interlock.runtime.ports import Refused, Unknown

LOCATIONS = "cloudscheduler.locations.list"


@dataclass(frozen=True, kw_only=True)
class Everywhere:
    """The jobs of the regions that could be listed."""

    jobs: tuple[ActualJob, ...]
    failed: Mapping[str, Failure] = field(default_factory=dict)
    """By region, why the others could not."""
    unlisted: Failure | None = None
    """Why the regions themselves could not be listed: then only known ones were looked at."""


def look_everywhere(project: str, outside: Outside, known: Iterable[str]) -> Everywhere:
    """Lists the jobs of all regions, and of those that are `known` whatever the project has. Raises when there is not one that
    could be listed."""
    outside, regions, unlisted = outside.begun(), {*known}, None
    try:
        regions |= {*outside.patiently(GoogleScheduler(project).regions)}
    except (Refused, Unknown) as failure:
        unlisted = failure

    def jobs_of(region: str) -> list[ActualJob] | Failure:
        try:
            return outside.patiently(lambda: outside.scheduler.list(region))
        except (Refused, Unknown) as failure:
            return failure

    found = dict(zip(sorted(regions), outside.each(jobs_of, sorted(regions)), strict=True))
    failed = {region: listed for region, listed in found.items() if not isinstance(listed, list)}
    if failed and failed.keys() == found.keys():
        raise next(iter(failed.values()))
    jobs = (job for listed in found.values() if isinstance(listed, list) for job in listed)
    return Everywhere(jobs=tuple(jobs), failed=failed, unlisted=unlisted)
