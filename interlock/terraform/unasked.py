"""What a plan does that nobody asked for: beside the pauses of a toggle, and how many of the jobs it takes away."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from interlock.terraform.changes import Change, Kind, changes_of
from interlock.terraform.job_changes import FLAGS, JOB, OBJECT
from interlock.terraform.plan import FORGET, Plan, ResourceChange

DECLARATION = f"{OBJECT}.declaration"
"""The address of what the coordinator goes by (`stacks/schedules.py`)."""
OF_FLAGS = frozenset({Kind.CREATE, Kind.CHANGE, Kind.REPLACE, Kind.DELETE})
"""One that is let go stays in the bucket and holds on."""
OF_DECLARATION = frozenset({Kind.CHANGE, Kind.REPLACE})
MANY = 10
"""More than one in so many of the jobs are not deleted in passing."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What a plan that turns backfills on or off does beside that."""

    others: tuple[Change, ...]
    """What creates, changes, replaces, deletes, imports or lets go of anything but pauses, flags and the declaration."""
    pauses: tuple[Change, ...]
    """Jobs that pause or resume though neither these backfills cover them nor a flag that goes: after somebody's hand, a hold,
    or by another catalog."""
    other_catalog: bool
    """The declaration changes, so that it is not the catalog that is deployed; or Interlock is not."""

    @property
    def unasked(self) -> tuple[Change, ...]:
        """What a toggle does not do. Pauses are what a toggle does, unless another catalog brings more of them along."""
        return (*self.others, *(self.pauses if self.other_catalog else ()))


def beside_toggle(plan: Plan, covered: Collection[str]) -> Beside:
    """What a plan of `schedules` does beside turning on or off backfills that cover these jobs of the catalog."""
    changes = changes_of(plan).changes
    names = {one.address: one.before.get("name") for one in plan.changes}
    held = {name for one in plan.changes if one.address.startswith(f"{FLAGS}[") and _goes(one) for name in _jobs(one)}
    pauses = tuple(one for one in changes if _only_pauses(one))
    return Beside(
        others=tuple(one for one in changes if not (_only_pauses(one) or _is_of_flags(one) or _is_of_declaration(one))),
        pauses=tuple(one for one in pauses if one.job not in covered and names.get(one.address) not in held),
        other_catalog=any(_is_of_declaration(one) for one in changes),
    )


def _only_pauses(change: Change) -> bool:
    return change.kind in (Kind.PAUSE, Kind.RESUME) and not change.attributes and not change.importing


def _is_of_flags(change: Change) -> bool:
    return change.address.startswith(f"{FLAGS}[") and change.kind in OF_FLAGS and not change.importing


def _is_of_declaration(change: Change) -> bool:
    return change.address == DECLARATION and change.kind in OF_DECLARATION and not change.importing


def _goes(flag: ResourceChange) -> bool:
    return "delete" in flag.actions


def _jobs(flag: ResourceChange) -> Iterator[str]:
    """The jobs that a flag covered when it was written, by their names in Cloud Scheduler. Its content is a stranger's."""
    try:
        said = json.loads(str(flag.before.get("content")))
    except (ValueError, RecursionError):
        return
    jobs = said.get("jobs") if isinstance(said, dict) else None
    yield from (job for job in jobs if isinstance(job, str)) if isinstance(jobs, list) else ()


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The jobs that a plan deletes or lets go of, sorted, and how many there are in the state before it."""

    jobs: tuple[str, ...]
    total: int

    @property
    def are_many(self) -> bool:
        """Whether it is more than a tenth."""
        return len(self.jobs) * MANY > self.total


def lost_jobs(plan: Plan, elsewhere: Collection[str] = ()) -> Lost:
    """What a plan of the schedules takes away for good; a job that is replaced is there afterwards, and so is one that the plan
    lets go because another stack has it, whose jobs have their ids in `elsewhere`."""
    jobs = (one for one in plan.changes if one.kind == JOB and one.managed and not one.deposed)
    known = [one for one in jobs if one.actions != ("create",)]
    return Lost(
        jobs=tuple(sorted(one.name for one in known if _is_lost(one, elsewhere))),
        total=sum(not one.importing for one in known),
    )


def _is_lost(job: ResourceChange, elsewhere: Collection[str]) -> bool:
    return job.actions == ("delete",) or (job.actions == FORGET and job.before.get("id") not in elsewhere)


def lost_together(several: Iterable[Lost]) -> Lost:
    """What the plans of several stacks take away."""
    found = list(several)
    return Lost(jobs=tuple(sorted(job for one in found for job in one.jobs)), total=sum(one.total for one in found))
