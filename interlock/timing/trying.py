"""The best moves of a few jobs, proven: all are tried but those that can't be better than the best so far. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf

Vector = list[float]
"""What each move of a job costs, in the order of its moves."""


class Trying:
    """Jobs with the moves of each, what each move costs by itself (`alone`), and two moves of two jobs together (`both`, which
    is called with the jobs in the order of `moves`; infinite where a rule forbids the two)."""

    def __init__(
        self,
        moves: Mapping[str, Sequence[int]],
        alone: Callable[[str, int], float],
        both: Callable[[str, int, str, int], float],
    ) -> None:
        here = {job: several[0] for job, several in moves.items()}
        costs = {
            job: sum(
                both(job, here[job], other, by)
                for other in moves
                if other != job
                for by in moves[other]
                if both(job, here[job], other, by) < inf
            )
            for job in moves
        }
        self._moves = moves
        self._jobs = sorted(moves, key=lambda job: (-costs[job], job))
        self._alone = [[alone(job, by) for by in moves[job]] for job in self._jobs]
        self._both = [
            [[[both(one, mine, other, its) for its in moves[other]] for mine in moves[one]] for other in self._jobs[at + 1 :]]
            for at, one in enumerate(self._jobs)
        ]
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
            rest = [
                [a + b for a, b in zip(vector, rows[place], strict=True)]
                for vector, rows in zip(others, self._both[at], strict=True)
            ]
            if here + sum(map(min, rest)) + floor < self._best:
                self._go(here, rest, [*chosen, place])
