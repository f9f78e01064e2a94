"""What a Terraform plan of the stack `schedules` will do to jobs and backfills, read from `terraform show -json`.

The format: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation. The text is hostile: CI gets it
from an artifact. A plan holds every attribute of every job, bodies, headers and URLs among them; of these only `paused`,
`schedule` and `time_zone` are let out, and the names of the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from interlock.catalog import Json
from interlock.holds import FLAG_OBJECT, Hold, parse_object_name
from interlock.names import NAME

MAX_CHARACTERS = 32 * 1024 * 1024
"""Of a plan; one that changes 1,000 jobs has some 7 million."""
MAX_SHOWN_CHARACTERS = 120
"""Of a schedule or a time zone that is let out."""
FORMAT_MAJOR = "1"
"""Of `format_version`. Terraform promises that a reader of 1.x can ignore what a later 1.y adds."""

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

NOTHING = ("no-op",)
ACTIONS = frozenset({"no-op", "create", "read", "update", "delete", "forget"})
COMPUTED = frozenset({"id", "state"})
"""Attributes that follow from others; `state` says `paused` again."""

IN_THE_FOLDER = "in cdktf.out/ENVIRONMENT/stacks/schedules run: "
SHOW = f"{IN_THE_FOLDER}terraform show -json plan.bin > plan.json"
PLAN = f"{IN_THE_FOLDER}terraform plan -out plan.bin && terraform show -json plan.bin > plan.json"


class PlanError(ValueError):
    """Not a plan that can be reviewed: one sentence that says what it is, and the command that makes what is wanted."""


@dataclass(frozen=True, kw_only=True)
class JobChange:
    """A change of one job. Pairs are before and after; None is what is not there, and what is known only after the apply."""

    job: str
    actions: tuple[str, ...]
    """As Terraform orders them: ("update",), ("create",), ("delete",), ("forget",); a replacement is ("delete", "create")."""
    paused: tuple[bool | None, bool | None]
    changed: tuple[str, ...]
    """The names of the attributes that an update or a replacement changes, sorted; not of those that follow from others."""
    schedule: tuple[str | None, str | None] = (None, None)
    time_zone: tuple[str | None, str | None] = (None, None)
    deposed: bool = False
    """Not the job that is declared but what an interrupted replacement has left of one before it."""


@dataclass(frozen=True, kw_only=True)
class PlanFacts:
    """What is to be known of a plan."""

    jobs: tuple[JobChange, ...]
    """What the plan does, by job; jobs that stay as they are have none."""
    drift: tuple[JobChange, ...]
    """What was changed outside of Terraform since its last apply. The coordinator is outside too: a job that it paused for a
    hold is here, with the hold in `holds`, and is nothing to worry about."""
    flags_on: tuple[Hold, ...]
    """The flags of the backfills that are on after the plan."""
    holds: tuple[Hold, ...]
    """The runtime holds that there were when it was planned, by name; some may have ended (`interlock.holds.active`)."""


def parse_plan(text: str) -> PlanFacts:
    """The facts of a plan; PlanError for a text that is none, or is of another stack, another format or a part of a plan."""
    try:
        return _facts(_parsed(text))
    except RecursionError:
        raise PlanError(f"the plan is nested too deeply to be one of Terraform; make one: {PLAN}") from None


def whole_plan(text: str) -> Mapping[str, Json]:
    """A plan of any stack as it is; PlanError for a text that is none, or is of another format or a part of a plan."""
    try:
        plan = _parsed(text)
    except RecursionError:
        raise PlanError(f"the plan is nested too deeply to be one of Terraform; make one: {PLAN}") from None
    _check_kind(plan)
    _check_whole(plan)
    return plan


def _parsed(text: str) -> Mapping[str, Json]:
    if len(text) > MAX_CHARACTERS:
        raise PlanError(f"the plan has {len(text):,} characters and at most {MAX_CHARACTERS:,} are read; {SHOW}")
    if text.startswith("PK\x03\x04"):
        raise PlanError(f"this is a saved plan itself, which only Terraform reads; {SHOW}")
    try:
        found = json.loads(text)
    except ValueError as error:
        if text.startswith('{"@level"'):
            raise PlanError(f"this is the log that `terraform plan -json` writes, not the plan; {PLAN}") from None
        where = f", line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise PlanError(f"the plan is not JSON{where}; {SHOW}") from None
    return _object(found, "the file")


def _facts(plan: Mapping[str, Json]) -> PlanFacts:
    _check_kind(plan)
    _check_stack(plan)
    _check_whole(plan)
    planned = _resources(_object(plan.get("planned_values"), "planned_values"), "planned_values")
    listings = _listings(plan)
    return PlanFacts(
        jobs=_job_changes(plan, "resource_changes"),
        drift=_job_changes(plan, "resource_drift"),
        flags_on=tuple(sorted((_flag(one) for one in planned if _of(one) == FLAGS), key=lambda flag: flag.object_name)),
        holds=tuple(_holds(listings[HOLDS_LISTING])),
    )


def _check_kind(plan: Mapping[str, Json]) -> None:
    """That it is a plan, in a format that we know."""
    if "format_version" not in plan or "terraform_version" not in plan:
        raise PlanError(f"this JSON is no plan of Terraform: it has no format_version and terraform_version; {SHOW}")
    if "planned_values" not in plan:
        what = "a state" if "values" in plan or set(plan) <= {"format_version", "terraform_version", "checks"} else "no plan"
        raise PlanError(f"this is {what}, not what `terraform show -json` says of a saved plan; {PLAN}")
    version = plan["format_version"]
    if not isinstance(version, str) or version.split(".")[0] != FORMAT_MAJOR:
        raise PlanError(
            f"the plan's format_version is {_shown(version)} and only {FORMAT_MAJOR}.x is read; with the Terraform that"
            f" CI uses, {PLAN}"
        )


def _check_stack(plan: Mapping[str, Json]) -> None:
    """That it is the plan of `schedules`: by what is configured, which a plan says even when it changes nothing."""
    configuration = _object(plan.get("configuration"), "configuration")
    root = _object(configuration.get("root_module", {}), "configuration.root_module")
    resources = _list(root.get("resources", []), "configuration.root_module.resources")
    addresses = {_address(_object(one, "a resource of the configuration")) for one in resources}
    if addresses >= LISTINGS:
        return
    looks_like = next((stack for address, stack in SIBLINGS.items() if address in addresses), None)
    what = f"it looks like {looks_like}" if looks_like else "none of Interlock's stacks has what it plans"
    raise PlanError(f"this is the plan of another stack than schedules: {what}; {PLAN}")


def _check_whole(plan: Mapping[str, Json]) -> None:
    """That it is all of a plan: Terraform shows one that failed, or that -target cut short, as it shows any other."""
    if plan.get("errored") is True:
        raise PlanError(f"planning failed and this is what there was of the plan; mend what Terraform said, then {PLAN}")
    if plan.get("complete") is False:
        raise PlanError(f"this is a part of a plan, as with -target, and hides what else changes; plan everything: {PLAN}")


def _listings(plan: Mapping[str, Json]) -> Mapping[str, Mapping[str, Json]]:
    """What was read of the bucket while planning, by address. A plan that puts the reading off does not know what is held."""
    put_off = {_address(one) for one in _objects(plan, "resource_changes")} & LISTINGS
    prior = _object(plan.get("prior_state", {}), "prior_state")
    values = _object(prior.get("values", {}), "prior_state.values")
    read = {_address(one): one for one in _resources(values, "prior_state.values") if _address(one) in LISTINGS}
    if put_off or read.keys() != LISTINGS:
        raise PlanError(f"the plan has not read which flags and holds there are; deploy coordination first, then {PLAN}")
    return read


def _job_changes(plan: Mapping[str, Json], key: str) -> tuple[JobChange, ...]:
    found = []
    for one in _objects(plan, key):
        actions = _actions(one, key)
        if one.get("type") == JOB and one.get("mode") == "managed" and actions != NOTHING:
            found.append(_job_change(one, actions, key))
    return tuple(sorted(found, key=lambda change: (change.job, change.deposed)))


def _actions(resource: Mapping[str, Json], key: str) -> tuple[str, ...]:
    change = _object(resource.get("change"), f"a change of {key}")
    listed = _list(change.get("actions"), f"the actions of {key}")
    actions = tuple(action for action in listed if isinstance(action, str) and action in ACTIONS)
    if not actions or len(actions) != len(listed):
        raise PlanError(f"the plan has an action in {key} that is not known; with the Terraform that CI uses, {PLAN}")
    return actions


def _job_change(resource: Mapping[str, Json], actions: tuple[str, ...], key: str) -> JobChange:
    name = resource.get("name")
    if not isinstance(name, str) or not re.fullmatch(NAME, name) or _address(resource) != f"{JOB}.{name}":
        raise PlanError(f"the plan has a job in {key} that no catalog can name: {_shown(resource.get('address'))}; {PLAN}")
    change = _object(resource["change"], f"the change of {name}")
    before, after, unknown = (_values(change, part, name) for part in ("before", "after", "after_unknown"))
    changed = (
        attribute
        for attribute in sorted({*before, *after, *unknown})
        if before.get(attribute) != after.get(attribute) or unknown.get(attribute) is True
    )
    return JobChange(
        job=name,
        actions=actions,
        paused=(_flag_of(before, "paused", name), _flag_of(after, "paused", name)),
        # One that is made or goes away changes in everything.
        changed=tuple(_attribute(one, name) for one in changed if one not in COMPUTED) if before and after else (),
        schedule=(_text_of(before, "schedule", name), _text_of(after, "schedule", name)),
        time_zone=(_text_of(before, "time_zone", name), _text_of(after, "time_zone", name)),
        deposed="deposed" in resource,
    )


def _values(change: Mapping[str, Json], part: str, job: str) -> Mapping[str, Json]:
    """Attributes by name; null is no job, as before it is made and after it is gone."""
    values = change.get(part)
    return {} if values is None else _object(values, f"{part} of {job}")


def _attribute(name: str, job: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name):
        raise PlanError(f"the plan has an attribute of {job} that no provider has: {_shown(name)}; {PLAN}")
    return name


def _flag_of(values: Mapping[str, Json], attribute: str, job: str) -> bool | None:
    value = values.get(attribute)
    if value is not None and not isinstance(value, bool):
        raise PlanError(f"the plan says of {job} that {attribute} is neither true nor false; {PLAN}")
    return value


def _text_of(values: Mapping[str, Json], attribute: str, job: str) -> str | None:
    """A schedule or a zone: printable ASCII, as Cloud Scheduler takes no other."""
    value = values.get(attribute)
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[ -~]*", value) or len(value) > MAX_SHOWN_CHARACTERS:
        raise PlanError(f"the plan says of {job} a {attribute} that Cloud Scheduler would not take; {PLAN}")
    return value


def _flag(resource: Mapping[str, Json]) -> Hold:
    """The flag that a planned object stands for. Its name is known while planning, as it holds only the plan's time."""
    values = _object(resource.get("values"), "the values of a flag")
    name = values.get("name")
    if isinstance(name, str) and re.fullmatch(FLAG_OBJECT, name) and (flag := parse_object_name(name)):
        return flag
    raise PlanError(f"the plan writes a flag whose name states no backfill and end: {_shown(name)}; {PLAN}")


def _holds(listing: Mapping[str, Json]) -> Iterator[Hold]:
    """Those of the listing whose names state one; the others cover nothing, and `interlock status` reports them."""
    values = _object(listing.get("values"), "the values of the listing")
    names = []
    for one in _list(values.get("bucket_objects"), "the listing"):
        name = _object(one, "an object of the listing").get("name")
        if isinstance(name, str):
            names.append(name)
    yield from filter(None, map(parse_object_name, sorted(set(names))))


def _resources(values: Mapping[str, Json], where: str) -> list[Mapping[str, Json]]:
    """Those of the root module; our stacks have no other."""
    root = _object(values.get("root_module", {}), f"{where}.root_module")
    return [_object(one, f"a resource of {where}") for one in _list(root.get("resources", []), f"the resources of {where}")]


def _objects(plan: Mapping[str, Json], key: str) -> list[Mapping[str, Json]]:
    return [_object(one, f"an entry of {key}") for one in _list(plan.get(key, []), key)]


def _address(resource: Mapping[str, Json]) -> str:
    address = resource.get("address")
    return address if isinstance(address, str) else ""


def _of(resource: Mapping[str, Json]) -> str:
    """The address without the key of for_each."""
    return _address(resource).partition("[")[0]


def _object(value: Json, what: str) -> Mapping[str, Json]:
    if isinstance(value, dict):
        return value
    raise _wrong(value, what, "an object")


def _list(value: Json, what: str) -> Sequence[Json]:
    if isinstance(value, list):
        return value
    raise _wrong(value, what, "a list")


def _wrong(value: Json, what: str, wanted: str) -> PlanError:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "missing"}
    return PlanError(f"this is no plan of Terraform: {what} is {kinds.get(type(value), 'a number')}, not {wanted}; {SHOW}")


def _shown(value: Json) -> str:
    """A stranger's value in a message: short, and without anything that a terminal or a page acts on."""
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(c if re.match(r"[A-Za-z0-9 ._@:/\"\[\]-]", c) else "?" for c in text[:60])
