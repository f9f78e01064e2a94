"""The best moves of a few jobs, proven: all are tried but those that can't be better than the best so far. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import permutations
from operator import add

Vector = list[float]
"""What each move of a job costs, in the order of its moves."""


Table = list[Vector]
"""What two moves cost together, by the first's and the second's."""
MOST = 1e9
"""Counted for what is forbidden, where it is about whose choice matters most."""


class Trying:
    """Jobs with the moves of each, what each move costs by itself (`alone`), and what two jobs cost together by how many
    minutes the second is moved against the first (`both`); infinite where a rule forbids that."""

    def __init__(
        self,
        moves: Mapping[str, Sequence[int]],
        alone: Callable[[str, int], float],
        both: Callable[[str, str, int], float],
    ) -> None:
        tables = {
            (one, other): _table(moves[one], moves[other], partial(both, one, other)) for one, other in permutations(moves, 2)
        }
        weights = {
            job: sum(min(cost, MOST) for (one, _), rows in tables.items() if one == job for cost in rows[0]) for job in moves
        }
        self._moves = moves
        # Who weighs most goes first: what the others cost beside it is known early, and much need not be looked at.
        self._jobs = sorted(moves, key=lambda job: (-weights[job], job))
        self._alone = [[alone(job, by) for by in moves[job]] for job in self._jobs]
        self._both = [[tables[one, other] for other in self._jobs[at + 1 :]] for at, one in enumerate(self._jobs)]
        least = [sum(min(map(min, rows)) for rows in others) for others in self._both]
        self._floor = [sum(least[at:]) for at in range(len(least) + 1)]
        self._best, self._chosen, self._left = 0.0, list[int](), 0

    def better_than(self, cost: float, most: int) -> dict[str, int]:
        """The best moves, if they cost less than `cost`, or the best that `most` looks find; nothing where there are none."""
        self._best, self._chosen, self._left = cost, [], most
        self._go(0.0, self._alone, [])
        if not self._chosen:
            return {}
        return {job: self._moves[job][place] for job, place in zip(self._jobs, self._chosen, strict=True)}

    def _go(self, cost: float, vectors: Sequence[Vector], chosen: list[int]) -> None:
        """Chooses for the first of those that are left, each of whose moves costs what `vectors` say beside those chosen."""
        if not vectors:
            self._best, self._chosen = cost, chosen
            return
        at, (mine, *others) = len(chosen), vectors
        floor = self._floor[at + 1]
        least = sum(map(min, others)) + floor
        for place in sorted(range(len(mine)), key=mine.__getitem__):
            here = cost + mine[place]
            if here + least >= self._best or self._left <= 0:
                return
            self._left -= 1
            rest = [[*map(add, vector, rows[place])] for vector, rows in zip(others, self._both[at], strict=True)]
            if here + sum(map(min, rest)) + floor < self._best:
                self._go(here, rest, [*chosen, place])


def _table(ours: Sequence[int], theirs: Sequence[int], cost: Callable[[int], float]) -> Table:
    """Each distance is looked up once."""
    known = {apart: cost(apart) for apart in {its - mine for mine in ours for its in theirs}}
    return [[known[its - mine] for its in theirs] for mine in ours]
