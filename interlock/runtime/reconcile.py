"""Reconcile: makes the jobs what declaration and holds state, from whatever it finds. Every request ends in it.

Level-triggered: it remembers nothing of what was asked, so a lost, late, repeated or reordered request costs at most a tick.
Two instances may be at it at once. Each reads again after it acted, and repeats when what holds has moved meanwhile, so that
the older one can't leave a stale state behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore

from interlock.declaration import DeclaredJob
from interlock.runtime.alarms import found_wrong
from interlock.runtime.catchup_runs import catch_up
from interlock.runtime.declaration_file import DeclarationError
from interlock.runtime.drift import say_drift
from interlock.runtime.events import ACTION_FAILED, RECONCILE_FAILED, RECONCILED
from interlock.runtime.ledger import held_content, held_name
from interlock.runtime.outside import Failure, Outside
from interlock.runtime.ports import Refused, Unknown
from interlock.runtime.report import Record, Recorder, Report
from interlock.runtime.snapshot import Reader, Snapshot
from interlock.runtime.steps import Removal, Step, Write, leftovers, steps, windows_to_open

MAX_ROUNDS = 5
NO_PATIENCE = Unknown("not tried: too much has failed before; the next tick does it")
TOO_LATE = 408
"""As which a change counts that was not made, since the request has outlived its timeout."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round saw and did."""

    snapshot: Snapshot
    failed: frozenset[str]
    """Jobs and objects about which something could not be done."""
    repeat: bool
    """What it saw has changed meanwhile, or a job that missed runs was resumed and has to be seen running first."""
    moved: bool


def reconcile(outside: Outside) -> Report:
    """Sees and acts until what it saw stands still. Never raises for what the outside does; what failed is in the report."""
    recorder = Recorder(outside.log)
    reader = Reader(outside.begun())
    rounds = 0
    try:
        last = None
        while rounds < MAX_ROUNDS:
            rounds += 1
            before, last = last, _round(reader, recorder)
            new_failures = last.failed and (before is None or last.failed != before.failed)
            if last.repeat or (new_failures and not reader.outside.is_over):
                continue
            catch_up(reader, last.snapshot, recorder)
            # Catching up takes time: what held a job when it was last read may have ended since.
            if last.snapshot.holding.active_at(outside.clock()) == last.snapshot.holding.active:
                break
        assert last is not None  # noqa: S101
        for record in found_wrong(last.snapshot):
            recorder(record)
        say_drift(reader.outside, last.snapshot, recorder)
    except DeclarationError as error:
        recorder(Record(event=RECONCILE_FAILED, why=f"nothing is touched: {error}"))
        return Report(settled=False, rounds=rounds, records=tuple(recorder.records))
    except (Refused, Unknown) as failure:
        recorder(Record(event=RECONCILE_FAILED, why=f"stopped: {failure}"))
        return Report(settled=False, rounds=rounds, records=tuple(recorder.records))
    _conclude(last, recorder)
    settled = not (last.moved or last.failed)
    records = tuple(recorder.records)
    return Report(settled=settled, rounds=rounds, records=records, seen=last.snapshot, listed=reader.listed)


def _round(reader: Reader, recorder: Recorder) -> Round:
    outside = reader.outside
    declaration, declared_in, objects = reader.look()
    writes, removals = windows_to_open(declaration, objects), leftovers(declaration, objects)
    failed = _write(outside, writes, recorder) | _remove(outside, removals, recorder)
    if writes or removals:
        objects = reader.objects()
    # Somebody may have released an opening just before it was written here.
    undone = bool(writes) and bool(leftovers(declaration, objects))
    jobs, unlisted = reader.jobs_where_seen(declaration)
    written = declared_in[-1].created
    snapshot = Snapshot(declaration=declaration, declared=written, objects=objects, jobs=jobs, unlisted=unlisted)
    for region, why in unlisted.items():
        recorder(Record(event=ACTION_FAILED, hold=region, why=f"its jobs can't be listed, and are left alone: {why}"))
    failed |= objects.unsure.union(unlisted)
    due = steps(snapshot)
    # While some are being paused the marks of the next are written: together it takes no longer than the pauses.
    outcomes = outside.each(partial(_take, outside, outside.gate(), outside.gate()), due, apis=2) if due else ()
    for step, failure in zip(due, outcomes, strict=True):
        for record in (*step.notes, *_outcome(step, failure)):
            recorder(record)
    failed |= {step.job.name for step, failure in zip(due, outcomes, strict=True) if failure or step.waits}
    moved = not reader.stands_still(declared_in, objects)
    # The clock moves too: a hold that ended meanwhile may have had a job paused after another instance resumed it.
    moved = moved or snapshot.holding.active_at(outside.clock()) != snapshot.holding.active
    # One that could not be resumed waits for its catch-up, and does not keep the others from theirs.
    to_be_seen = any(step.verb == "resume" and step.job.name in objects.marks.keys() - failed for step in due)
    return Round(snapshot=snapshot, failed=failed, repeat=moved or to_be_seen or undone, moved=moved)


def _write(outside: Outside, writes: Iterable[Write], recorder: Recorder) -> frozenset[str]:
    """Creates the objects; one that exists by now is as good. The names of those that could not be written."""

    def write(one: Write) -> bool | Failure:
        return _tried(outside, one.name, partial(outside.bucket.create, one.name, one.content))

    failed = set()
    due = list(writes)
    for one, outcome in zip(due, outside.each(write, due), strict=True):
        if not isinstance(outcome, bool):
            failed.add(one.name)
            recorder(Record(event=ACTION_FAILED, hold=one.name, why=f"can't be written: {outcome}"))
        elif outcome:
            recorder(one.record)
    return frozenset(failed)


def _remove(outside: Outside, removals: Iterable[Removal], recorder: Recorder) -> frozenset[str]:
    def remove(one: Removal) -> bool | Failure:
        return _tried(outside, one.item.name, partial(outside.bucket.delete, one.item))

    failed = set()
    due = list(removals)
    for one, outcome in zip(due, outside.each(remove, due), strict=True):
        if not isinstance(outcome, bool):
            failed.add(one.item.name)
            recorder(Record(event=ACTION_FAILED, hold=one.item.name, why=f"can't be deleted: {outcome}"))
        elif outcome and one.record:
            recorder(one.record)
    return frozenset(failed)


def _tried(outside: Outside, name: str, call: Callable[[], bool]) -> bool | Failure:
    """What a call about that object says, or why it failed; not begun without patience."""
    if outside.is_over:
        return NO_PATIENCE
    try:
        return outside.patiently(call, about=name)
    except (Refused, Unknown) as failure:
        return failure


def _take(outside: Outside, marking: BoundedSemaphore, changing: BoundedSemaphore, step: Step) -> Failure | None:
    """Does a step: the mark before the pause, so that no crash between the two loses what the job misses."""
    job = step.job
    call = outside.scheduler.pause if step.verb == "pause" else outside.scheduler.resume
    if outside.is_over:
        return NO_PATIENCE if step.verb or step.mark else None
    try:
        if step.mark:
            content = held_content(job.name, step.mark)
            outside.patiently(lambda: _marked(outside, marking, job, content), about=job.name)
        if step.verb:
            outside.patiently(lambda: _changed(outside, changing, call, job), about=job.name)
    except (Refused, Unknown) as failure:
        return failure
    return None


def _marked(outside: Outside, marking: BoundedSemaphore, job: DeclaredJob, content: bytes) -> None:
    with marking:
        outside.bucket.create(held_name(job.name), content)


def _changed(outside: Outside, changing: BoundedSemaphore, call: Callable[[str, str], None], job: DeclaredJob) -> None:
    with changing:
        if outside.is_overdue:
            raise Refused(TOO_LATE, "not tried: this request has been at it for too long, and what it saw is old")
        call(job.region, job.scheduler_name)


def _outcome(step: Step, failure: Failure | None) -> list[Record]:
    if failure is None:
        return [step.record] if step.record else []
    verb = f"can't {step.verb} it" if step.verb else "can't note that it is held"
    return [Record(event=ACTION_FAILED, job=step.job.name, why=f"{verb}: {failure}")]


def _conclude(last: Round, recorder: Recorder) -> None:
    jobs, holding = last.snapshot.declaration.jobs, last.snapshot.holding
    held = sum(1 for name in jobs if holding.is_held(name))
    numbers = (
        ("jobs", len(jobs)),
        ("held", held),
        ("paused", sum(1 for job in jobs.values() if job.paused)),
        ("failed", len(last.failed)),
    )
    if last.moved:
        why = f"what holds kept changing for {MAX_ROUNDS} rounds; the next tick looks again"
        recorder(Record(event=RECONCILE_FAILED, why=why, numbers=numbers))
    else:
        why = f"{held} of {len(jobs)} jobs are held, {len(last.failed)} could not be changed"
        recorder(Record(event=RECONCILED, why=why, numbers=numbers))
