"""What a reconcile does about what it sees: pure, so that a review, a test and the coordinator ask the same functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from interlock.actual import ENABLED, PAUSED, ActualJob
from interlock.declaration import Declaration, DeclaredJob
from interlock.holds import Hold, hold_content, hold_name, parse_object_name
from interlock.runtime.events import (
    ACTION_FAILED,
    ENABLED_WHILE_HELD,
    HOLD_ENDED,
    HOLD_WRITTEN,
    JOB_BROKEN,
    JOB_PAUSED,
    JOB_RESUMED,
    PAUSED_WITHOUT_HOLD,
)
from interlock.runtime.ledger import MAX_CLOCK_SKEW, drift_day, incident_until
from interlock.runtime.ports import Item
from interlock.runtime.report import Record
from interlock.runtime.snapshot import Objects, Snapshot
from interlock.windows import has_objects, open_at

MAX_REMOVALS = 1_000
"""In one round; the next has the rest."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """An object to be created."""

    name: str
    content: bytes
    record: Record


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A generation of an object to be deleted; without a record when nobody needs to know."""

    item: Item
    record: Record | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What is to be done about one job: a mark in the ledger first, then pause or resume."""

    job: DeclaredJob
    verb: Literal["pause", "resume"] | None
    mark: datetime | None
    """Since when the job is held, where the ledger does not say so yet."""
    record: Record | None
    """Of the change, for when it is made."""
    notes: tuple[Record, ...] = field(default=())
    """Of what was found, whatever comes of the step."""
    waits: bool = False
    """Nothing is done, as it is not known well enough what holds the job."""


def windows_to_open(declaration: Declaration, objects: Objects) -> list[Write]:
    """The hold of every opening that is due and has neither object nor tombstone: a lost or late timer costs a tick."""
    holding = objects.holding_by(declaration)
    due = (hold for hold in holding.active if not hold.is_written and has_objects(hold.scope))
    return [_opening(declaration, hold) for hold in due]


def _opening(declaration: Declaration, opening: Hold) -> Write:
    hold = replace(
        opening,
        object_name=hold_name(opening.scope, opening.id, opening.end),
        **declaration.said(opening.scope),
    )
    what = "the window opens" if hold.scope.startswith("window/") else f"as {hold.said_by} has planned"
    record = Record(event=HOLD_WRITTEN, hold=hold.scope, until=hold.end, why=f"{what}: {hold.reason}")
    return Write(name=hold.object_name, content=hold_content(hold), record=record)


def leftovers(declaration: Declaration, objects: Objects) -> list[Removal]:
    """Objects that have had their time: ended holds and plans, those of released openings, tombstones of closed openings, and
    what says that drift was logged on another day.

    Never a flag, which is Terraform's. An ended hold stays for the time that clocks may differ: an instance whose clock is
    behind would open its window anew.
    """
    over = objects.now - MAX_CLOCK_SKEW
    opened = (opening for window in declaration.windows.values() for opening in open_at(window, objects.now))
    still_open = {(opening.scope, opening.id) for opening in opened}
    released = {(hold.scope, hold.id) for hold in objects.released}
    longest = objects.now - declaration.max_hold - MAX_CLOCK_SKEW
    removals = []
    for name, item in objects.items.items():
        hold = parse_object_name(name)
        if hold is None or hold.is_flag:
            continue
        if (hold.scope, hold.id) in released:
            removals.append(Removal(item=item))
        elif hold.end <= over:
            record = Record(event=HOLD_ENDED, hold=hold.scope, until=hold.end, why="its end has passed")
            removals.append(Removal(item=item, record=record))
    for hold in objects.released:
        item = objects.items[hold.object_name]
        # One that states a later end than a hold can have has had its time too, by its age.
        is_over = hold.end <= over or (item.created is not None and item.created <= longest)
        if is_over and (hold.scope, hold.id) not in still_open:
            removals.append(Removal(item=item))
    for plan in objects.planned:
        if plan.end <= over or (plan.scope, plan.hold.id) in released:
            removals.append(Removal(item=objects.items[plan.hold.object_name]))
    today = objects.now.date().isoformat()
    removals += [Removal(item=item) for name, item in objects.items.items() if (drift_day(name) or today) < today]
    removals += [Removal(item=item) for name, item in objects.items.items() if (incident_until(name) or over) < over]
    return removals[:MAX_REMOVALS]


def steps(snapshot: Snapshot) -> list[Step]:
    """What is to be done about each declared job, nothing for those that are right; never about any other job.

    While the declaration is younger than a tick, the deploy that wrote it may still be changing jobs, and one that is not as it
    says is nobody's fault.
    """
    declaration, marks = snapshot.declaration, snapshot.objects.marks
    seen = snapshot.now - declaration.tick
    # What an object that can't be read just now may name beside what its scope covers.
    unsure = next((hold.object_name for hold in snapshot.holding.active if hold.object_name in snapshot.objects.unsure), None)
    is_old = _older(snapshot.declared, seen)
    found = []
    for name, job in declaration.jobs.items():
        if job.region in snapshot.unlisted:
            continue
        held_by = snapshot.holding.grounds(name)
        actual, marked = snapshot.jobs.get(name), name in marks
        found_paused = job.undecided and actual is not None and actual.state == PAUSED
        is_paused = job.paused or (found_paused and not marked)  # by whoever paused it, and so it stays
        mark = None if marked or is_paused or not held_by else _since(declaration, held_by, actual, snapshot.now)
        # That a season is closed is news when its declaration is.
        noticed = held_by if is_old else [hold for hold in held_by if has_objects(hold.scope)]
        known = _was_held(noticed, marks[name], seen) if marked else is_old
        step = _step(job, held_by, actual, mark, marked=marked, known=known)
        if step.verb == "resume" and unsure and not _is_new(marks.get(name), snapshot.declared):
            note = Record(event=ACTION_FAILED, job=name, hold=unsure, why="it stays paused until that object can be read")
            step = Step(job=job, verb=None, mark=None, record=None, notes=(note,), waits=True)
        if step.verb or step.mark or step.notes:
            found.append(step)
    return found


def _is_new(mark: Item | None, declared: datetime | None) -> bool:
    """Whether a job was first held under this declaration. One that only the contents of an object hold, and no scope any more,
    was held before the deploy that changed the scope."""
    return mark is not None and mark.created is not None and declared is not None and mark.created > declared


def _since(declaration: Declaration, held_by: Sequence[Hold], actual: ActualJob | None, now: datetime) -> datetime:
    """Since when a job misses runs that was not seen held before: since now, unless somebody has paused it already. That was
    Terraform, turning a backfill on: after it wrote the flag, and where nobody says when that was, not before the last tick.
    Outside of its season it misses none: of what a season alone holds that is when it opens."""
    others = [hold for hold in held_by if has_objects(hold.scope)]
    if not others:
        return max(hold.end for hold in held_by)
    if actual is None or actual.state != PAUSED:
        return now
    return min((hold.created for hold in others if hold.created), default=now - declaration.tick)


def _older(created: datetime | None, seen: datetime) -> bool:
    """Whether a tick has seen it; what has no known age is taken for old."""
    return created is None or created <= seen


def _was_held(held_by: Sequence[Hold], mark: Item, seen: datetime) -> bool:
    """Whether the job of the mark has been paused for one of these holds, and not only for one that has ended since: a job that
    waits for its catch-up run has a mark too, and is enabled when the next hold comes."""
    made_for = (hold.created and mark.created and hold.created <= mark.created for hold in held_by)
    return any(made_for) or any(_older(hold.created, seen) for hold in held_by)


def _step(
    job: DeclaredJob, held_by: Sequence[Hold], actual: ActualJob | None, mark: datetime | None, *, marked: bool, known: bool
) -> Step:
    """`known`: it has been made as it should be before, so that somebody must have changed it."""
    if actual is None or actual.state not in (ENABLED, PAUSED):
        return Step(job=job, verb=None, mark=mark, record=None, notes=(_broken(job, actual),))
    if held_by or job.paused:
        longest = max(held_by, key=lambda hold: hold.end, default=None)
        hold, until = (longest.scope, longest.end) if longest else (None, None)
        why = "paused by declaration" if longest is None else f"held by {', '.join(sorted({hold.scope for hold in held_by}))}"
        if actual.state == PAUSED:
            return Step(job=job, verb=None, mark=mark, record=None)
        record = Record(event=JOB_PAUSED, job=job.name, hold=hold, until=until, why=why)
        drift = known and (marked or job.paused)
        note = Record(event=ENABLED_WHILE_HELD, job=job.name, hold=hold, until=until, why=f"somebody enabled it; {why}")
        return Step(job=job, verb="pause", mark=mark, record=record, notes=(note,) if drift else ())
    if actual.state == ENABLED:
        return Step(job=job, verb=None, mark=None, record=None)
    if job.undecided and not marked:
        return Step(job=job, verb=None, mark=None, record=None)
    record = Record(event=JOB_RESUMED, job=job.name, why="nothing holds it any more" if marked else "nothing holds it")
    note = Record(
        event=PAUSED_WITHOUT_HOLD, job=job.name, why="somebody paused it; nothing holds it, and it is declared to run"
    )
    return Step(job=job, verb="resume", mark=None, record=record, notes=(note,) if known and not marked else ())


def _broken(job: DeclaredJob, actual: ActualJob | None) -> Record:
    why = (
        f"{job.region} has no such job; run make deploy"
        if actual is None
        else f"its state is {actual.state}; it is not touched"
    )
    return Record(event=JOB_BROKEN, job=job.name, why=why)
