"""What the rules say of an estate: one verdict a rule and resource, waivers and the baseline taken into account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from policies.rules.estate import Estate, Origin, Resource
from policies.rules.old import Old, old_of
from policies.rules.rule import Rule
from policies.rules.values import Malformed, Unresolved, clean
from policies.rules.waivers import waived_rules, waiver_of

DEFERRED = "deferred to plan: "
"""How the message begins of what the plan will tell. checkov has one outcome for this and for what is waived, and passes on
nothing but text: whoever reads its report tells the two apart by it."""


class Outcome(StrEnum):
    """How a rule found a resource."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"
    """It would have failed, and somebody accepts that until a day."""
    OLD = "old"
    """It would have failed, was there before, and is in the baseline until a day."""
    DEFERRED = "deferred"
    """An expression in a field that the rule needs: the plan will tell."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A rule about a resource. `messages` say what is wrong, or what is not known; none when it passed. Of what is waived or
    old the first one says who accepts it, the others what is wrong."""

    rule: Rule
    resource: Resource
    outcome: Outcome
    messages: tuple[str, ...] = ()

    def __str__(self) -> str:
        address = clean(self.resource.address)
        return f"{self.rule.id} {self.rule.name}: {address}: {'; '.join(self.messages) or self.outcome}"


def judge(rule: Rule, resource: Resource, estate: Estate) -> Verdict | None:
    """The verdict, or None when the rule is not about this resource, or not about estates from where this one comes."""
    if resource.kind not in rule.kinds or estate.origin not in rule.origins:
        return None
    found: list[str] = []
    try:
        if not rule.applies(resource):
            return None
        for message in rule.find(resource, estate):
            found.append(message)
    except Unresolved as unresolved:
        # What was found before stays found.
        if estate.origin is Origin.STACK and not found:
            return _verdict(rule, resource, Outcome.DEFERRED, clean(f"{DEFERRED}{unresolved}"))
        if estate.origin is Origin.PLAN:
            found.append(f"{unresolved}, so {rule.name} can't be checked; write a value that a plan knows")
    except Malformed as malformed:
        found.append(f"{malformed}; write that")
    messages = tuple(dict.fromkeys(map(clean, found)))
    if not messages:
        return Verdict(rule=rule, resource=resource, outcome=Outcome.PASSED)
    if rule.waivable and (waiver := waiver_of(resource, rule.name, estate.today)):
        accepted = clean(f"waived by {waiver.owner} until {waiver.until}: {waiver.reason}")
        return _verdict(rule, resource, Outcome.WAIVED, accepted, *messages)
    old = old_of(resource, rule.name) if rule.may_be_old else None
    if old and old.covers(len(messages), estate.today):
        return _verdict(rule, resource, Outcome.OLD, clean(old.says), *messages)
    return _verdict(rule, resource, Outcome.FAILED, *(_failing(messages, old, estate.today) if old else messages))


def _failing(messages: tuple[str, ...], old: Old, today: date) -> Iterator[str]:
    """The messages of what the baseline accepts no longer, or not all of."""
    return (clean(f"{message} ({old.why_not(len(messages), today)})") for message in messages)


def judge_all(rules: Iterable[Rule], estate: Estate, *, with_waived: bool = True) -> Iterator[Verdict]:
    """The verdicts of every rule about every resource. Without the waived there is none where somebody accepts what a rule
    would find today: to look for it costs as much as elsewhere."""
    asked = [rule for rule in rules if estate.origin in rule.origins]
    about: dict[str, list[Rule]] = {}
    for resource in estate.resources.values():
        if resource.kind not in about:
            about[resource.kind] = [rule for rule in asked if resource.kind in rule.kinds]
        accepted = frozenset[str]() if with_waived else waived_rules(resource, estate.today)
        for rule in about[resource.kind]:
            if rule.waivable and rule.name in accepted:
                continue
            if verdict := judge(rule, resource, estate):
                yield verdict


def _verdict(rule: Rule, resource: Resource, outcome: Outcome, *messages: str) -> Verdict:
    return Verdict(rule=rule, resource=resource, outcome=outcome, messages=messages)
