"""What a change would do: the plan of one resource, as SDKv2's helper/schema computes it.

From the configuration and the prior state: fills in defaults, marks as unknown what only the apply will show, keeps prior
values of what is computed and where the difference means nothing, and collects the paths whose change forces replacement.
The answers carry legacy_type_system=true as SDKv2's do, so a default in a
non-computed argument or a computed value that changes on apply (`state` of a job that is paused) needs no extra line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from local.provider.schema import Attribute, Block
from local.provider.values import UNKNOWN, Object, is_empty

Path: TypeAlias = tuple[str | int, ...]
Suppress: TypeAlias = Callable[[object, object, Mapping[str, object]], bool]
"""Says of (prior, planned, the whole configuration) that their difference means nothing."""


@dataclass(kw_only=True)
class Change:
    """A planned change while it is being worked out; hooks of a type may amend it."""

    prior: Object | None
    config: Object
    planned: Object = field(default_factory=dict)
    replace: list[Path] = field(default_factory=list)

    @property
    def creates(self) -> bool:
        """True when nothing is there yet."""
        return self.prior is None

    def set(self, name: str, value: object, *, force: bool = False) -> None:
        """Plan another value for a top-level attribute."""
        if self.prior is not None and value is not UNKNOWN and is_empty(value) and is_empty(self.prior.get(name)):
            value = self.prior.get(name)
        self.planned[name] = value
        if force and self.prior is not None and self.prior.get(name) != value:
            self.replace.append((name,))


def plan(
    block: Block,
    *,
    prior: Object | None,
    config: Object,
    suppress: Mapping[str, Suppress] | None = None,
) -> Change:
    """The planned state of a create (prior is None) or an update."""
    change = Change(prior=prior, config=config)
    change.planned = _Planner(change, suppress or {}).block(block, prior, config, ())
    return change


def same(old: object, new: object, attribute: Attribute) -> bool:
    """True if SDKv2 shows no difference between a prior and a planned value."""
    if old is UNKNOWN or new is UNKNOWN:
        return old is new
    if old is None and new is not None and attribute.kind in ("bool", "number"):
        return False  # an explicit false or 0 is a value; "" and empty collections are not
    if is_empty(old) and is_empty(new):
        return True
    if attribute.kind == "set" and isinstance(old, list) and isinstance(new, list):
        return UNKNOWN not in new and _canonical(old) == _canonical(new)
    return old == new


def _canonical(elements: list[object]) -> list[str]:
    return sorted(json.dumps(element, sort_keys=True) for element in elements)


class _Planner:
    def __init__(self, change: Change, suppress: Mapping[str, Suppress]) -> None:
        self._change = change
        self._suppress = suppress

    def block(self, block: Block, prior: Object | None, config: Object, path: Path) -> Object:
        planned: Object = {name: self._attribute(a, prior, config.get(name), (*path, name)) for name, a in block.attrs.items()}
        for name, inner in block.blocks.items():
            old = prior.get(name) if prior else None
            planned[name] = self._nested(inner, old, config.get(name), (*path, name))
        return planned

    def _attribute(self, a: Attribute, prior: Object | None, given: object, path: Path) -> object:
        old = prior.get(str(path[-1])) if prior else None
        if given is None and a.computed and a.default is None:
            return old if prior is not None else UNKNOWN
        new = a.default if given is None else given
        if prior is not None and (same(old, new, a) or self._suppressed(old, new, path)):
            return old
        if a.force and not (old is None and is_empty(new)):
            self._replace(path)
        return new

    def _suppressed(self, old: object, new: object, path: Path) -> bool:
        rule = self._suppress.get(".".join(part for part in path if isinstance(part, str)))
        return rule is not None and new is not UNKNOWN and rule(old, new, self._change.config)

    def _nested(self, block: Block, old: object, given: object, path: Path) -> object:
        if block.nest == "single" or given is UNKNOWN:
            return given
        was, elements = _objects(old), _objects(given)
        if block.computed and not elements:
            return UNKNOWN if self._change.creates else was
        if block.force and len(was) != len(elements):
            self._replace(path)
        replaced = len(self._change.replace)
        planned = [self.block(block, _partner(block, was, i, e), e, (*path, i)) for i, e in enumerate(elements)]
        if block.nest == "set":
            # SDKv2 sees elements of a set come and go; and no path leads into one.
            gone = len(was) > len(elements) and any(a.force for a in block.attrs.values())
            if gone or len(self._change.replace) > replaced:
                del self._change.replace[replaced:]
                self._replace(path)
        return planned

    def _replace(self, path: Path) -> None:
        if not self._change.creates:
            self._change.replace.append(path)


def _objects(value: object) -> list[Object]:
    return [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []


def _partner(block: Block, was: list[Object], index: int, config: Object) -> Object | None:
    """The prior element that a planned one continues: by place in a list, by what is configured in a set."""
    if block.nest != "set" or len(was) == 1:
        return was[index] if index < len(was) else None
    wanted = {name: value for name, value in config.items() if not is_empty(value)}
    return next((old for old in was if all(old.get(name) == value for name, value in wanted.items())), None)


def settle(block: Block, new: Object, reference: Mapping[str, object]) -> Object:
    """A state that was read, with null and zero values written as in the reference (the plan, or the last state).

    The API drops what is empty: a retry_count of 0 comes back as nothing, and nothing has changed (SDKv2's
    normalizeNullValues).
    """
    settled: Object = {}
    for name in block.attrs:
        value, before = new.get(name), reference.get(name)
        absent = value is None or value in ("", [], {})
        settled[name] = before if absent and is_empty(before) else value
    for name, inner in block.blocks.items():
        value, old = new.get(name), _objects(reference.get(name))
        settled[name] = value
        if isinstance(value, list):
            old += [{}] * len(value)
            settled[name] = [settle(inner, element, before) for element, before in zip(_objects(value), old, strict=False)]
    return settled
