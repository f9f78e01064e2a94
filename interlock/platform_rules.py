"""What a platform asks of its schedules: how far apart starts are, at which minutes, and what a stagger has to keep.

The numbers are those of the NBA platform after the incident of 2026-01-18, until a platform says its own (`rules:`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from interlock.catalog import Catalog

MINUTES_AN_HOUR = 60
STAGGER_MINUTES = frozenset({15, 45})
"""Minutes of the hour that writers of tables which backfills change start in."""
PRODUCER_LEAD = timedelta(minutes=30)
"""So long after its producer a consumer starts at the earliest: the guideline for two phases."""
WRITERS_APART = timedelta(minutes=15)
"""Two writers of one table start so far apart: the guideline for two jobs of one service."""
Was = Literal["same", "days", "free"]
"""What a schedule keeps of the one that it replaces: its days, number of runs and nearly its times; its days; nothing."""


@dataclass(frozen=True, kw_only=True)
class Stagger:
    """Minutes of the hour to start in, each with a tolerance around it. Without minutes it is off: any minute will do."""

    minutes: frozenset[int] = STAGGER_MINUTES
    within: timedelta = timedelta(0)

    @property
    def allowed(self) -> frozenset[int]:
        """Every minute that is near enough to one of them."""
        near = range(-(self.within // timedelta(minutes=1)), self.within // timedelta(minutes=1) + 1)
        return frozenset((minute + by) % MINUTES_AN_HOUR for minute in self.minutes for by in near)

    def __str__(self) -> str:
        """`minutes 10-20 and 40-50`, for people."""
        if not self.minutes:
            return "off"
        spans = _spans(self.allowed)
        said = [f"{first}-{last}" if first != last else str(first) for first, last in spans]
        minutes = " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))
        return f"minute{'s' if len(self.allowed) > 1 else ''} {minutes}"


def _spans(minutes: Iterable[int]) -> list[tuple[int, int]]:
    """The first and last of those that follow each other, in the order of the clock; one may go over the full hour."""
    found: list[tuple[int, int]] = []
    for minute in sorted(minutes):
        if found and found[-1][1] == minute - 1:
            found[-1] = found[-1][0], minute
        else:
            found.append((minute, minute))
    if len(found) > 1 and (found[0][0], found[-1][1]) == (0, MINUTES_AN_HOUR - 1):
        (_, last), (first, _) = found[0], found.pop()
        found[0] = first, last
    return found


@dataclass(frozen=True, kw_only=True)
class PlatformRules:
    """The rules of the platform `name`; what it doesn't say is as everywhere."""

    name: str = ""
    stagger: Stagger = field(default_factory=Stagger)
    lead: timedelta = PRODUCER_LEAD
    """Of a consumer of the platform, after its producer."""
    apart: timedelta = WRITERS_APART
    """Of two writers of one table; between jobs of two platforms the larger one counts."""
    starts_per_minute: int | None = None
    """Of its services of which nobody says it; None for one, as nobody knows what they bear."""
    was: Was = "same"


def rules_of(catalog: Catalog, platform: str) -> PlatformRules:
    """What the platform says, and what goes where it says nothing."""
    return catalog.rules.get(platform) or PlatformRules(name=platform)
