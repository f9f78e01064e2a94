"""What a Terraform plan of the stack `schedules` will do to jobs and backfills.

A plan holds every attribute of every job, bodies, headers and URLs among them; of these only `paused`, `schedule` and
`time_zone` are let out, and the names of the others and of the target's parts (`target_changes.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from interlock.holds import FLAG_OBJECT, Hold, parse_object_name
from interlock.names import NAME
from interlock.parts import TARGETS
from interlock.terraform.plan import (
    NO_ACTION,
    PLAN,
    SHOW,
    UPDATE,
    Plan,
    PlanError,
    PlannedResource,
    ResourceChange,
    Values,
    shown,
)
from interlock.terraform.target_changes import forgets_token, target_changes

MAX_SHOWN_CHARACTERS = 120
"""Of a schedule or a time zone that is let out."""

JOB: Final = "google_cloud_scheduler_job"
OBJECT: Final = "google_storage_bucket_object"
FLAGS = f"{OBJECT}.flags"
FLAGS_LISTING = "data.google_storage_bucket_objects.flags"
HOLDS_LISTING = "data.google_storage_bucket_objects.holds"
LISTINGS = frozenset({FLAGS_LISTING, HOLDS_LISTING})
"""Which only `schedules` reads."""
SIBLINGS = {
    "google_cloudfunctions2_function.coordinator": "coordination",
    "google_monitoring_dashboard.interlock": "alerting",
}
"""An address that only one other stack has, and that stack."""


@dataclass(frozen=True, kw_only=True)
class JobChange:
    """A change of one job. Pairs are before and after; None is what is not there, and what is known only after the apply."""

    job: str
    actions: tuple[str, ...]
    """As in a `ResourceChange`."""
    paused: tuple[bool | None, bool | None]
    changed: tuple[str, ...]
    """The names of the attributes that an update or a replacement changes, sorted; not of those that follow from others."""
    schedule: tuple[str | None, str | None] = (None, None)
    time_zone: tuple[str | None, str | None] = (None, None)
    target_changed: tuple[str, ...] = ()
    """The parts of its target that differ, for people: URL, account, audience, topic, headers, body and so on, sorted."""
    importing: bool = False
    """Terraform adopts the job as it is found; `("no-op",)` then is all that there is to do."""
    only_token: bool = False
    """It is adopted, and all that the plan changes is that it forgets a token which the API has shown: no difference."""
    deposed: bool = False
    """Not the job that is declared but what an interrupted replacement has left of one before it."""

    @property
    def others(self) -> list[str]:
        """What an update changes beside `paused`, for people: attributes by name, and of a target its parts."""
        names = [name for name in self.changed if name != "paused" and name not in TARGETS]
        return [*names, *of_target(self.target_changed)]


@dataclass(frozen=True, kw_only=True)
class JobChanges:
    """What is to be known of a plan of the schedules."""

    jobs: tuple[JobChange, ...]
    """What the plan does, by job; jobs that stay as they are have none, unless they are adopted."""
    drift: tuple[JobChange, ...]
    """What was changed outside of Terraform since its last apply. The coordinator is outside too: a job that it paused for a
    hold is here, with the hold in `holds`, and is nothing to worry about."""
    flags_on: tuple[Hold, ...]
    """The flags of the backfills that are on after the plan."""
    holds: tuple[Hold, ...]
    """The runtime holds that there were when it was planned, by name; some may have ended (`interlock.holds.active`)."""
    flags_off: tuple[Hold, ...] = ()
    """The flags that the plan takes away: of backfills that it ends, and of extended ones the earlier end."""


def of_target(parts: Sequence[str]) -> list[str]:
    """Parts of a target in a list of attributes: `target URL`, `target account`."""
    return [f"target {part}" for part in parts]


def changed_names(one: ResourceChange) -> list[str]:
    """The names of the attributes that an update changes, for people; of a job's target the parts, as that is what it does."""
    if one.actions != UPDATE:
        return []
    if one.kind != JOB:
        return one.changed
    names = [name for name in one.changed if name not in TARGETS]
    return [*names, *of_target(target_changes(one.before, one.after, one.unknown))]


def job_changes(plan: Plan) -> JobChanges:
    """What a plan does to jobs; PlanError for one of another stack, or that has not read the bucket."""
    _check_stack(plan)
    listing = _holds_listing(plan)
    flags = (_flag(one) for one in plan.planned if one.module == "" and f"{one.kind}.{one.name}" == FLAGS)
    return JobChanges(
        jobs=_changed_jobs(plan.changes),
        drift=_changed_jobs(plan.drift),
        flags_on=tuple(sorted(flags, key=lambda flag: flag.object_name)),
        holds=tuple(_holds(listing)),
        flags_off=tuple(_flags_off(plan)),
    )


def _check_stack(plan: Plan) -> None:
    """That it is the plan of `schedules`: by what is configured, which a plan says even when it changes nothing."""
    if plan.configured.keys() >= LISTINGS:
        return
    looks_like = next((stack for address, stack in SIBLINGS.items() if address in plan.configured), None)
    what = f"it looks like {looks_like}" if looks_like else "none of Interlock's stacks has what it plans"
    raise PlanError(f"this is the plan of another stack than schedules: {what}; {PLAN}")


def _holds_listing(plan: Plan) -> Values:
    """What was read of the bucket while planning. A plan that puts the reading off does not know what is held."""
    put_off = {change.address for change in plan.changes} & LISTINGS
    if put_off or not plan.read.keys() >= LISTINGS:
        raise PlanError(f"the plan has not read which flags and holds there are; deploy coordination first, then {PLAN}")
    return plan.read[HOLDS_LISTING]


def _changed_jobs(changes: Sequence[ResourceChange]) -> tuple[JobChange, ...]:
    about = (one for one in changes if one.kind == JOB and one.managed and (one.actions != NO_ACTION or one.importing))
    found = map(_job_change, about)
    return tuple(sorted(found, key=lambda change: (change.job, change.deposed)))


def _job_change(resource: ResourceChange) -> JobChange:
    name = resource.name
    if not re.fullmatch(NAME, name) or resource.address != f"{JOB}.{name}":
        raise PlanError(f"the plan has a job that no catalog can name: {shown(resource.address)}; {PLAN}")
    before, after = resource.before, resource.after
    return JobChange(
        job=name,
        actions=resource.actions,
        paused=(_flag_of(before, "paused", name), _flag_of(after, "paused", name)),
        # One that is made or goes away changes in everything.
        changed=tuple(_attribute(one, name) for one in resource.changed) if before and after else (),
        schedule=(_text_of(before, "schedule", name), _text_of(after, "schedule", name)),
        time_zone=(_text_of(before, "time_zone", name), _text_of(after, "time_zone", name)),
        target_changed=target_changes(before, after, resource.unknown) if before and after else (),
        importing=resource.importing,
        only_token=resource.importing and resource.actions == UPDATE and forgets_token(before, after, resource.changed),
        deposed=resource.deposed,
    )


def _attribute(name: str, job: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name):
        raise PlanError(f"the plan has an attribute of {job} that no provider has: {shown(name)}; {PLAN}")
    return name


def _flag_of(values: Values, attribute: str, job: str) -> bool | None:
    value = values.get(attribute)
    if value is not None and not isinstance(value, bool):
        raise PlanError(f"the plan says of {job} that {attribute} is neither true nor false; {PLAN}")
    return value


def _text_of(values: Values, attribute: str, job: str) -> str | None:
    """A schedule or a zone: printable ASCII, as Cloud Scheduler takes no other."""
    value = values.get(attribute)
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[ -~]*", value) or len(value) > MAX_SHOWN_CHARACTERS:
        raise PlanError(f"the plan says of {job} a {attribute} that Cloud Scheduler would not take; {PLAN}")
    return value


def _flag(resource: PlannedResource) -> Hold:
    """The flag that a planned object stands for. Its name is known while planning, as it holds only the plan's time."""
    name = resource.values.get("name")
    if isinstance(name, str) and re.fullmatch(FLAG_OBJECT, name) and (flag := parse_object_name(name)):
        return flag
    raise PlanError(f"the plan writes a flag whose name states no backfill and end: {shown(name)}; {PLAN}")


def _flags_off(plan: Plan) -> Iterator[Hold]:
    for one in plan.changes:
        name = one.before.get("name")
        if f"{one.kind}.{one.name}" == FLAGS and one.managed and "delete" in one.actions and isinstance(name, str):
            yield from filter(None, [parse_object_name(name)])


def _holds(listing: Values) -> Iterator[Hold]:
    """Those of the listing whose names state one; the others cover nothing, and `interlock status` reports them."""
    objects = listing.get("bucket_objects")
    if not isinstance(objects, list):
        raise PlanError(f"this is no plan of Terraform: the listing of the holds has no list of objects; {SHOW}")
    names = [one.get("name") for one in objects if isinstance(one, dict)]
    yield from filter(None, map(parse_object_name, sorted({name for name in names if isinstance(name, str)})))
