"""What it costs that the jobs of a catalog start when they do, and if some of them were moved. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from interlock.catalog import Catalog
from interlock.platform_rules import MINUTES_AN_HOUR, rules_of
from interlock.timing.chance import meets, not_done
from interlock.timing.minutes import MINUTE, Span
from interlock.timing.risk import RiskSearch, Schedule

TOO_EARLY, LOST_LEAD, TOO_SOON = 0.5, 1.0, 0.05
"""Weights of a consumer that starts before its producer is done, of one that followed its producer and starts before it now,
and of one that starts sooner after it than the platform asks (`lead`), though it is done."""
NEAR = MINUTES_AN_HOUR
"""A consumer that starts within so many minutes after its producer follows it."""

State = Mapping[str, int]
"""By job, by how many minutes it is moved; one that is not in it stays."""
Pair = tuple[str, str]


class Costs:
    """What moves cost: by pair, by how many minutes the second is moved against the first. `former` are the schedules before
    any stagger: who followed whom there should do so still."""

    def __init__(self, catalog: Catalog, former: Catalog, span: Span) -> None:
        self._catalog, self._search = catalog, RiskSearch(catalog)
        self._schedule = Schedule(self._search.jobs, span)
        self._former = Schedule({name: former.jobs[name] for name in self._search.jobs}, span)
        self._known: dict[tuple[Pair, int, bool], float] = {}
        self._sums: dict[Pair, dict[int, float]] = {}
        self._at: dict[tuple[str, tuple[tuple[str, int], ...]], dict[int, float]] = {}
        self._followed: dict[Pair, tuple[int, int]] = {}
        self._kernels: dict[Pair, list[tuple[Mapping[int, float], tuple[tuple[int, int], ...]]]] = {}
        self._leads: dict[Pair, tuple[Mapping[int, float], tuple[tuple[int, int], ...]]] = {}

    @cached_property
    def neighbours(self) -> Mapping[str, tuple[Pair, ...]]:
        """By job, the pairs that it is in."""
        found: dict[str, list[Pair]] = {}
        for pair in sorted({*self._search.pairs, *self._search.leads}):
            for job in pair:
                found.setdefault(job, []).append(pair)
        return {job: tuple(pairs) for job, pairs in found.items()}

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """All of them, sorted."""
        return tuple(sorted({pair for pairs in self.neighbours.values() for pair in pairs}))

    def of(self, pair: Pair, by: int) -> float:
        """What is expected of a pair in a week, conflicts and order."""
        known = self._sums.setdefault(pair, {})
        if by not in known:
            known[by] = self.conflicts(pair, by) + self.order(pair, by)
        return known[by]

    def conflicts(self, pair: Pair, by: int) -> float:
        """The conflicts alone."""
        if pair not in self._search.pairs:
            return 0.0
        if (key := (pair, by, True)) not in self._known:
            self._known[key] = self._schedule.a_week(
                sum(number * chances.get(minutes + by, 0.0) for chances, apart in self._met(pair) for minutes, number in apart)
            )
        return self._known[key]

    def order(self, pair: Pair, by: int) -> float:
        """What the second as a consumer of the first costs."""
        if pair not in self._search.leads:
            return 0.0
        if (key := (pair, by, False)) not in self._known:
            weights, apart = self._leading(pair)
            early = sum(number * weights.get(minutes + by, 0.0) for minutes, number in apart)
            self._known[key] = self._schedule.a_week(early) + LOST_LEAD * self.lost(pair, by)
        return self._known[key]

    def is_order(self, pair: Pair) -> bool:
        """Whether the second reads what the first writes, and waits for it."""
        return pair in self._search.leads

    def early(self, pair: Pair, by: int) -> float:
        """How often in a week the consumer starts before the producer is done that started before it."""
        chances = not_done(self._search.leads[pair])
        apart = self._schedule.apart(*pair, -NEAR - 1, max(chances) + NEAR, None)
        active = self._search.active(pair[0])
        return active * self._schedule.a_week(sum(n * chances.get(minutes + by, 0.0) for minutes, n in apart.items()))

    def _leading(self, pair: Pair) -> tuple[Mapping[int, float], tuple[tuple[int, int], ...]]:
        """What a start of a consumer costs that comes so many minutes after its producer, and how often it comes when."""
        if pair not in self._leads:
            active, chances = self._search.active(pair[0]), not_done(self._search.leads[pair])
            lead = -(-rules_of(self._catalog, self._catalog.jobs[pair[1]].platform).lead // MINUTE)
            weights = {
                minutes: active * (TOO_EARLY * chances.get(minutes, 0.0) + TOO_SOON * (minutes < lead))
                for minutes in range(max(lead, len(chances)))
            }
            self._leads[pair] = weights, tuple(self._schedule.apart(*pair, -NEAR, len(weights) + NEAR, None).items())
        return self._leads[pair]

    def lost(self, pair: Pair, by: int) -> float:
        """How often in a week it starts within the hour before a producer that it followed once, or together with one that it
        followed some minutes later, and after none."""
        if pair not in self._followed:
            apart = self._former.apart(*pair, 0, NEAR - 1, None)
            after_it = {minutes: number for minutes, number in apart.items() if 0 <= minutes < NEAR}
            self._followed[pair] = sum(after_it.values()), int(0 not in after_it)
        followed, least = self._followed[pair]
        if not followed:
            return 0.0
        apart = self._schedule.apart(*pair, -2 * NEAR, 2 * NEAR, None)
        before = sum(number for minutes, number in apart.items() if -NEAR < minutes + by < least)
        after = sum(number for minutes, number in apart.items() if least <= minutes + by <= NEAR)
        return self._schedule.a_week(max(0, min(followed, before) - after))

    def total(self, state: State) -> float:
        """Of all pairs."""
        return sum(self.of(pair, state.get(pair[1], 0) - state.get(pair[0], 0)) for pair in self.pairs)

    def at(self, job: str, by: int, state: State) -> float:
        """Of the pairs of one job, if it were moved by so much and all others as they are."""
        return self.each(job, state)(by)

    def each(self, job: str, state: State) -> Callable[[int], float]:
        """The same as a function of how much, for as long as the others stay. It depends on those of them alone that the job is
        in a pair with, of which most are where they were."""
        beside = self._beside.get(job, frozenset())
        others = tuple([(other, by) for other, by in state.items() if by and other in beside])
        known = self._at.setdefault((job, others), {})
        there = dict(others)

        def cost(by: int) -> float:
            if by not in known:
                known[by] = self._of_job(job, by, there)
            return known[by]

        return cost

    @cached_property
    def _beside(self) -> Mapping[str, frozenset[str]]:
        """By job, those that it is in a pair with."""
        return {job: frozenset(other for pair in pairs for other in pair) - {job} for job, pairs in self.neighbours.items()}

    def _of_job(self, job: str, by: int, state: State) -> float:
        found = 0.0
        for pair, other, is_first, known in self._around.get(job, ()):
            apart = state.get(other, 0) - by if is_first else by - state.get(other, 0)
            cost = known.get(apart)
            found += self.of(pair, apart) if cost is None else cost
        return found

    @cached_property
    def _around(self) -> Mapping[str, list[tuple[Pair, str, bool, Mapping[int, float]]]]:
        """By job, each pair that it is in, the other of it, whether it is the first, and what the pair is known to cost. A
        search asks for that millions of times."""
        return {
            job: [(pair, pair[pair[0] == job], pair[0] == job, self._sums.setdefault(pair, {})) for pair in pairs]
            for job, pairs in self.neighbours.items()
        }

    def _met(self, pair: Pair) -> list[tuple[Mapping[int, float], tuple[tuple[int, int], ...]]]:
        """The chances of a pair, by minutes apart, and how often its jobs start how far apart."""
        if pair not in self._kernels:
            kernels: dict[int | None, dict[int, float]] = {}
            for (ours, theirs, moved), weight in self._search.weights(pair).items():
                known = kernels.setdefault(moved, {})
                for minutes, chance in meets(ours, theirs).items():
                    known[minutes] = known.get(minutes, 0.0) + weight * chance
            self._kernels[pair] = [
                (chances, tuple(self._schedule.apart(*pair, min(chances) - NEAR, max(chances) + NEAR, moved).items()))
                for moved, chances in kernels.items()
            ]
        return self._kernels[pair]
