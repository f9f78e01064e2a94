"""What was held in the past, by the versions of the bucket's objects. Pure; half-open intervals, aware UTC instants.

A version of a flag or hold held from when it was written until its end, or until it was deleted or replaced if that came
first. A version of a held object of the ledger says that the coordinator saw the job held, from then until it resumed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from interlock.holds import Hold, parse_object_name, with_content
from interlock.runtime.ledger import held_job

KEEP_OLD_VERSIONS = timedelta(days=90)
"""A flag or hold that is gone can be read for so long afterwards: who held what, and why. Cloud Storage deletes it then."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of an object. `deleted` is when it was deleted or replaced, None while it is the live one."""

    name: str
    generation: int
    created: datetime
    deleted: datetime | None


@dataclass(frozen=True, kw_only=True)
class HeldSpan:
    """From `start` until `stop`, not included; a stop that is later than now is one that is planned."""

    start: datetime
    stop: datetime | None
    """None: for as long as anybody knows."""

    def meets(self, start: datetime, end: datetime) -> bool:
        """Whether it has an instant in common with [start, end)."""
        return self.start < end and (self.stop is None or self.stop > start)


@dataclass(frozen=True, kw_only=True)
class PastHold:
    """What one version of a flag or hold held, and when."""

    hold: Hold
    span: HeldSpan
    version: Version


@dataclass(frozen=True, kw_only=True)
class HeldJob:
    """A job that was held, by whatever."""

    name: str
    since: datetime
    """When it began, as far as is known."""
    free: datetime | None
    """When the last of what held it was over; None while it is held."""
    scopes: tuple[str, ...]
    """What held it, sorted; empty when only the ledger has it as held."""


def past_hold(version: Version) -> PastHold | None:
    """What a version held. None when its name states no hold, or it never held: it was written after its end."""
    hold = parse_object_name(version.name)
    if hold is None or version.created >= hold.end:
        return None
    stop = hold.end if version.deleted is None else min(hold.end, version.deleted)
    return PastHold(hold=hold, span=HeldSpan(start=version.created, stop=stop), version=version)


def holds_between(versions: Iterable[Version], since: datetime, now: datetime) -> list[PastHold]:
    """What held at any time in [since, now), the first to begin first. Without contents: see `told`."""
    found = (past_hold(version) for version in versions)
    meeting = [past for past in found if past is not None and past.span.meets(since, now)]
    return sorted(meeting, key=lambda past: (past.span.start, past.version.name, past.version.generation))


def told(past: PastHold, content: Mapping[str, object]) -> PastHold:
    """The same with the reason, owner and jobs that the object's content states."""
    return replace(past, hold=with_content(past.hold, content))


def marks_between(versions: Iterable[Version], since: datetime, now: datetime) -> list[tuple[str, HeldSpan]]:
    """When the coordinator saw which job held, as far as it meets [since, now)."""
    named = ((held_job(version.name), HeldSpan(start=version.created, stop=version.deleted)) for version in versions)
    return [(job, span) for job, span in named if job is not None and span.meets(since, now)]


def held_jobs(
    holds: Iterable[PastHold], marks: Iterable[tuple[str, HeldSpan]], scopes: Mapping[str, tuple[str, ...]], now: datetime
) -> list[HeldJob]:
    """The jobs that `holds` covered, and those that only the ledger has, by name.

    A hold covers what its scope does in `scopes`, and what it did when its object was written. The ledger tells when a job was
    resumed, which is up to a tick after its last hold ended; while a run that the job missed waits to be made up for, its mark
    is there though the job is not held any more.
    """
    by_job: dict[str, list[PastHold]] = {}
    for past in holds:
        for job in past.hold.jobs | set(scopes.get(past.hold.scope, ())):
            by_job.setdefault(job, []).append(past)
    seen: dict[str, list[HeldSpan]] = {}
    for job, span in marks:
        seen.setdefault(job, []).append(span)
    return [_held(job, by_job.get(job, []), seen.get(job, []), now) for job in sorted(by_job.keys() | seen.keys())]


def known_since(now: datetime) -> datetime:
    """A hold that was over before may have been forgotten."""
    return now - KEEP_OLD_VERSIONS


def gaps(since: datetime, now: datetime, keeps_versions: bool | None) -> list[str]:
    """Where the knowledge of what was held ends, for people. `keeps_versions` is None where one may not see that."""
    said = ["a pause by hand is no hold, and a job that its hold did not name when it was written is judged by today's catalog"]
    if keeps_versions is False:
        said.append("the bucket keeps no old versions, so holds that were released are not known; make deploy turns them on")
    elif keeps_versions is None:
        said.append("whether the bucket keeps old versions you may not see (storage.buckets.get); it does as Interlock made it")
    if since < (known := known_since(now)):
        said.append(
            f"holds that were over before {known:%Y-%m-%d} are not known: old versions are kept {KEEP_OLD_VERSIONS.days} days"
        )
    return said


def _held(job: str, holds: list[PastHold], marks: list[HeldSpan], now: datetime) -> HeldJob:
    spans = [past.span for past in holds]
    stops = [span.stop for span in spans]
    stops += [span.stop for span in marks if span.stop is not None or not spans]
    over = [stop for stop in stops if stop is not None and stop <= now]
    return HeldJob(
        name=job,
        since=min(span.start for span in [*spans, *marks]),
        free=max(over) if len(over) == len(stops) else None,
        scopes=tuple(sorted({past.hold.scope for past in holds})),
    )
