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
from policies.rules.meetings import crowded, meetings
from policies.rules.twins import twins

OF_SEVERAL: tuple[Callable[[Estate], Mapping[str, object]], ...] = (crowded, meetings, twins)
"""What rules find of several jobs by when they start. Of a job that was not moved, and of which these say what they said
before, every rule says what it did."""


class Rejudging:
    """A catalog, and what its rules say of it with other schedules. `known` is its estate on that day."""

    def __init__(self, catalog: Catalog, today: date, known: Estate) -> None:
        self._catalog, self._today, self._estate = catalog, today, known
        self._known: dict[str, tuple[Finding, ...]] = {}

    @cached_property
    def _sources(self) -> dict[str, Source]:
        return sources_of(self._catalog)

    def _before(self, address: str) -> tuple[Finding, ...]:
        """What was broken before."""
        if address not in self._known:
            self._known[address] = self._judged(self._estate.resources[address], self._estate)
        return self._known[address]

    def around(self, after: Catalog, moved: Collection[str]) -> tuple[Sequence[Finding], Sequence[Finding]]:
        """What is broken before and `after`, less what is so in both of jobs that the moves have nothing to do with. `after`
        differs in the schedules of the jobs that were moved, and in their `was`, alone."""
        if (estate := self._after(after, moved)) is None:
            return findings(self._catalog, self._today), findings(after, self._today)
        touched = self._touched(estate)
        before = (finding for address in touched for finding in self._before(address))
        now = (finding for address in touched for finding in self._judged(estate.resources[address], estate))
        return in_order(before), in_order(now)

    def _after(self, after: Catalog, moved: Collection[str]) -> Estate | None:
        """The estate with the jobs moved; None where that changes more: a season may hold a job by other schedules only."""
        jobs = self._catalog.jobs
        is_more = any(jobs[name].closed_by != after.jobs[name].closed_by for name in moved)
        if is_more or facts_of(after) != self._estate.facts:
            return None
        resources = [resource_of(after.jobs[name], after) for name in moved]
        return self._estate.changing({resource.address: resource for resource in resources})

    def _touched(self, estate: Estate) -> list[str]:
        """Of whom a rule may say something else, in the order of the estate."""
        touched = set(estate.changed)
        for find in OF_SEVERAL:
            before, now = self._estate.once(find), estate.once(find)
            touched.update(address for address in before.keys() | now.keys() if before.get(address) != now.get(address))
        return [address for address in estate.resources if address in touched]

    def _judged(self, resource: Resource, estate: Estate) -> tuple[Finding, ...]:
        verdicts = (verdict for rule in RULES if (verdict := judge(rule, resource, estate)))
        return tuple(found_by(verdicts, Outcome.FAILED, self._sources))
