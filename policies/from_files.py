"""An estate of what lies in files: a synthesized stack, or a plan and the stack beside it. Everything in them is hostile.

A file is judged with its neighbours: the other stacks of the same output folder, `stacks/*/cdk.tf.json`. What a plan does not
carry, as Terraform drops `//`, is looked up by address in the `cdk.tf.json` beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from interlock.catalog import Json, Source
from interlock.facts import KEY
from interlock.findings import Finding
from interlock.review.plan import MAX_CHARACTERS, PlanError, whole_plan
from policies.rules import RULES
from policies.rules.estate import JOB, STACK, Change, Estate, Origin, Resource
from policies.rules.judge import Outcome, judge_all
from policies.rules.rule import PLANNED
from policies.rules.values import NOTHING, Attributes, shown

SYNTHESIZED = "cdk.tf.json"
SYNTHESIZE = "synthesize first: make policy, or npx cdktf synth"
PROVIDER = "google"
"""The name of the resource that stands for a stack."""
Block = Mapping[str, Json]


class Unreadable(ValueError):
    """A file that can't be judged: one sentence that says which, why, and what to do."""


def read_estate(path: Path, today: date) -> Estate:
    """The estate of a file: `*.tf.json` is a configuration, any other `.json` a plan as `terraform show -json` has it."""
    if path.name.endswith(".tf.json"):
        return stack_estate(_configuration(path), _neighbours(path), today)
    if path.suffix != ".json":
        raise Unreadable(f"{path.name} is HCL; check what `terraform show -json` says of its plan instead")
    beside = path.with_name(SYNTHESIZED)
    if not beside.is_file():
        raise Unreadable(f"{path.name} has no {SYNTHESIZED} beside it, so its waivers and facts are not known; {SYNTHESIZE}")
    try:
        plan = whole_plan(_text(path))
    except PlanError as error:
        raise Unreadable(str(error)) from None
    return plan_estate(plan, _configuration(beside), _neighbours(beside), today)


def plan_findings(path: Path, today: date) -> list[Finding]:
    """What a plan breaks of the rules that only a plan can break. Unreadable as in `read_estate`."""
    only_planned = [rule for rule in RULES if rule.origins == PLANNED]
    return [
        Finding(
            rule=verdict.rule.name,
            subject=verdict.resource.name if verdict.resource.kind == JOB else path.name,
            message=message,
            source=Source(file="", line=0),
        )
        for verdict in judge_all(only_planned, read_estate(path, today))
        if verdict.outcome is Outcome.FAILED
        for message in verdict.messages
    ]


def stack_estate(configuration: Block, neighbours: list[Block], today: date) -> Estate:
    """The estate of a synthesized stack."""
    found = [*_resources(configuration), _stack(configuration)]
    return Estate(
        origin=Origin.STACK,
        today=today,
        resources={resource.address: resource for resource in found},
        neighbours=tuple(resource for other in neighbours for resource in _resources(other)),
        facts=_facts(configuration),
        locals=_locals([configuration, *neighbours]),
    )


def plan_estate(plan: Block, configuration: Block, neighbours: list[Block], today: date) -> Estate:
    """The estate of a plan; `configuration` is that of its stack."""
    facts = {resource.address: resource.facts for resource in _resources(configuration)}
    changes = {
        _string(one, "address"): one for one in _list(plan.get("resource_changes"), "resource_changes") if isinstance(one, dict)
    }
    planned = _module(_object(_object(plan.get("planned_values"), "planned_values").get("root_module"), "root_module"))
    found = [_planned(one, changes, facts) for one in planned]
    addresses = {resource.address for resource in found}
    gone = {
        address: change
        for address, one in changes.items()
        if one.get("mode") == "managed" and address not in addresses and (change := _change(one)) and "delete" in change.actions
    }
    variables = {
        name: value.get("value")
        for name, value in _object(plan.get("variables", {}), "variables").items()
        if isinstance(value, dict)
    }
    return Estate(
        origin=Origin.PLAN,
        today=today,
        resources={resource.address: resource for resource in (*found, _stack(configuration))},
        neighbours=tuple(resource for other in neighbours for resource in _resources(other)),
        facts=_facts(configuration),
        locals=_locals([configuration, *neighbours]),
        variables=variables,
        gone=gone,
        planned_at=_instant(plan.get("timestamp")),
    )


def _planned(one: Block, changes: Mapping[str, Block], facts: Mapping[str, Attributes]) -> Resource:
    address, kind, name = (_string(one, key) for key in ("address", "type", "name"))
    change = _change(changes[address]) if address in changes else None
    unknown = (
        _object(_object(changes[address].get("change"), "change").get("after_unknown") or {}, "after_unknown") if change else {}
    )
    values = _object(one.get("values", {}), f"the values of {shown(address)}")
    return Resource(
        kind=kind,
        name=name,
        index=address.removeprefix(f"{kind}.{name}") if address.startswith(f"{kind}.{name}[") else "",
        attributes=Attributes(values=values, templates=False, unknown=dict(unknown)),
        facts=facts.get(f"{kind}.{name}", NOTHING),
        change=change,
    )


def _change(one: Block) -> Change:
    change = _object(one.get("change"), "a change")
    before, after = (_object(change.get(part) or {}, part) for part in ("before", "after"))
    actions = tuple(str(action) for action in _list(change.get("actions"), "the actions of a change"))
    return Change(
        actions=actions,
        before=Attributes(values=before, templates=False),
        after=Attributes(values=after, templates=False),
    )


def _module(module: Block) -> Iterator[Block]:
    """The managed resources of a module and of the modules in it; their addresses say in which."""
    for one in _list(module.get("resources", []), "resources"):
        if _object(one, "a resource").get("mode") == "managed":
            yield _object(one, "a resource")
    for inner in _list(module.get("child_modules", []), "child_modules"):
        yield from _module(_object(inner, "a module"))


def _resources(configuration: Block) -> Iterator[Resource]:
    for kind, named in _merged(configuration.get("resource", {}), "resource").items():
        for name, block in _merged(named, f"resource.{kind}").items():
            if name == "//":
                continue
            several = block if isinstance(block, list) else [block]
            values = _merged(several[0] if len(several) == 1 else {}, f"{kind}.{name}")
            beside = values.get("//")
            said = beside.get(KEY) if isinstance(beside, dict) else None
            yield Resource(
                kind=kind,
                name=name,
                attributes=Attributes(values={key: value for key, value in values.items() if key != "//"}, templates=True),
                facts=Attributes(values=said, templates=False) if isinstance(said, dict) else NOTHING,
            )


def _stack(configuration: Block) -> Resource:
    """What stands for the stack itself."""
    return Resource(kind=STACK, name=PROVIDER, attributes=NOTHING, facts=_facts(configuration))


def _facts(configuration: Block) -> Attributes:
    beside = configuration.get("//")
    said = beside.get(KEY) if isinstance(beside, dict) else None
    return Attributes(values=said, templates=False) if isinstance(said, dict) else NOTHING


def _locals(configurations: list[Block]) -> Attributes:
    """The locals of the stack that has scopes."""
    for configuration in configurations:
        values = _merged(configuration.get("locals", {}), "locals")
        if "scopes" in values:
            return Attributes(values=values, templates=True)
    return NOTHING


def _merged(value: Json, where: str) -> dict[str, Json]:
    """A mapping; Terraform's JSON may write it as a list of mappings, too."""
    several = value if isinstance(value, list) else [value]
    merged: dict[str, Json] = {}
    for one in several:
        for key, inner in _object(one, where).items():
            if isinstance(inner, dict) and isinstance(merged.get(key), dict):
                inner = {**_object(merged[key], where), **inner}
            merged[key] = inner
    return merged


def _neighbours(path: Path) -> list[Block]:
    """The other stacks of the same output folder."""
    if path.parent.parent.name != "stacks":
        return []
    others = sorted(path.parent.parent.glob(f"*/{SYNTHESIZED}"))
    return [_configuration(other) for other in others if other.parent != path.parent]


def _configuration(path: Path) -> Block:
    try:
        return _object(json.loads(_text(path)), path.name)
    except RecursionError:
        raise Unreadable(f"{path.name} is nested too deeply to be written by cdktf; {SYNTHESIZE}") from None
    except ValueError as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"{path.name} is not JSON ({error}); {SYNTHESIZE}") from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_CHARACTERS:
            raise Unreadable(f"{path.name} has {path.stat().st_size:,} bytes and at most {MAX_CHARACTERS:,} are read")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(f"{path.name} can't be read: {error.strerror}; {SYNTHESIZE}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{path.name} is no text in UTF-8; {SYNTHESIZE}") from None


def _object(value: Json, where: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise Unreadable(f"{where} is {shown(value)}, which is no mapping; {SYNTHESIZE}")
    return value


def _list(value: Json, where: str) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{where} is {shown(value)}, which is no list; {SYNTHESIZE}")
    return value


def _string(block: Block, key: str) -> str:
    value = block.get(key)
    if not isinstance(value, str):
        raise Unreadable(f"{key} of a resource is {shown(value)}, which is no text; {SYNTHESIZE}")
    return value


def _instant(value: Json) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found and found.tzinfo else None
