"""What is not as it should be, though nothing can be done about it here: found anew, and said, at every reconcile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from interlock.actual import ENABLED, ActualJob
from interlock.declaration import Declaration
from interlock.holds import FLAG_PREFIX, Hold, covers, format_instant
from interlock.runtime.catchup import missed_fires
from interlock.runtime.events import HOLD_ENDING, HOLD_OVERDUE, OBJECT_UNREADABLE, RUN_MISSED
from interlock.runtime.report import Record
from interlock.runtime.snapshot import Objects

ENDING_SOON = timedelta(hours=2)
MISSED_AFTER, MISSED_BEFORE = timedelta(minutes=5), timedelta(minutes=35)
"""A run is missed when no attempt came for so long; it is said for half an hour, three ticks."""


def found_wrong(
    declaration: Declaration, objects: Objects, jobs: Mapping[str, ActualJob], declared: datetime | None = None
) -> Iterator[Record]:
    """Everything of that kind, sorted by kind. `declared` is when the declaration was written, by a deploy that then changes
    the jobs."""
    yield from _unreadable(declaration, objects)
    yield from _ending(objects)
    yield from _missed(declaration, objects, jobs, declared)


def _unreadable(declaration: Declaration, objects: Objects) -> Iterator[Record]:
    for name in objects.malformed:
        yield Record(event=OBJECT_UNREADABLE, hold=name, why="its name states no flag or hold; it covers nothing")
    for hold in objects.active:
        if hold.scope not in declaration.scopes:
            why = (
                f"the declaration knows no scope {hold.scope}; it holds what it did when it was written: {len(hold.jobs)} jobs"
            )
            yield Record(event=OBJECT_UNREADABLE, hold=hold.object_name, until=hold.end, why=why)


def _flags(objects: Objects) -> list[Hold]:
    """The flag of each backfill that ends last."""
    flags = sorted((hold for hold in objects.holds if hold.object_name.startswith(FLAG_PREFIX)), key=lambda flag: flag.end)
    return list({flag.scope: flag for flag in flags}.values())


def _ending(objects: Objects) -> Iterator[Record]:
    for flag in _flags(objects):
        end = format_instant(flag.end)
        if flag.end <= objects.now:
            why = f"it ended at {end} and holds nothing; the next plan removes it"
            yield Record(event=HOLD_OVERDUE, hold=flag.scope, until=flag.end, why=why)
        elif flag.end - objects.now < ENDING_SOON:
            why = f"it ends at {end}; extend it if the backfill is not done"
            yield Record(event=HOLD_ENDING, hold=flag.scope, until=flag.end, why=why)


def _missed(
    declaration: Declaration, objects: Objects, jobs: Mapping[str, ActualJob], declared: datetime | None
) -> Iterator[Record]:
    """Runs that Cloud Scheduler should have started, since the last deploy could have its say. Not of jobs that miss runs on
    purpose, for which the ledger says nothing once their hold has ended, or of one that never ran."""
    holding, marks = objects.active, objects.marks
    after, before = objects.now - MISSED_BEFORE, objects.now - MISSED_AFTER
    if declared is not None:
        after = max(after, declared + declaration.tick)
    for name, job in declaration.jobs.items():
        actual = jobs.get(name)
        if actual is None or actual.state != ENABLED or actual.last_attempt is None or actual.last_attempt >= before:
            continue
        if job.paused or job.catch_up == "skip" or name in marks or any(covers(h, name, declaration.scopes) for h in holding):
            continue
        if fires := missed_fires(job, after, actual.last_attempt, before):
            fire, attempt = format_instant(fires[-1]), format_instant(actual.last_attempt)
            why = f"it should have fired at {fire}; its last attempt was {attempt}"
            yield Record(event=RUN_MISSED, job=name, why=why, numbers=(("missed", len(fires)),))
