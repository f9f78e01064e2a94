"""What a plan of any of our stacks changes, as people count it: jobs that pause or resume, and what is made, changed, deleted.

interlock/terraform/plan.py reads the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from interlock.catalog import Json
from interlock.terraform.job_changes import JOB, changed_names
from interlock.terraform.plan import FORGET, REPLACEMENTS, UPDATE, Plan, ResourceChange
from interlock.terraform.state import Known


class Kind(Enum):
    """A kind of change: its verb, and what has been done when it is."""

    IMPORT = ("import", "imported")
    """And nothing else: the job or whatever it is stays as it is found."""
    PAUSE = ("pause", "paused")
    RESUME = ("resume", "resumed")
    CREATE = ("create", "created")
    CHANGE = ("change", "changed")
    REPLACE = ("replace", "replaced")
    DELETE = ("delete", "deleted")
    FORGET = ("forget", "forgotten")

    @property
    def verb(self) -> str:
        """As in: 2 to pause."""
        return self.value[0]

    @property
    def done(self) -> str:
        """As in: 2 paused."""
        return self.value[1]


KINDS: Mapping[tuple[str, ...], Kind] = {
    ("create",): Kind.CREATE,
    UPDATE: Kind.CHANGE,
    ("delete",): Kind.DELETE,
    FORGET: Kind.FORGET,
    **dict.fromkeys(REPLACEMENTS, Kind.REPLACE),
}
"""By the actions in Terraform's order. What is only read, or stays, is no change."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of one resource."""

    kind: Kind
    address: str
    type: str
    job: str
    """The job's name, or empty."""
    actions: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    """What an update changes, by name, but for `paused` of a job that pauses or resumes; of a job's target its parts."""
    importing: bool = False
    """It is imported, whatever else is done to it."""

    @property
    def name(self) -> str:
        """What people call it: a job by its name, everything else by its address."""
        return self.job or self.address

    @property
    def with_attributes(self) -> str:
        """The same, and what an update changes beside a pause."""
        return f"{self.name} ({', '.join(self.attributes)})" if self.attributes else self.name


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a plan does, and what there is after it."""

    changes: tuple[Change, ...]
    jobs: Mapping[str, bool]
    """The jobs that are there after the plan, each with whether it is paused."""
    outputs: Mapping[str, Json]

    @property
    def imported_and_changed(self) -> list[Change]:
        """What does not stay as it is found, by name."""
        return sorted((one for one in self.changes if one.importing and one.kind is not Kind.IMPORT), key=lambda one: one.name)

    def of(self, kind: Kind) -> list[Change]:
        """Those of a kind, by name."""
        return sorted((change for change in self.changes if change.kind is kind), key=lambda change: change.name)


def together(several: Iterable[Changes]) -> Changes:
    """What the plans of several stacks do, as if they were one. An output that several have is a mapping, of all of them."""
    changes, jobs, outputs = list[Change](), dict[str, bool](), dict[str, Json]()
    for one in several:
        changes += one.changes
        jobs |= one.jobs
        for name, value in one.outputs.items():
            known = outputs.get(name)
            outputs[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    return Changes(changes=tuple(changes), jobs=jobs, outputs=outputs)


def changes_of(plan: Plan) -> Changes:
    """The changes of a plan."""
    found = (_change(one) for one in plan.changes if one.managed)
    jobs = {one.name: one.values.get("paused") is True for one in plan.planned if one.kind == JOB}
    return Changes(changes=tuple(change for change in found if change), jobs=jobs, outputs=plan.outputs)


def none_from(state: Known) -> Changes:
    """Those of a plan that changes nothing of what the state knows."""
    return Changes(changes=(), jobs=state.paused, outputs=state.outputs)


def counted(changes: Iterable[Change], *, done: bool = False) -> str:
    """`16 to pause, 1 to create`, or with `done` `16 paused, 1 created`; empty where there is nothing.

    What is imported and changed counts as both, as Terraform counts it. Imports say how much they change even if that is
    nothing, `3 to import, 0 to change`: it is what their reader wants to know.
    """
    several = [*changes]
    numbers = Counter(change.kind for change in several)
    if imported := sum(change.importing for change in several):
        numbers[Kind.IMPORT] = imported
    if imported and not done and numbers.keys() <= {Kind.IMPORT, Kind.CREATE}:
        numbers[Kind.CHANGE] = 0
    shown = [kind for kind in Kind if kind in numbers]
    return ", ".join(f"{numbers[kind]} {kind.done if done else f'to {kind.verb}'}" for kind in shown)


def _change(one: ResourceChange) -> Change | None:
    kind = KINDS.get(one.actions) or (Kind.IMPORT if one.importing else None)
    if kind is None:
        return None
    is_job, attributes = one.kind == JOB, changed_names(one)
    if is_job and "paused" in attributes:
        kind = Kind.PAUSE if one.after.get("paused") is True else Kind.RESUME
        attributes = [name for name in attributes if name != "paused"]
    return Change(
        kind=kind,
        address=one.address,
        type=one.kind,
        job=one.name if is_job else "",
        actions=one.actions,
        attributes=tuple(attributes),
        importing=one.importing,
    )
