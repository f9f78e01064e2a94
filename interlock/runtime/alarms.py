"""What is not as it should be, though nothing can be done about it here: found anew, and said, at every reconcile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from interlock.actual import ENABLED
from interlock.holds import Hold, format_instant
from interlock.names import exact
from interlock.runtime.catchup import missed_fires
from interlock.runtime.events import BACKFILL_FAILED, HOLD_ENDING, HOLD_OVERDUE, OBJECT_UNREADABLE, RUN_MISSED
from interlock.runtime.report import Record
from interlock.runtime.snapshot import Objects, Snapshot
from interlock.windows import begun_at

ENDING_SOON = timedelta(hours=2)
SHOWN = 20
"""Findings of one kind, each by name; the rest is counted."""
MISSED_AFTER, MISSED_BEFORE = timedelta(minutes=5), timedelta(minutes=35)
"""A run is missed when no attempt came for so long; it is said for half an hour, three ticks."""


def found_wrong(snapshot: Snapshot) -> Iterator[Record]:
    """Everything of that kind, sorted by kind."""
    yield from _unreadable(snapshot)
    yield from _ending(snapshot.objects)
    yield from _backfills(snapshot)
    yield from _missed(snapshot)


def _unreadable(snapshot: Snapshot) -> Iterator[Record]:
    objects, declaration = snapshot.objects, snapshot.declaration
    yield from few(
        [
            Record(event=OBJECT_UNREADABLE, hold=name, why="its name states no flag or hold; it covers nothing")
            for name in objects.malformed
        ]
    )
    yield from few(
        [
            Record(event=OBJECT_UNREADABLE, hold=name, why="its name states nothing that the ledger has; it is ignored")
            for name in objects.strange
        ]
    )
    yield from few(
        [
            Record(event=OBJECT_UNREADABLE, hold=name, why=f"it can't be read, and holds by its name alone: {why}")
            for name, why in sorted(objects.unread.items())
        ]
    )
    longest = exact(declaration.max_hold)
    yield from few(
        [
            Record(
                event=OBJECT_UNREADABLE,
                hold=hold.object_name,
                until=objects.now + declaration.max_hold,
                why=f"it ends later than any hold may; it counts for {longest} from now, until somebody releases it",
            )
            for hold in objects.too_long(declaration.max_hold)
        ]
    )
    yield from few(
        [
            Record(
                event=OBJECT_UNREADABLE,
                hold=hold.object_name,
                until=hold.end,
                why=f"the declaration knows no scope {hold.scope}; "
                f"it holds what it did when it was written: {len(hold.jobs)} jobs",
            )
            for hold in snapshot.holding.active
            if hold.scope not in declaration.scopes
        ]
    )
    yield from few(
        [
            Record(
                event=OBJECT_UNREADABLE,
                hold=plan.hold.object_name,
                until=plan.end,
                why=f"the declaration knows no scope {plan.scope}; nothing is held at {format_instant(plan.start)}",
            )
            for plan in objects.planned
            if plan.scope not in declaration.scopes
        ]
    )


def few(records: Sequence[Record]) -> Iterator[Record]:
    """The first of them, and how many there are besides: of rubbish there may be any amount."""
    yield from records[:SHOWN]
    if len(records) > SHOWN:
        more = f"and {len(records) - SHOWN - 1:,} more like it: " if len(records) > SHOWN + 1 else ""
        yield replace(records[SHOWN], why=more + records[SHOWN].why)


def _flags(objects: Objects) -> list[Hold]:
    """The flag of each backfill that ends last."""
    flags = sorted((hold for hold in objects.holds if hold.is_flag), key=lambda flag: flag.end)
    return list({flag.scope: flag for flag in flags}.values())


def _ending(objects: Objects) -> Iterator[Record]:
    for flag in _flags(objects):
        end = format_instant(flag.end)
        if flag.end <= objects.now:
            why = f"it ended at {end} and holds nothing; the next plan removes it"
            yield Record(event=HOLD_OVERDUE, hold=flag.scope, until=flag.end, why=why)
        elif flag.end - objects.now < ENDING_SOON:
            longer = f"make backfill-on NAME={flag.scope.partition('/')[2]} FOR={exact(ENDING_SOON)}"
            why = f"it ends at {end}; if the backfill is not done, extend it: {longer}"
            yield Record(event=HOLD_ENDING, hold=flag.scope, until=flag.end, why=why)


def _backfills(snapshot: Snapshot) -> Iterator[Record]:
    """Backfills that the coordinator holds: for a command that has failed, or that nobody keeps ahead any more, and those that
    were planned, as for a flag."""
    for hold in snapshot.holding.active:
        end, left = format_instant(hold.end), hold.end - snapshot.now
        ending = f".venv/bin/interlock release {hold.scope} {hold.id}"
        if hold.failed is not None:
            why = f"{hold.failed}; it stays held until {end}. Run the same command again to go on, or end it: {ending}"
            yield Record(event=BACKFILL_FAILED, hold=hold.scope, until=hold.end, why=why)
        elif hold.run is not None and left < min(ENDING_SOON, (hold.end - (hold.created or hold.end)) / 2):
            why = f"it ends at {end}, and its command on {hold.run} has not extended it; is that gone, end it: {ending}"
            yield Record(event=HOLD_ENDING, hold=hold.scope, until=hold.end, why=why)
        elif hold.run is None and hold.scope.startswith("backfill/") and begun_at(hold) and left < ENDING_SOON:
            longer = f".venv/bin/interlock extend {hold.scope} {hold.id} --for {exact(ENDING_SOON)}"
            why = f"it ends at {end}; if the backfill is not done, extend it: {longer}"
            yield Record(event=HOLD_ENDING, hold=hold.scope, until=hold.end, why=why)


def _missed(snapshot: Snapshot) -> Iterator[Record]:
    """Runs that Cloud Scheduler should have started, since the last deploy could have its say. Not of jobs that miss runs on
    purpose, for which the ledger says nothing once their hold has ended, or of one that never ran."""
    declaration, marks = snapshot.declaration, snapshot.objects.marks
    after, before = snapshot.now - MISSED_BEFORE, snapshot.now - MISSED_AFTER
    if snapshot.declared is not None:
        after = max(after, snapshot.declared + declaration.tick)
    for name, job in declaration.jobs.items():
        actual = snapshot.jobs.get(name)
        if actual is None or actual.state != ENABLED or actual.last_attempt is None or actual.last_attempt >= before:
            continue
        if job.catch_up == "skip" or name in marks or job.paused or snapshot.holding.is_held(name):
            continue
        if fires := missed_fires(job, after, actual.last_attempt, before):
            fire, attempt = format_instant(fires[-1]), format_instant(actual.last_attempt)
            why = f"it should have fired at {fire}; its last attempt was {attempt}"
            yield Record(event=RUN_MISSED, job=name, why=why, numbers=(("missed", len(fires)),))
