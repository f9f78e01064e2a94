"""At which minutes the jobs of a catalog should start, so that the fewest conflicts are expected. Pure.

What is minimised is a sum over pairs of jobs, of which each depends only on how far the two are moved against each other: the
conflicts that are expected (`risk.py`), and beside them the consumers that start before their producers. A local search over
single moves and moves of two at once goes on until no move is worth it, so that a second search from there finds none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from interlock.catalog import Catalog, Job, rescheduled
from interlock.cron import Cron
from interlock.findings import Finding
from interlock.timing.costs import Costs, Pair, State
from interlock.timing.shifts import shifted

WORTH = 0.01
"""Of what is expected: so much a move has to take away, as each is a change that somebody reads, deploys and remembers."""
KICKS, KICKED, AT_ONCE = 24, 1_500, 3
"""So often the search starts anew with so many jobs put elsewhere by chance, where there are few jobs: with many, one more
place is hardly better than the one that is found, and takes longer."""
PAIRS = 30
"""So many pairs, the worst ones, are looked at for moves of two at once."""


@dataclass(frozen=True)
class Apart:
    """By how many minutes the second of two jobs may not be moved against the first, by the rule that says so."""

    by_rule: Mapping[str, frozenset[int]]

    @cached_property
    def forbidden(self) -> frozenset[int]:
        """Whatever the rule."""
        return frozenset[int]().union(*self.by_rule.values())

    def rule(self, by: int) -> str:
        """Which rule forbids it; nothing where none does."""
        return next((rule for rule, several in self.by_rule.items() if by in several), "")


class StaggerRules(Protocol):
    """What a proposal has to keep. The rules are above the core, so whoever asks for one brings them."""

    def moves(self, job: Job) -> Mapping[int, str]:
        """By how many minutes a job may be moved within its hours, each with what forbids it; nothing for what is allowed."""

    def apart(self, pair: Pair) -> Apart:
        """What forbids moving two jobs against each other."""

    def around(self, after: Catalog, moved: Collection[str]) -> tuple[Sequence[Finding], Sequence[Finding]]:
        """What breaks a rule before and `after` some jobs were moved, as far as the moves may change it."""

    @property
    def together(self) -> Mapping[str, tuple[str, ...]]:
        """By job, the others that a rule may want it apart from."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What moves have to keep."""

    allowed: Mapping[str, Collection[int]]
    """By job that may move, by how many minutes it may; 0 among them."""
    apart: Callable[[Pair], Collection[int]]
    """By how many minutes the second of two jobs may not be moved against the first."""
    together: Mapping[str, tuple[str, ...]]
    """By job, those with which it is in such pairs."""


class PlacingSearch:
    """Looks for moves that are worth it, one after the other."""

    def __init__(self, costs: Costs, limits: Limits) -> None:
        self._costs, self._limits = costs, limits
        self._best: dict[str, tuple[float, int]] = {}

    def run(self, worth: float = WORTH) -> dict[str, int]:
        """The moves, by job; nothing where none is worth it. A share of what is expected is asked of each."""
        state: dict[str, int] = {}
        while True:
            least = worth * self._costs.total(state)
            found = self._improved(dict(state), least)
            if {job: by for job, by in found.items() if by != state.get(job, 0)} == {}:
                return {job: by for job, by in sorted(state.items()) if by}
            state = found

    def _improved(self, state: dict[str, int], least: float) -> dict[str, int]:
        """The best that is found from here, and from where some jobs are put elsewhere by chance, always the same. What goes
        back to where it was before costs nothing."""
        began = dict(state)
        best = self._descended(state, began, least)
        jobs = [job for job in self._limits.allowed if self._costs.neighbours.get(job)]
        for kick in range(min(KICKS, KICKED // max(1, len(jobs)))):
            chance, other = random.Random(kick), dict(best)  # noqa: S311
            for job in chance.sample(jobs, min(AT_ONCE, len(jobs))):
                if self._may(job, by := chance.choice(list(self._limits.allowed[job])), other):
                    other[job] = by
            other = self._descended(other, began, least)
            if self._price(other, began, least) < self._price(best, began, least) - TINY:
                best = other
        return best

    def _price(self, state: State, began: State, least: float) -> float:
        """What is expected, and what the moves have to be worth."""
        return self._costs.total(state) + least * sum(state.get(job, 0) != began.get(job, 0) for job in state)

    def _descended(self, state: dict[str, int], began: State, least: float) -> dict[str, int]:
        """Until neither a move nor two at once are worth it."""
        while True:
            self._best.clear()
            while step := self._step(state, began, least):
                self._move(state, *step)
            if not (steps := self._two(state, began, least)):
                return state
            for step in steps:
                self._move(state, *step)

    def _move(self, state: dict[str, int], job: str, by: int) -> None:
        state[job] = by
        self._best.pop(job, None)
        for other in {*(o for pair in self._costs.neighbours.get(job, ()) for o in pair), *self._limits.together.get(job, ())}:
            self._best.pop(other, None)

    def _step(self, state: dict[str, int], began: State, least: float) -> tuple[str, int] | None:
        """The best move of one job."""
        for job in self._limits.allowed:
            if job not in self._best:
                self._best[job] = self._best_of(job, state, began, least)
        gain, job = max(
            ((gain, job) for job, (gain, _) in self._best.items()), key=lambda one: (one[0], one[1]), default=(0.0, "")
        )
        return (job, self._best[job][1]) if gain > TINY else None

    def _best_of(self, job: str, state: State, began: State, least: float) -> tuple[float, int]:
        """How much its best move takes away, less what a move has to be worth, and where it goes."""
        here = state.get(job, 0)
        cost = self._costs.each(job, state)
        now = cost(here) + least * (here != began.get(job, 0))
        if now <= least and here == began.get(job, 0):
            return 0.0, here  # all of it is not worth a move
        options, taken = [], self._taken(job, state)
        for by in self._limits.allowed[job]:
            if by != here and by not in taken:
                options.append((now - (cost(by) + least * (by != began.get(job, 0))), -abs(by), by))
        gain, _, by = max(options, default=(0.0, 0, here))
        return gain, by

    def _may(self, job: str, by: int, state: State) -> bool:
        return next(self._blocking(job, by, state), None) is None

    def _taken(self, job: str, state: State) -> set[int]:
        """By how many minutes it may not be moved, as it would come too near to another."""
        taken = set[int]()
        for other in self._limits.together.get(job, ()):
            there = state.get(other, 0)
            if job < other:
                taken.update([there - apart for apart in self._limits.apart((job, other))])
            else:
                taken.update([there + apart for apart in self._limits.apart((other, job))])
        return taken

    def _blocking(self, job: str, by: int, state: State) -> Iterator[str]:
        """The jobs to which another would come too near by a move."""
        for other in self._limits.together.get(job, ()):
            pair = (job, other) if job < other else (other, job)
            apart = state.get(other, 0) - by if pair[0] == job else by - state.get(other, 0)
            if apart in self._limits.apart(pair):
                yield other

    def _two(self, state: dict[str, int], began: State, least: float) -> list[tuple[str, int]]:
        """A move of two jobs at once that is worth it: of those that cost most together, or where one is in the other's way."""
        allowed = self._limits.allowed
        costs = {
            pair: self._costs.of(pair, state.get(pair[1], 0) - state.get(pair[0], 0))
            for pair in self._costs.pairs
            if pair[0] in allowed and pair[1] in allowed
        }
        worst = sorted((pair for pair in costs if costs[pair] > least), key=lambda one: (-costs[one], one))[:PAIRS]
        for pair in (*worst, *self._in_the_way(state, least)):
            if steps := self._of_two(pair, state, began, least):
                return steps
        return []

    def _in_the_way(self, state: State, least: float) -> Iterator[Pair]:
        """The jobs that would be better elsewhere, were there not one other, with that one."""
        for job, moves in self._limits.allowed.items():
            cost = self._costs.each(job, state)
            here = cost(state.get(job, 0))
            if here <= least:
                continue
            lowest, _, by = min((cost(one), abs(one), one) for one in moves)
            if here - lowest > least:
                blocking = [*self._blocking(job, by, state)]
                if len(blocking) == 1 and blocking[0] in self._limits.allowed:
                    yield job, blocking[0]

    def _of_two(self, pair: Pair, state: dict[str, int], began: State, least: float) -> list[tuple[str, int]]:
        one, other = pair
        before = self._cost_of_two(pair, state, began, least)
        best, steps = before - TINY, list[tuple[str, int]]()
        kept = state.get(one, 0), state.get(other, 0)
        for by in self._limits.allowed[one]:
            if by == kept[0]:
                continue
            state[one] = by
            taken, price = self._taken(other, state), self._costs.each(other, state)
            options = [
                (price(then) + least * (then != began.get(other, 0)), abs(then), then)
                for then in self._limits.allowed[other]
                if then not in taken
            ]
            if options:
                state[other] = min(options)[2]
                cost = self._cost_of_two(pair, state, began, least)
                if cost < best and self._may(one, by, state):
                    best, steps = cost, [(one, by), (other, state[other])]
                state[other] = kept[1]
        state[one] = kept[0]
        return steps

    def _cost_of_two(self, pair: Pair, state: State, began: State, least: float) -> float:
        one, other = pair
        both = self._costs.of(pair, state.get(other, 0) - state.get(one, 0))
        moved = sum(state.get(job, 0) != began.get(job, 0) for job in pair)
        return (
            self._costs.at(one, state.get(one, 0), state)
            + self._costs.at(other, state.get(other, 0), state)
            - both
            + least * moved
        )


TINY = 1e-9
"""Less is no gain."""


def greedy(costs: Costs, moves: State) -> Iterator[tuple[str, float]]:
    """The moves one after the other, each time the one that takes most away then, with what is expected after it."""
    state: dict[str, int] = {}
    left = dict(moves)
    total = costs.total(state)
    while left:
        gains = {job: costs.at(job, 0, state) - costs.at(job, by, state) for job, by in left.items()}
        job = max(gains, key=lambda one: (gains[one], one))
        state[job] = left.pop(job)
        total -= gains[job]
        yield job, total


def moved(catalog: Catalog, moves: State) -> Catalog:
    """The catalog with the schedules moved; `was` keeps what they replace first."""
    return rescheduled(
        catalog, {name: Cron.read(shifted(catalog.jobs[name].schedule.text, by)) for name, by in moves.items() if by}
    )
