"""What breaks a rule once some jobs start at other times, without judging all of the catalog again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import cached_property

from interlock.catalog import Catalog, Source
from interlock.findings import Finding
from policies.from_catalog import facts_of, findings, found_by, in_order, resource_of, sources_of
from policies.rules import RULES
from policies.rules.estate import Estate, Resource
from policies.rules.judge import Outcome, judge
from policies.rules.meetings import budget, crowded, gap, meetings
from policies.rules.rule import Rule
from policies.rules.twins import twin, twins

OF_SEVERAL: tuple[tuple[Callable[[Estate], Mapping[str, object]], Rule], ...] = (
    (crowded, budget),
    (meetings, gap),
    (twins, twin),
)
"""What is found of several jobs by when they start, each with the one rule that asks for it. Of a job that was not moved, and
of which these say what they said before, every rule says what it did."""


class Rejudging:
    """A catalog, and what its rules say of it with other schedules. `known` is its estate on that day."""

    def __init__(self, catalog: Catalog, today: date, known: Estate) -> None:
        self._catalog, self._today, self._estate = catalog, today, known
        self._known: dict[tuple[str, str], tuple[Finding, ...]] = {}

    @cached_property
    def _sources(self) -> dict[str, Source]:
        return sources_of(self._catalog)

    @cached_property
    def _whole(self) -> list[Finding]:
        """All that was broken before."""
        return findings(self._catalog, self._today)

    def _before(self, address: str, rule: Rule) -> tuple[Finding, ...]:
        """What was broken before."""
        if (key := (address, rule.name)) not in self._known:
            self._known[key] = self._judged(self._estate.resources[address], rule, self._estate)
        return self._known[key]

    def around(self, after: Catalog, moved: Collection[str]) -> tuple[Sequence[Finding], Sequence[Finding]]:
        """What is broken before and `after`, less what is so in both of jobs that the moves have nothing to do with. `after`
        differs in the schedules of the jobs that were moved, and in their `was`, alone."""
        if (estate := self._after(after, moved)) is None:
            return self._whole, findings(after, self._today)
        touched = self._touched(estate)
        before = (finding for address, rule in touched for finding in self._before(address, rule))
        now = (finding for address, rule in touched for finding in self._judged(estate.resources[address], rule, estate))
        return in_order(before), in_order(now)

    def _after(self, after: Catalog, moved: Collection[str]) -> Estate | None:
        """The estate with the jobs moved; None where that changes more: a season may hold a job by other schedules only."""
        jobs = self._catalog.jobs
        is_more = any(jobs[name].closed_by != after.jobs[name].closed_by for name in moved)
        if is_more or facts_of(after) != self._estate.facts:
            return None
        resources = [resource_of(after.jobs[name], after) for name in moved]
        return self._estate.changing({resource.address: resource for resource in resources})

    def _touched(self, estate: Estate) -> list[tuple[str, Rule]]:
        """Of whom which rule may say something else, in the order of the estate."""
        touched: dict[str, list[Rule]] = {}
        for find, rule in OF_SEVERAL:
            before, now = self._estate.once(find), estate.once(find)
            for address in before.keys() | now.keys():
                if address not in estate.changed and before.get(address) != now.get(address):
                    touched.setdefault(address, []).append(rule)
        return [
            (address, rule)
            for address in estate.resources
            for rule in (RULES if address in estate.changed else touched.get(address, ()))
        ]

    def _judged(self, resource: Resource, rule: Rule, estate: Estate) -> tuple[Finding, ...]:
        verdict = judge(rule, resource, estate)
        return tuple(found_by([verdict] if verdict else [], Outcome.FAILED, self._sources))
