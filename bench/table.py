"""The table of `make bench`: each work beside its floor, with what it must and should reach, and what it asks of Google.

A `Comparison` is a floor and the ways that are measured against it, as many as share it: their rounds take turns, so that a
machine that slows down slows all of them. Without a floor the limits are seconds. The first round is not timed but watched: how
many API calls a way makes, and how much memory its processes take.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

READS_A_MINUTE, WRITES_A_MINUTE = 1_250, 500
"""Cloud Scheduler's quotas: https://cloud.google.com/scheduler/quotas"""
ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one run of a way takes beside time."""

    reads: int
    """Calls of Cloud Scheduler."""
    writes: int
    others: int
    """Calls of all other APIs."""
    peak: float | None = None
    """MiB of all its processes together, without the stand-in; None where this machine doesn't tell."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to do something: `act` does it once, and returns the seconds that it took."""

    name: str
    act: Callable[[], float]
    cost: Callable[[], Cost] | None = None
    must: float | None = None
    goal: float | None = None
    """Of the ratio to the floor, or of the seconds where there is none."""
    must_calls: tuple[int, int] | None = None
    """Reads and writes at most, of all APIs."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Ways with the floor that they share."""

    ways: Sequence[Way]
    floor: Way | None = None
    rounds: int | None = None
    """So many and no watched one before, where one takes minutes."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was measured of a way: medians."""

    way: Way
    seconds: float
    floor: str = ""
    ratio: float | None = None
    cost: Cost | None = None

    @property
    def figure(self) -> float:
        """What the limits are of."""
        return self.seconds if self.ratio is None else self.ratio

    @property
    def keeps(self) -> bool:
        """Whether it is within what it must."""
        return self.way.must is None or round(self.figure, 2) <= self.way.must

    @property
    def keeps_calls(self) -> bool:
        """Whether it makes no more calls than it may, as far as they are counted."""
        if self.way.must_calls is None or self.cost is None:
            return True
        reads, writes = self.way.must_calls
        return self.cost.reads + self.cost.others <= reads and self.cost.writes <= writes


def measured(comparison: Comparison, rounds: int = ROUNDS) -> list[Row]:
    """The rows of a comparison, its floor first."""
    ways = [*([comparison.floor] if comparison.floor else []), *comparison.ways]
    costs = {way.name: None if comparison.rounds else _cost(way) for way in ways}
    taken = [{way.name: way.act() for way in ways} for _ in range(comparison.rounds or rounds)]
    seconds = {way.name: statistics.median(one[way.name] for one in taken) for way in ways}
    return [_row(way, comparison.floor, seconds, costs[way.name]) for way in ways]


def _cost(way: Way) -> Cost | None:
    if way.cost is not None:
        return way.cost()
    way.act()
    return None


def _row(way: Way, floor: Way | None, seconds: Mapping[str, float], cost: Cost | None) -> Row:
    if floor is None or way is floor:
        return Row(way=way, seconds=seconds[way.name], cost=cost)
    return Row(
        way=way,
        seconds=seconds[way.name],
        floor=floor.name,
        ratio=seconds[way.name] / seconds[floor.name],
        cost=cost,
    )


def times(rows: Sequence[Row]) -> list[str]:
    """The table of times, in Markdown."""
    lines = ["| work | s | beside | ratio | must | goal |", "| --- | ---: | --- | ---: | ---: | ---: |"]
    return lines + [
        f"| {row.way.name} | {row.seconds:.2f} | {row.floor} | {'' if row.ratio is None else f'{row.ratio:.2f} x'} "
        f"| {_limit(row, row.way.must)}{'' if row.keeps else ', missed'} | {_limit(row, row.way.goal)} |"
        for row in rows
    ]


def _limit(row: Row, limit: float | None) -> str:
    return "" if limit is None else f"{limit:g} {'s' if row.ratio is None else 'x'}"


def costs(rows: Sequence[Row]) -> list[str]:
    """The table of calls and memory, in Markdown. A share is of what Cloud Scheduler takes in a minute."""
    lines = ["| work | reads | share | writes | share | other calls | MiB |", "| --- |" + " ---: |" * 6]
    return lines + [_cost_line(row, row.cost) for row in rows if row.cost is not None]


def _cost_line(row: Row, cost: Cost) -> str:
    others = f"{cost.others}{'' if row.keeps_calls else ', too many'}"
    peak = "" if cost.peak is None else f"{cost.peak:.0f}"
    shares = cost.reads / READS_A_MINUTE, cost.writes / WRITES_A_MINUTE
    return f"| {row.way.name} | {cost.reads} | {shares[0]:.0%} | {cost.writes} | {shares[1]:.0%} | {others} | {peak} |"
