"""An estate of what lies in files: a synthesized stack, or a plan and the stack beside it. Everything in them is hostile.

A file is judged with its neighbours: the other stacks of the same output folder, `stacks/*/cdk.tf.json`. What a plan does not
carry, as Terraform drops `//`, is looked up by address in the `cdk.tf.json` beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from interlock.catalog import Json, Source
from interlock.findings import Finding
from interlock.terraform.facts import KEY
from interlock.terraform.job_changes import changed_names
from interlock.terraform.plan import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    Plan,
    PlanError,
    PlannedResource,
    ResourceChange,
    is_deep,
    load_plan,
)
from policies.first_plan import References, as_written
from policies.rules import RULES
from policies.rules.estate import JOB, STACK, Change, Estate, Origin, Resource
from policies.rules.judge import Outcome, judge_all
from policies.rules.rule import PLANNED
from policies.rules.values import NOTHING, Attributes, clean, shown

SYNTHESIZED = "cdk.tf.json"
SYNTHESIZE = "synthesize first: make policy, or npx cdktf synth"
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
    _beside(path)
    try:
        plan = load_plan(path)
    except PlanError as error:
        raise Unreadable(f"{_shown(path)}: {error}") from None
    return planned_estate(plan, path, today)


def planned_estate(plan: Plan, path: Path, today: date) -> Estate:
    """The estate of the plan that the file `path` holds, with the stack beside it."""
    beside = _beside(path)
    return plan_estate(plan, _configuration(beside), _neighbours(beside), today)


def _beside(path: Path) -> Path:
    """The configuration of the stack that a plan is of."""
    beside = path.with_name(SYNTHESIZED)
    if not beside.is_file():
        raise Unreadable(f"{_shown(path)} has no {SYNTHESIZED} beside it, so its waivers and facts are not known; {SYNTHESIZE}")
    return beside


def plan_findings(plan: Plan, path: Path, today: date) -> list[Finding]:
    """What a plan breaks of the rules that only a plan can break. Unreadable as in `read_estate`."""
    only_planned = [rule for rule in RULES if rule.origins == PLANNED]
    return [
        Finding(
            rule=verdict.rule.name,
            subject=verdict.resource.name if verdict.resource.kind == JOB else path.name,
            message=message,
            source=Source(file="", line=0),
        )
        for verdict in judge_all(only_planned, planned_estate(plan, path, today))
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


def plan_estate(plan: Plan, configuration: Block, neighbours: list[Block], today: date) -> Estate:
    """The estate of a plan; `configuration` is that of its stack."""
    beside = {resource.address: resource for resource in _resources(configuration)}
    # What an interrupted replacement left behind is no resource of its own.
    changes = {one.address: one for one in plan.changes if one.managed and not one.deposed}
    expressions = {address: as_written({**said}) for address, said in plan.configured.items()}
    known = References(known={one.address: one.values for one in plan.planned})
    found = {
        one.address: _resolved(_planned(one, changes.get(one.address), beside), expressions, known) for one in plan.planned
    }
    going = (_planned(one, one, beside) for address, one in changes.items() if address not in found)
    return Estate(
        origin=Origin.PLAN,
        today=today,
        resources={resource.address: resource for resource in (*found.values(), _stack(configuration))},
        neighbours=tuple(resource for other in neighbours for resource in _resources(other)),
        facts=_facts(configuration),
        locals=_locals([configuration, *neighbours]),
        variables=plan.variables,
        gone={one.address: one for one in going if one.change and {*one.change.actions} & {"delete", "forget"}},
        planned_at=plan.planned_at,
    )


def _planned(one: PlannedResource | ResourceChange, change: ResourceChange | None, beside: Mapping[str, Resource]) -> Resource:
    """A resource that stays, or one that only its change knows, with what the configuration beside it says."""
    values = one.values if isinstance(one, PlannedResource) else {}
    same = None if one.module else beside.get(f"{one.kind}.{one.name}")
    return Resource(
        kind=one.kind,
        name=one.name,
        module=one.module,
        index=one.index,
        attributes=Attributes(values=values, templates=False, unknown=dict(change.unknown) if change else {}),
        facts=same.facts if same else NOTHING,
        written=same.attributes if same else NOTHING,
        change=_change(change) if change else None,
    )


def _resolved(resource: Resource, expressions: Mapping[str, Json], known: References) -> Resource:
    """The same with what is only unknown because it refers to another resource of the plan."""
    if resource.module or resource.index:
        return resource
    said = expressions.get(resource.address)
    written = {**(said if isinstance(said, dict) else {}), **resource.written.values}
    values, unknown = known.filled({**resource.attributes.values}, resource.attributes.unknown, written)
    return replace(
        resource,
        attributes=replace(resource.attributes, values=_object(values, resource.address), unknown=unknown),
        written=Attributes(values=written, templates=True),
    )


def _change(change: ResourceChange) -> Change:
    before, after = (Attributes(values=values, templates=False) for values in (change.before, change.after))
    return Change(
        actions=change.actions,
        importing=change.importing,
        changed=tuple(changed_names(change)),
        before=before,
        after=after,
    )


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
    """The locals of the first stack that has scopes; of several each has only its own jobs in them, together they have all."""
    found = [dict(_pairs(one.get("locals", {}), "locals")) for one in configurations]
    known = [values for values in found if "scopes" in values]
    if not known:
        return NOTHING
    scopes: dict[str, list[Json]] = {}
    for values in known if len(known) > 1 else ():
        for scope, jobs in _object(values["scopes"], "locals.scopes").items():
            scopes.setdefault(scope, []).extend(jobs if isinstance(jobs, list) else [jobs])
    merged = dict[str, Json](scopes)
    return Attributes(values={**known[0], **({"scopes": merged} if merged else {})}, templates=True)


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
    if is_deep(found):
        raise Unreadable(f"{name} is nested more than {MAX_DEPTH} deep, which neither cdktf nor Terraform does; {SYNTHESIZE}")
    return found


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Terraform takes both of two blocks under one key, and Python's reader would hide the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number]))
        raise Unreadable(f"the key {shown(twice)} stands there twice; {SYNTHESIZE}")
    return found


def _text(path: Path) -> str:
    name = _shown(path)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # a pipe would be waited for, for ever
            raise Unreadable(f"{name} is no file; {SYNTHESIZE}")
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
