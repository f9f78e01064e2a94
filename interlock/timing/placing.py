"""At which minutes the jobs of a catalog should start, so that the fewest conflicts are expected. Pure.

What is minimised is a sum over pairs of jobs, of which each depends only on how far the two are moved against each other: the
conflicts that are expected (`risk.py`), and beside them the consumers that start before their producers. Single moves go on
until none is worth it, then several at once (`trying.py`), so that a second search from there finds none. Where few jobs hang
together that is the best there is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import inf
from typing import Protocol

from interlock.catalog import Catalog, Job, rescheduled
from interlock.cron import Cron
from interlock.findings import Finding
from interlock.timing.costs import Costs, Pair, State
from interlock.timing.shifts import shifted
from interlock.timing.trying import Trying

WORTH = 0.01
"""Of what is expected: so much a move has to take away, as each is a change that somebody reads, deploys and remembers."""
FEW, LOOKS = 16, 20_000
"""So many jobs that hang together are moved at once, and the best of all their moves is found within so many looks: those of
ten jobs take some hundreds."""
PAIRS, GROUP = 30, 5
"""Where more hang together: so many pairs, the worst ones, are moved at once with the jobs that cost most beside them."""


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
        """Until neither a move nor several at once are worth it. What goes back to where it was before costs nothing."""
        began = dict(state)
        while True:
            self._best.clear()
            while step := self._step(state, began, least):
                self._move(state, *step)
            if not (steps := self._several(state, began, least)):
                return state
            state.update(steps)

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

    def _taken(self, job: str, state: State, but: Collection[str] = ()) -> set[int]:
        """By how many minutes it may not be moved, as it would come too near to another `but` some."""
        taken = set[int]()
        for other in self._limits.together.get(job, ()):
            if other in but:
                continue
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

    def _several(self, state: State, began: State, least: float) -> dict[str, int]:
        """Moves of several jobs at once that are worth it together; nothing where none are found."""
        for group in self._groups(state, least):
            moves = {job: self._options(job, group, state) for job in group}
            alone = self._alone(group, state, began, least)
            now = {job: state.get(job, 0) for job in group}
            price = sum(alone(job, by) for job, by in now.items())
            price += sum(self._costs_of(one, other, now[other] - now[one]) for one, other in combinations(group, 2))
            if found := Trying(moves, alone, self._both).better_than(price - TINY, LOOKS):
                return found
        return {}

    def _alone(self, group: Collection[str], state: State, began: State, least: float) -> Callable[[str, int], float]:
        """What a move of a job of a group costs but for what it costs with the others of it."""
        inside = frozenset(group)
        outside = {
            job: [
                (pair, state.get(pair[1] if is_first else pair[0], 0), is_first)
                for pair in self._costs.neighbours.get(job, ())
                if not inside.issuperset(pair)
                for is_first in [pair[0] == job]
            ]
            for job in group
        }

        def alone(job: str, by: int) -> float:
            cost = sum(self._costs.of(pair, there - by if is_first else by - there) for pair, there, is_first in outside[job])
            return cost + least * (by != began.get(job, 0))

        return alone

    def _of(self, pair: Pair, state: State) -> float:
        return self._costs.of(pair, state.get(pair[1], 0) - state.get(pair[0], 0))

    def _costs_of(self, one: str, other: str, apart: int) -> float:
        """What two jobs cost together. Each may be the other's producer, too."""
        return self._costs.of((one, other), apart) + self._costs.of((other, one), -apart)

    def _both(self, one: str, other: str, apart: int) -> float:
        """The same; infinite where a rule forbids it."""
        pair, by = ((one, other), apart) if one < other else ((other, one), -apart)
        return inf if by in self._limits.apart(pair) else self._costs_of(one, other, apart)

    def _options(self, job: str, group: Collection[str], state: State) -> list[int]:
        """Where a job may go, whatever those of its group do: where it is, and then the nearest first."""
        taken = self._taken(job, state, group)
        here = state.get(job, 0)
        return sorted(
            (by for by in self._limits.allowed[job] if by == here or by not in taken), key=lambda by: (by != here, abs(by), by)
        )

    def _groups(self, state: State, least: float) -> Iterator[tuple[str, ...]]:
        """The jobs that are looked at together: all that hang together where these are few, else those that cost most
        together, and those that would be better elsewhere, with what is in their way."""
        seen = set[frozenset[str]]()
        for group in self._whole:
            yield group
        large = {job for job in self._limits.allowed if job not in {one for group in self._whole for one in group}}
        costs = {pair: self._of(pair, state) for pair in self._costs.pairs if large.issuperset(pair)}
        worst = sorted((pair for pair in costs if costs[pair] > least), key=lambda one: (-costs[one], one))[:PAIRS]
        for few in (*worst, *self._in_the_way(large, state, least)):
            group = self._grown(few, large, state)
            if frozenset(group) not in seen:
                seen.add(frozenset(group))
                yield group

    @cached_property
    def _whole(self) -> tuple[tuple[str, ...], ...]:
        """The jobs that may move and hang together, by what they cost or by a rule, where these are few."""
        left, found = set(self._limits.allowed), list[tuple[str, ...]]()
        while left:
            group, new = set[str](), {min(left)}
            while new:
                group |= new
                new = {other for job in new for other in self._beside(job)} & left - group
            left -= group
            if 1 < len(group) <= FEW:
                found.append(tuple(sorted(group)))
        return tuple(found)

    def _beside(self, job: str) -> set[str]:
        return {other for pair in self._costs.neighbours.get(job, ()) for other in pair}.union(
            self._limits.together.get(job, ())
        )

    def _in_the_way(self, jobs: Collection[str], state: State, least: float) -> Iterator[tuple[str, ...]]:
        """The jobs that would be better elsewhere, were there not others, with these."""
        for job in sorted(jobs):
            cost = self._costs.each(job, state)
            here = cost(state.get(job, 0))
            if here <= least:
                continue
            lowest, _, by = min((cost(one), abs(one), one) for one in self._limits.allowed[job])
            if here - lowest > least:
                blocking = [other for other in self._blocking(job, by, state) if other in jobs]
                if 0 < len(blocking) < GROUP:
                    yield job, *blocking

    def _grown(self, few: tuple[str, ...], jobs: Collection[str], state: State) -> tuple[str, ...]:
        """With those that cost most together with some of them."""
        costs: dict[str, float] = {}
        for job in few:
            for pair in self._costs.neighbours.get(job, ()):
                other = pair[0] if pair[1] == job else pair[1]
                if other in jobs and other not in few:
                    costs[other] = costs.get(other, 0.0) + self._of(pair, state)
        return (*few, *sorted(costs, key=lambda one: (-costs[one], one))[: GROUP - len(few)])


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
