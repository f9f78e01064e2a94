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
from interlock.findings import Finding
from interlock.terraform.facts import KEY
from interlock.terraform.plan import MAX_CHARACTERS, PlanError, whole_plan
from policies.rules import RULES
from policies.rules.estate import JOB, STACK, Change, Estate, Origin, Resource
from policies.rules.judge import Outcome, judge_all
from policies.rules.rule import PLANNED
from policies.rules.values import NOTHING, Attributes, clean, shown

SYNTHESIZED = "cdk.tf.json"
SYNTHESIZE = "synthesize first: make policy, or npx cdktf synth"
MAX_DEPTH = 100
"""Of a file: Terraform's own plans nest some twenty deep."""
PROVIDER = "google"
"""The name of the resource that stands for a stack."""
Block = Mapping[str, Json]


class Unreadable(ValueError):
    """A file that can't be judged: one sentence that says which, why, and what to do, on one line whatever was in the file."""

    def __init__(self, message: str) -> None:
        super().__init__(clean(message))


def read_estate(path: Path, today: date) -> Estate:
    """The estate of a file: `*.tf.json` is a configuration, any other `.json` a plan as `terraform show -json` has it."""
    if path.name.endswith(".tf.json"):
        return stack_estate(_configuration(path), _neighbours(path), today)
    if path.suffix != ".json":
        raise Unreadable(f"{_shown(path)} is no JSON; check what `terraform show -json` says of its plan instead")
    beside = path.with_name(SYNTHESIZED)
    if not beside.is_file():
        raise Unreadable(f"{_shown(path)} has no {SYNTHESIZED} beside it, so its waivers and facts are not known; {SYNTHESIZE}")
    try:
        plan = whole_plan(_text(path))
    except PlanError as error:
        raise Unreadable(f"{_shown(path)}: {error}") from None
    _check_depth(dict(plan), _shown(path))
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
    beside = {resource.address: resource for resource in _resources(configuration)}
    changes = _changes(plan)
    planned = _module(_object(_object(plan.get("planned_values"), "planned_values").get("root_module", {}), "root_module"))
    found = {resource.address: resource for resource in (_planned(one, changes, beside) for one in planned)}
    going = (_planned(one, changes, beside) for address, one in changes.items() if address not in found)
    variables = {
        name: value.get("value")
        for name, value in _object(plan.get("variables", {}), "variables").items()
        if isinstance(value, dict)
    }
    return Estate(
        origin=Origin.PLAN,
        today=today,
        resources={resource.address: resource for resource in (*found.values(), _stack(configuration))},
        neighbours=tuple(resource for other in neighbours for resource in _resources(other)),
        facts=_facts(configuration),
        locals=_locals([configuration, *neighbours]),
        variables=variables,
        gone={one.address: one for one in going if one.change and "delete" in one.change.actions},
        planned_at=_instant(plan.get("timestamp")),
    )


def _changes(plan: Block) -> dict[str, Block]:
    """What a plan does with managed resources, by address. What an interrupted replacement left behind is none of them."""
    several = (_object(one, "a change") for one in _list(plan.get("resource_changes"), "resource_changes"))
    return {_string(one, "address"): one for one in several if one.get("mode") != "data" and "deposed" not in one}


def _planned(one: Block, changes: Mapping[str, Block], beside: Mapping[str, Resource]) -> Resource:
    address, kind, name = (_string(one, key) for key in ("address", "type", "name"))
    change = _change(changes[address]) if address in changes else None
    unknown = (
        _object(_object(changes[address].get("change"), "change").get("after_unknown") or {}, "after_unknown") if change else {}
    )
    values = _object(one.get("values", {}), f"the values of {shown(address)}")
    module, _, rest = address.rpartition(f".{kind}.{name}") if not address.startswith(f"{kind}.{name}") else ("", "", "")
    index = rest if module else address.removeprefix(f"{kind}.{name}")
    if index == address or (index and not index.startswith("[")):
        raise Unreadable(f"the address {shown(address)} is not one of {shown(f'{kind}.{name}')}; {SYNTHESIZE}")
    same = None if module else beside.get(f"{kind}.{name}")
    return Resource(
        kind=kind,
        name=name,
        module=module and f"{module}.",
        index=index,
        attributes=Attributes(values=values, templates=False, unknown=dict(unknown)),
        facts=same.facts if same else NOTHING,
        written=same.attributes if same else NOTHING,
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
        if _object(one, "a resource").get("mode") != "data":
            yield _object(one, "a resource")
    for inner in _list(module.get("child_modules", []), "child_modules"):
        yield from _module(_object(inner, "a module"))


def _resources(configuration: Block) -> Iterator[Resource]:
    """Each with what is written in it; nothing of one that is written twice, which Terraform refuses."""
    found: dict[tuple[str, str], list[Json]] = {}
    for kind, named in _pairs(configuration.get("resource", {}), "resource"):
        for name, block in _pairs(named, f"resource.{kind}") if kind != "//" else ():
            if name != "//":
                found.setdefault((kind, name), []).extend(block if isinstance(block, list) else [block])
    for (kind, name), several in found.items():
        values = _object(several[0], f"{kind}.{name}") if len(several) == 1 else {}
        yield Resource(
            kind=kind,
            name=name,
            attributes=Attributes(values={key: value for key, value in values.items() if key != "//"}, templates=True),
            facts=_facts(values),
        )


def _stack(configuration: Block) -> Resource:
    """What stands for the stack itself."""
    return Resource(kind=STACK, name=PROVIDER, attributes=NOTHING, facts=_facts(configuration))


def _facts(block: Block) -> Attributes:
    """Those under `//`, which may be any comment; what calls itself ours is no comment."""
    beside = block.get("//")
    said = beside.get(KEY) if isinstance(beside, dict) else None
    return NOTHING if said is None else Attributes(values=_object(said, f'"//".{KEY}'), templates=False)


def _locals(configurations: list[Block]) -> Attributes:
    """The locals of the stack that has scopes."""
    for configuration in configurations:
        values = dict(_pairs(configuration.get("locals", {}), "locals"))
        if "scopes" in values:
            return Attributes(values=values, templates=True)
    return NOTHING


def _pairs(value: Json, where: str) -> Iterator[tuple[str, Json]]:
    """What is in a mapping, or in several: Terraform's JSON may write one as a list of mappings, too."""
    for one in value if isinstance(value, list) else [value]:
        yield from _object(one, where).items()


def _neighbours(path: Path) -> list[Block]:
    """The other stacks of the same output folder."""
    if path.parent.parent.name != "stacks":
        return []
    others = sorted(path.parent.parent.glob(f"*/{SYNTHESIZED}"))
    return [_configuration(other) for other in others if other.parent != path.parent]


def _configuration(path: Path) -> Block:
    text, name = _text(path), _shown(path)
    try:
        found = _object(json.loads(text, object_pairs_hook=_once), name)
    except RecursionError:
        raise Unreadable(f"{name} is nested too deeply to be written by cdktf; {SYNTHESIZE}") from None
    except Unreadable as error:
        raise Unreadable(f"{name}: {error}") from None
    except ValueError as error:
        raise Unreadable(f"{name} is not JSON ({error}); {SYNTHESIZE}") from None
    _check_depth(found, name)
    return found


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Terraform takes both of two blocks under one key, and Python's reader would hide the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number]))
        raise Unreadable(f"the key {shown(twice)} stands there twice; {SYNTHESIZE}")
    return found


def _check_depth(value: Json, name: str) -> None:
    """So that whatever looks into it or shows it stays within Python's recursion."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inside = (one.values() if isinstance(one, dict) else one if isinstance(one, list) else () for one in level)
        level = [inner for several in inside for inner in several]
        if not level:
            return
    raise Unreadable(f"{name} is nested more than {MAX_DEPTH} deep, which neither cdktf nor Terraform does; {SYNTHESIZE}")


def _text(path: Path) -> str:
    name = _shown(path)
    try:
        if path.stat().st_size > MAX_CHARACTERS:
            raise Unreadable(f"{name} has {path.stat().st_size:,} bytes and at most {MAX_CHARACTERS:,} are read")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(f"{name} can't be read: {error.strerror}; {SYNTHESIZE}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{name} is no text in UTF-8; {SYNTHESIZE}") from None


def _shown(path: Path) -> str:
    """All stacks are called alike; their folders tell them apart."""
    return clean(f"{path.parent.name}/{path.name}")


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
