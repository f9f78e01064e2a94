"""A Terraform plan, read from what `terraform show -json` says of it: the one reader of that file.

The format: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation. The text is hostile: CI gets it
from an artifact. What is not as Terraform writes it is refused with one sentence, so whoever holds a `Plan` may rely on its
shape; the values of attributes stay a stranger's. `job_changes.py` says what a plan of the schedules does to jobs.
"""

from __future__ import annotations

import errno
import json
import os
import re
import select
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from interlock.catalog import Json

MAX_CHARACTERS = 32 * 1024 * 1024
"""Of a plan; one that changes 1,000 jobs has some 7 million."""
PIPE_SECONDS = 60
"""How long a pipe may bring nothing; Terraform shows a plan in seconds."""
MAX_DEPTH = 100
"""Terraform's own plans nest some twenty deep."""
FORMAT_MAJOR = "1"
"""Of `format_version`. Terraform promises that a reader of 1.x can ignore what a later 1.y adds."""
NO_ACTION, UPDATE, FORGET = ("no-op",), ("update",), ("forget",)
REPLACEMENTS = frozenset({("delete", "create"), ("create", "delete"), ("create", "forget"), ("forget", "create")})
"""The last two, of Terraform and of OpenTofu, let the old one go: it stays in the cloud as it is, and in no state."""
ACTIONS = frozenset({NO_ACTION, ("create",), ("read",), UPDATE, ("delete",), FORGET, *REPLACEMENTS})
"""All that they write, in their order: https://github.com/hashicorp/terraform/blob/v1.15.9/internal/command/jsonplan/plan.go
(actionString), https://github.com/opentofu/opentofu/blob/v1.12.6/internal/command/jsonplan/plan.go"""
COMPUTED = frozenset({"id", "state"})
"""Attributes that follow from others; a job's `state` says `paused` again."""

IN_THE_FOLDER = "in cdktf.out/ENVIRONMENT/stacks/schedules run: "
SHOW = f"{IN_THE_FOLDER}terraform show -json plan.bin > plan.json"
PLAN = f"{IN_THE_FOLDER}terraform plan -out plan.bin && terraform show -json plan.bin > plan.json"

Values = Mapping[str, Json]
"""Attributes by name."""


class PlanError(ValueError):
    """Not a plan that can be read: one sentence that says what it is, and the command that makes what is wanted."""


@dataclass(frozen=True, kw_only=True)
class PlannedResource:
    """A managed resource as it is after the plan. `module` and `index` are what its address says beyond type and name."""

    address: str
    kind: str
    name: str
    module: str
    """Of a resource that is not in the root module, with the dot: `module.jobs.`."""
    index: str
    """Of one of several instances: `["tdza"]`."""
    values: Values


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """What a plan does with a resource, managed or data, or what was done to it outside of Terraform."""

    address: str
    kind: str
    name: str
    module: str
    index: str
    managed: bool
    deposed: bool
    """Not the resource itself but what an interrupted replacement has left of one before it."""
    importing: bool
    """Terraform takes over what is there already."""
    actions: tuple[str, ...]
    """As Terraform orders them: ("update",), ("create",), ("delete",), ("forget",); a replacement is ("delete", "create"), or
    ("create", "forget") where the old one is let go."""
    before: Values
    """Nothing in it when it is made."""
    after: Values
    """Nothing in it when it goes away, and none of what is known only after the apply."""
    unknown: Values
    """Mirrors `after`, with true where only the apply knows."""

    @property
    def changed(self) -> list[str]:
        """The names of the attributes that differ, sorted, but for those that follow from others."""
        names = sorted({*self.before, *self.after, *self.unknown} - COMPUTED)
        return [name for name in names if self.before.get(name) != self.after.get(name) or self.unknown.get(name) is True]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All of a plan, of any stack."""

    configured: Mapping[str, Values]
    """The expressions of the root module's resources, by address, as a plan has them even when it changes nothing."""
    planned: tuple[PlannedResource, ...]
    """What there is after it, in modules too; not what it lets go, which planned_values has before Terraform 1.15.6:
    https://github.com/hashicorp/terraform/pull/38665"""
    read: Mapping[str, Values]
    """What data sources of the root module have read while it was planned, by address."""
    changes: tuple[ResourceChange, ...]
    """One for each resource, also for what stays as it is."""
    drift: tuple[ResourceChange, ...]
    """What was changed outside of Terraform since its last apply."""
    outputs: Mapping[str, Json]
    """Those that are known while planning, as they are after it."""
    output_changes: Mapping[str, tuple[str, ...]]
    """What it does with each output: actions as of a resource."""
    variables: Mapping[str, Json]
    """What it was made with."""
    planned_at: datetime | None
    """Aware UTC."""


def load_plan(path: Path) -> Plan:
    """The plan that a file holds; PlanError as in `parse_plan`, without the path, and for what can't be read."""
    try:
        size, content = path.stat().st_size, _content(path)
        if (size := max(size, len(content))) > MAX_CHARACTERS:  # of a pipe nobody knows it before
            raise PlanError(f"the plan has {size:,} bytes and at most {MAX_CHARACTERS:,} are read; {SHOW}")
        return parse_plan(content.decode())
    except OSError as error:
        raise PlanError(f"the plan can't be read: {error.strerror}; {SHOW}") from None
    except UnicodeDecodeError:
        raise PlanError(f"the plan is no text in UTF-8; {SHOW}") from None


def _content(path: Path) -> bytes:
    """The bytes of a file, or of a pipe whose other end writes, up to one more than are allowed. It waits for nobody who has
    not opened the other end, and not for ever for who writes nothing; OSError then."""
    found = bytearray()
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        while len(found) <= MAX_CHARACTERS:
            if not select.select([file], [], [], PIPE_SECONDS)[0]:
                raise TimeoutError(errno.ETIMEDOUT, f"nothing came through the pipe for {PIPE_SECONDS} seconds")
            part = file.read(MAX_CHARACTERS + 1 - len(found))
            if part == b"":
                break
            found += part or b""
    return bytes(found)


def parse_plan(text: str) -> Plan:
    """A stranger's plan of any stack; PlanError for a text that is none, or is of another format or a part of a plan."""
    if len(text) > MAX_CHARACTERS:
        raise PlanError(f"the plan has {len(text):,} characters and at most {MAX_CHARACTERS:,} are read; {SHOW}")
    return own_plan(text)


def own_plan(text: str, *, partial: bool = False) -> Plan:
    """The same for a plan that was made here, however large it is: a deploy must not end at a limit of what is read. `partial`:
    a part of a plan is meant, and all of it is planned afterwards."""
    if text.startswith("PK\x03\x04"):
        raise PlanError(f"this is a saved plan itself, which only Terraform reads; {SHOW}")
    try:
        document = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        if text.startswith('{"@level"'):
            raise PlanError(f"this is the log that `terraform plan -json` writes, not the plan; {PLAN}") from None
        where = f", line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise PlanError(f"the plan is not JSON{where}; {SHOW}") from None
    return plan_of(document, partial=partial)


def plan_of(document: Json, *, partial: bool = False) -> Plan:
    """The plan that some JSON states; PlanError as in `parse_plan`."""
    whole = _object(document, "the file")
    if is_deep(document):
        raise _too_deep()
    _check_kind(whole)
    _check_whole(whole, partial=partial)
    after = _object(whole["planned_values"], "planned_values")
    changes = _changes(whole, "resource_changes")
    let_go = {one.address for one in changes if one.actions == FORGET and not one.deposed}
    return Plan(
        configured=dict(_configured(whole)),
        planned=tuple(one for one in _planned(_root(after, "planned_values")) if one.address not in let_go),
        read=dict(_read(whole)),
        changes=changes,
        drift=_changes(whole, "resource_drift"),
        outputs=_valued(after, "outputs"),
        output_changes={
            name: _actions(_object(change, f"the change of output {shown(name)}"), "output_changes")
            for name, change in _object(whole.get("output_changes", {}), "output_changes").items()
        },
        variables=_valued(whole, "variables"),
        planned_at=_instant(whole.get("timestamp")),
    )


def is_deep(value: Json) -> bool:
    """Whether it nests deeper than Terraform's JSON does: whatever walks or shows it might exceed Python's recursion."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inside = (one.values() if isinstance(one, dict) else one if isinstance(one, list) else () for one in level)
        level = [inner for several in inside for inner in several]
        if not level:
            return False
    return True


def _too_deep() -> PlanError:
    return PlanError(f"the plan is nested too deeply to be one of Terraform, more than {MAX_DEPTH} deep; make one: {PLAN}")


def _check_kind(plan: Values) -> None:
    """That it is a plan, in a format that we know."""
    if "format_version" not in plan or "terraform_version" not in plan:
        raise PlanError(f"this JSON is no plan of Terraform: it has no format_version and terraform_version; {SHOW}")
    if "planned_values" not in plan:
        what = "a state" if "values" in plan or set(plan) <= {"format_version", "terraform_version", "checks"} else "no plan"
        raise PlanError(f"this is {what}, not what `terraform show -json` says of a saved plan; {PLAN}")
    version = plan["format_version"]
    if not isinstance(version, str) or version.split(".")[0] != FORMAT_MAJOR:
        raise PlanError(
            f"the plan's format_version is {shown(version)} and only {FORMAT_MAJOR}.x is read; with the Terraform that"
            f" CI uses, {PLAN}"
        )


def _check_whole(plan: Values, *, partial: bool) -> None:
    """That it is all of a plan: Terraform shows one that failed, or that -target cut short, as it shows any other."""
    if plan.get("errored") is True:
        raise PlanError(f"planning failed and this is what there was of the plan; mend what Terraform said, then {PLAN}")
    if plan.get("complete") is False and not partial:
        raise PlanError(f"this is a part of a plan, as with -target, and hides what else changes; plan everything: {PLAN}")


def _configured(plan: Values) -> Iterator[tuple[str, Values]]:
    configuration = _object(plan.get("configuration"), "configuration")
    root = _object(configuration.get("root_module", {}), "configuration.root_module")
    for one in _objects(root, "resources", "configuration.root_module.resources"):
        address = _text(one, "address", "a resource of the configuration")
        yield address, _object(one.get("expressions", {}), f"the expressions of {shown(address)}")


def _planned(module: Values) -> Iterator[PlannedResource]:
    """Those of a module and of the modules in it."""
    for one in _objects(module, "resources", "the resources of planned_values"):
        if one.get("mode") != "data":
            kind, name, address = _identity(one)
            inside, index = _place(address, kind, name)
            values = _object(one.get("values", {}), f"the values of {shown(address)}")
            yield PlannedResource(address=address, kind=kind, name=name, module=inside, index=index, values=values)
    for inner in _objects(module, "child_modules", "the modules of planned_values"):
        yield from _planned(inner)


def _read(plan: Values) -> Iterator[tuple[str, Values]]:
    """The data of the root module; our stacks have no other."""
    prior = _object(plan.get("prior_state", {}), "prior_state")
    values = _object(prior.get("values", {}), "prior_state.values")
    for one in _objects(_root(values, "prior_state.values"), "resources", "the resources of prior_state.values"):
        if one.get("mode") == "data":
            address = _text(one, "address", "a resource of prior_state.values")
            yield address, _object(one.get("values", {}), f"the values of {shown(address)}")


def _root(values: Values, where: str) -> Values:
    return _object(values.get("root_module", {}), f"{where}.root_module")


def _changes(plan: Values, key: str) -> tuple[ResourceChange, ...]:
    return tuple(_change(one, key) for one in _objects(plan, key, key))


def _change(resource: Values, key: str) -> ResourceChange:
    kind, name, address = _identity(resource)
    managed = resource.get("mode") != "data"
    module, index = _place(address, kind, name) if managed else ("", "")
    change = _object(resource.get("change"), f"a change of {key}")
    before, after, unknown = (_part(change, part, address) for part in ("before", "after", "after_unknown"))
    return ResourceChange(
        address=address,
        kind=kind,
        name=name,
        module=module,
        index=index,
        managed=managed,
        deposed="deposed" in resource,
        importing=bool(change.get("importing")),
        actions=_actions(change, key),
        before=before,
        after=after,
        unknown=unknown,
    )


def _part(change: Values, part: str, address: str) -> Values:
    """Attributes by name; null is no resource, as before it is made and after it is gone."""
    values = change.get(part)
    return {} if values is None else _object(values, f"{part} of {shown(address)}")


def _actions(change: Values, key: str) -> tuple[str, ...]:
    listed = _list(change.get("actions"), f"the actions of {key}")
    actions = tuple(action for action in listed if isinstance(action, str))
    if actions not in ACTIONS or len(actions) != len(listed):
        raise PlanError(f"the plan has an action in {key} that is not known; with the Terraform that CI uses, {PLAN}")
    return actions


def _identity(resource: Values) -> tuple[str, str, str]:
    """Type, name and address."""
    kind, name, address = (_text(resource, key, "a resource") for key in ("type", "name", "address"))
    return kind, name, address


def _place(address: str, kind: str, name: str) -> tuple[str, str]:
    """The module, with its dot, and the index that an address has beyond the type and the name."""
    own = f"{kind}.{name}"
    module, _, rest = ("", "", address) if address.startswith(own) else address.rpartition(f".{own}")
    index = rest if module else address.removeprefix(own)
    if (not module and not address.startswith(own)) or (index and not index.startswith("[")):
        raise PlanError(f"the plan has an address, {shown(address)}, that is not one of {shown(own)}; {PLAN}")
    return module and f"{module}.", index


def _valued(inside: Values, key: str) -> dict[str, Json]:
    """By name, what stands under `value`."""
    several = _object(inside.get(key, {}), key)
    return {name: one.get("value") for name, one in several.items() if isinstance(one, dict)}


def _instant(value: Json) -> datetime | None:
    try:
        stated = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return stated.astimezone(UTC) if stated and stated.tzinfo else None


def _objects(inside: Values, key: str, where: str) -> list[Values]:
    return [_object(one, f"an entry of {where}") for one in _list(inside.get(key, []), where)]


def _object(value: Json, what: str) -> Values:
    if isinstance(value, dict):
        return value
    raise _wrong(value, what, "an object")


def _list(value: Json, what: str) -> Sequence[Json]:
    if isinstance(value, list):
        return value
    raise _wrong(value, what, "a list")


def _text(inside: Values, key: str, what: str) -> str:
    value = inside.get(key)
    if isinstance(value, str):
        return value
    raise _wrong(value, f"the {key} of {what}", "a text")


def _wrong(value: Json, what: str, wanted: str) -> PlanError:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "missing"}
    return PlanError(f"this is no plan of Terraform: {what} is {kinds.get(type(value), 'a number')}, not {wanted}; {SHOW}")


def shown(value: Json) -> str:
    """A stranger's value in a message: short, and without anything that a terminal or a page acts on."""
    text = value if isinstance(value, str) else json.dumps(value)
    return re.sub(r"[^A-Za-z0-9 ._@:/\"\[\]-]", "?", text[:60])
