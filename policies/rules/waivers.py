"""Waivers, as they stand beside a resource: `{rule, reason, owner, until}`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from interlock.catalog import Waiver
from policies.rules.estate import Resource
from policies.rules.values import Attributes, Malformed, shown


def waivers(resource: Resource) -> Iterator[Waiver]:
    """Those that are written as they must be; the rule `waiver` finds the others."""
    for number in range(len(written(resource))):
        found = read(resource, number)
        if isinstance(found, Waiver):
            yield found


def waiver_of(resource: Resource, rule: str, today: date) -> Waiver | None:
    """The one that waives `rule` today, up to and including its day."""
    return next((waiver for waiver in waivers(resource) if waiver.rule == rule and today <= waiver.until), None)


def waived_rules(resource: Resource, today: date) -> frozenset[str]:
    """The names of the rules that `waiver_of` finds a waiver of."""
    return frozenset(waiver.rule for waiver in waivers(resource) if today <= waiver.until)


def written(resource: Resource) -> tuple[Attributes, ...]:
    """All that is written under `waive`; nothing when that is no list of blocks."""
    try:
        return resource.facts.blocks("waive")
    except Malformed:
        return ()


def read(resource: Resource, number: int) -> Waiver | str:
    """A waiver, or what is wrong with it."""
    one = written(resource)[number]
    try:
        said = {name: (one.text(name) or "").strip() for name in ("rule", "reason", "owner", "until")}
    except Malformed as malformed:
        return str(malformed)
    if missing := [name for name, text in said.items() if not text]:
        return f"the waiver of {shown(said['rule'] or 'nothing')} has no {' and no '.join(missing)}; write one"
    try:
        until = date.fromisoformat(said["until"])
    except ValueError:
        return (
            f"the waiver of {shown(said['rule'])} is until {shown(said['until'])}, which is no date; write one like 2027-01-31"
        )
    return Waiver(rule=said["rule"], reason=said["reason"], owner=said["owner"], until=until)
