"""Waivers themselves: a waiver that waives nothing, or no longer, is a mistake too."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from interlock.findings import REVIEWED
from policies.rules.estate import DECLARED, JOB, Estate, Origin, Resource
from policies.rules.rule import Rule, rule
from policies.rules.waivers import read, waivers, written


def waiver_rules(rules: Collection[Rule]) -> tuple[Rule, Rule]:
    """The rules about waivers of any of `rules`, and of resources of any of their types."""
    known = sorted({*REVIEWED, *(one.name for one in rules)})
    kinds = tuple(dict.fromkeys([DECLARED, *(kind for one in rules for kind in one.kinds)]))

    @rule(
        39,
        "waiver",
        "A waiver names a rule, and says why, whose it is and until when",
        kinds=kinds,
        applies=_waives,
        waivable=False,
        bad="waive: [{rule: staggr, reason: x, owner: me}]",
        good="waive: [{rule: stagger, reason: ..., owner: data-platform, until: 2027-06-30}]",
    )
    def waiver(resource: Resource, estate: Estate) -> Iterator[str]:
        """An exception without an end is a rule that nobody knows."""
        if _said_elsewhere(resource, estate):
            return
        for number in range(len(written(resource))):
            found = read(resource, number)
            if isinstance(found, str):
                yield found
            elif found.rule not in known:
                yield f"waives unknown rule {found.rule!r}; known: {', '.join(known)}"
        if not written(resource):
            yield "its `waive` is no list of waivers; write [{rule, reason, owner, until}]"

    @rule(
        40,
        "waiver-ended",
        "A waiver has not ended",
        kinds=kinds,
        applies=_waives,
        waivable=False,
        bad="waive: [{rule: stagger, reason: x, owner: me, until: 2020-01-01}]",
        good="waive: [{rule: stagger, reason: ..., owner: data-platform, until: 2027-06-30}]",
    )
    def waiver_ended(resource: Resource, estate: Estate) -> Iterator[str]:
        """What was accepted until a day is to be decided anew after it. On its last day a waiver still counts."""
        if _said_elsewhere(resource, estate):
            return
        for found in waivers(resource):
            if found.rule in known and found.until < estate.today:
                yield f"waiver of {found.rule} ended on {found.until}: {found.reason}; renew it or keep the rule"

    return waiver, waiver_ended


def _waives(resource: Resource) -> bool:
    return "waive" in resource.facts


def _said_elsewhere(resource: Resource, estate: Estate) -> bool:
    """Of a catalog a mistake is said once, of what it is written in; the jobs of a service carry its waivers too."""
    return estate.origin is Origin.CATALOG and resource.kind == JOB
