"""Waivers themselves: a waiver that waives nothing, or no longer, is a mistake too."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from policies.rules.estate import DECLARED, JOB, Estate, Origin, Resource
from policies.rules.rule import Rule, rule
from policies.rules.waivers import read, written


def waiver_rule(rules: Collection[Rule]) -> Rule:
    """The rule about waivers of any of `rules`, and of resources of any of their types."""
    known = sorted(one.name for one in rules)
    kinds = tuple(dict.fromkeys([DECLARED, *(kind for one in rules for kind in one.kinds)]))

    @rule(
        39,
        "waiver",
        "A waiver names a rule, says why and whose it is, and has not ended",
        kinds=kinds,
        applies=lambda resource: "waive" in resource.facts,
        waivable=False,
        bad="waive: [{rule: staggr, reason: x, owner: me, until: 2020-01-01}]",
        good="waive: [{rule: stagger, reason: ..., owner: data-platform, until: 2027-06-30}]",
    )
    def waiver(resource: Resource, estate: Estate) -> Iterator[str]:
        """An exception without an end is a rule that nobody knows. On its last day it still counts."""
        if estate.origin is Origin.CATALOG and resource.kind == JOB:
            return  # said once, of what it is written in
        for number in range(len(written(resource))):
            found = read(resource, number)
            if isinstance(found, str):
                yield found
            elif found.rule not in known:
                yield f"waives unknown rule {found.rule!r}; known: {', '.join(known)}"
            elif found.until < estate.today:
                yield f"waiver of {found.rule} ended on {found.until}: {found.reason}; renew it or keep the rule"
        if not written(resource):
            yield "its `waive` is no list of waivers; write [{rule, reason, owner, until}]"

    return waiver
