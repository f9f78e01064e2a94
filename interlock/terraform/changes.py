"""What a plan of any of our stacks changes, as people count it: jobs that pause or resume, and what is made, changed, deleted.

Read from what `terraform show -json` says of a saved plan; interlock/terraform/plan.py tells whether it is a whole one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from interlock.catalog import Json
from interlock.terraform.job_changes import JOB
from interlock.terraform.plan import COMPUTED, parse_plan


class Kind(Enum):
    """A kind of change: its verb, and what has been done when it is."""

    PAUSE = ("pause", "paused")
    RESUME = ("resume", "resumed")
    CREATE = ("create", "created")
    CHANGE = ("change", "changed")
    REPLACE = ("replace", "replaced")
    DELETE = ("delete", "deleted")
    IMPORT = ("import", "imported")
    FORGET = ("forget", "forgotten")

    @property
    def verb(self) -> str:
        """As in: 2 to pause."""
        return self.value[0]

    @property
    def done(self) -> str:
        """As in: 2 paused."""
        return self.value[1]


KINDS = {
    ("create",): Kind.CREATE,
    ("update",): Kind.CHANGE,
    ("delete",): Kind.DELETE,
    ("forget",): Kind.FORGET,
    ("delete", "create"): Kind.REPLACE,
    ("create", "delete"): Kind.REPLACE,
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
    """What an update changes, by name, but for `paused` of a job that pauses or resumes."""

    @property
    def name(self) -> str:
        """What people call it: a job by its name, everything else by its address."""
        return self.job or self.address


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a plan does, and what there is after it."""

    changes: tuple[Change, ...]
    jobs: Mapping[str, bool]
    """The jobs that are there after the plan, each with whether it is paused."""
    outputs: Mapping[str, Json]

    def of(self, kind: Kind) -> list[Change]:
        """Those of a kind, by name."""
        return sorted((change for change in self.changes if change.kind is kind), key=lambda change: change.name)


def parse_changes(text: str) -> Changes:
    """The changes of a plan in Terraform's JSON; PlanError when it is none, or not a whole one."""
    parse_plan(text)
    plan = _object(json.loads(text))
    planned = _object(plan.get("planned_values"))
    resources = _list(_object(planned.get("root_module")).get("resources"))
    found = (_change(_object(one)) for one in _list(plan.get("resource_changes")))
    outputs = {name: _object(value).get("value") for name, value in _object(planned.get("outputs")).items()}
    jobs = dict(_job(_object(one)) for one in resources if _object(one).get("type") == JOB)
    return Changes(changes=tuple(change for change in found if change), jobs=jobs, outputs=outputs)


def counted(changes: Iterable[Change], *, done: bool = False) -> str:
    """`16 to pause, 1 to create`, or with `done` `16 paused, 1 created`; empty where there is nothing."""
    kinds = [change.kind for change in changes]
    return ", ".join(f"{kinds.count(kind)} {kind.done if done else f'to {kind.verb}'}" for kind in Kind if kinds.count(kind))


def _change(resource: Mapping[str, Json]) -> Change | None:
    change = _object(resource.get("change"))
    actions = tuple(str(action) for action in _list(change.get("actions")))
    kind = KINDS.get(actions) or (Kind.IMPORT if change.get("importing") else None)
    if resource.get("mode") != "managed" or kind is None:
        return None
    is_job, attributes = resource.get("type") == JOB, _changed(change)
    if is_job and kind is Kind.CHANGE and "paused" in attributes:
        kind = Kind.PAUSE if _object(change.get("after")).get("paused") is True else Kind.RESUME
        attributes.remove("paused")
    return Change(
        kind=kind,
        address=str(resource.get("address")),
        type=str(resource.get("type")),
        job=str(resource.get("name")) if is_job else "",
        actions=actions,
        attributes=tuple(attributes) if "update" in actions else (),
    )


def _changed(change: Mapping[str, Json]) -> list[str]:
    before, after, unknown = (_object(change.get(key)) for key in ("before", "after", "after_unknown"))
    names = sorted({*before, *after, *unknown} - COMPUTED)
    return [name for name in names if before.get(name) != after.get(name) or unknown.get(name) is True]


def _job(resource: Mapping[str, Json]) -> tuple[str, bool]:
    return str(resource.get("name")), _object(resource.get("values")).get("paused") is True


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []
