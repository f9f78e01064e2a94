"""Many nights of one plan, counted: what they have on average, and how far that is to be trusted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from interlock.timing.replay import Held, Met, Night, Plan, Replay

SLOT = 3600.0
"""Seconds: conflicts are counted by the hour."""


@dataclass(frozen=True, kw_only=True)
class Average:
    """Of a number a night."""

    mean: float
    error: float
    """The standard error of the mean."""

    @classmethod
    def of(cls, numbers: Iterable[float]) -> Average:
        """The average of some nights, at least one."""
        found = [*numbers]
        return cls(mean=fmean(found), error=stdev(found) / sqrt(len(found)) if len(found) > 1 else 0.0)

    def beside(self, other: Average) -> Average | None:
        """How often it is the other one; None where that is nothing."""
        if not other.mean:
            return None
        share = self.mean / other.mean
        own = self.error / self.mean if self.mean else 0.0
        return Average(mean=share, error=share * sqrt(own**2 + (other.error / other.mean) ** 2))


@dataclass(frozen=True, kw_only=True)
class Nights:
    """What a plan brings, by night."""

    plan: Plan
    conflicts: Average
    meanwhile: Average
    """Of these, while a backfill ran."""
    met: Mapping[Met, int]
    """In all nights."""
    lost: Average
    held: Held
    oldest: Mapping[str, float]
    """By table, seconds."""
    slots: Mapping[int, float]
    """Conflicts by the hour of the night, counted from its start."""


def nights(night: Night, plan: Plan, seeds: Iterable[int]) -> Nights:
    """The nights of these seeds; at least one."""
    replay = Replay(night, plan)
    played = [replay.play(seed) for seed in seeds]
    spans = [(night.after(one.start), night.after(one.end)) for one in night.rewrites]
    slots = Counter(int(at // SLOT) for one in played for at, _ in one.conflicts)
    return Nights(
        plan=plan,
        conflicts=Average.of(len(one.conflicts) for one in played),
        meanwhile=Average.of(sum(_within(at, spans) for at, _ in one.conflicts) for one in played),
        met=Counter(met for one in played for _, met in one.conflicts),
        lost=Average.of(one.lost for one in played),
        held=replay.held,
        oldest={table: fmean(one.oldest[table] for one in played) for table in night.tables},
        slots={slot: number / len(played) for slot, number in sorted(slots.items())},
    )


def _within(at: float, spans: Iterable[tuple[float, float]]) -> bool:
    return any(start <= at < end for start, end in spans)


def widest(of: Iterable[Nights]) -> float:
    """The most conflicts that an hour has in any of them; 0 where none has any."""
    return max((number for one in of for number in one.slots.values()), default=0.0)
