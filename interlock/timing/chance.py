"""How likely two runs change a table at the same moment, by how far apart their jobs start. Pure.

A run changes its table at its end, for as long as its statements take. When it ends is not known to the second: after the mean
that the catalog expects, with a spread around it, taken for normal. Of two runs the difference of their ends is then normal,
too, so that the chance has a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import erf, sqrt

LEAST_SPREAD, SHARE_OF_MEAN = 30.0, 0.4
"""Seconds, and of the mean: how far the ends of runs scatter around when they are expected. A start from zero takes some ten
seconds at times, and a run that has twice the rows takes longer."""
FAR = 5.0
"""So many spreads away nothing meets: less than one in a million."""
CACHED = 16_384
MINUTE = 60.0


@dataclass(frozen=True)
class Landing:
    """When a run changes a table: `mean` seconds after its job's start it ends, and for `lasts` seconds before that it
    writes."""

    mean: float
    lasts: float

    @property
    def spread(self) -> float:
        """Of its end, in seconds: one standard deviation."""
        return LEAST_SPREAD + SHARE_OF_MEAN * self.mean


def normal(value: float) -> float:
    """The share of a standard normal distribution below `value`."""
    return 0.5 * (1.0 + erf(value / sqrt(2.0)))


@lru_cache(CACHED)
def meets(one: Landing, other: Landing) -> dict[int, float]:
    """The chance that both change the table at the same moment, by how many minutes the other starts after the one; negative
    for before it. A distance that is not in it has none."""
    spread = sqrt(one.spread**2 + other.spread**2)
    apart = other.mean - one.mean
    first = int((-apart - FAR * spread - one.lasts) // MINUTE)
    last = int(-((apart - FAR * spread - other.lasts) // MINUTE))
    return {minutes: _overlap(apart + minutes * MINUTE, spread, one.lasts, other.lasts) for minutes in range(first, last + 1)}


def _overlap(mean: float, spread: float, ours: float, theirs: float) -> float:
    """That the other run ends less than `theirs` after ours, so that it began before, and less than `ours` before it."""
    return normal((theirs - mean) / spread) - normal((-ours - mean) / spread)


@lru_cache(CACHED)
def not_done(producer: Landing) -> dict[int, float]:
    """The chance that a producer is not done, by how many minutes after it its consumer starts. A later one finds it done."""
    last = int((producer.mean + FAR * producer.spread) // MINUTE) + 1
    return {minutes: 1.0 - normal((minutes * MINUTE - producer.mean) / producer.spread) for minutes in range(last + 1)}
