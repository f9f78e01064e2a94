"""How far apart the starts of two jobs are: of each distance, how often it comes in a span. Pure.

A year of starts is a few kinds of days. What two kinds of days have in common is found once, so that a year costs hardly more
than a week.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from interlock.timing.minutes import DAY, MINUTE, Day, Minutes, Span

MINUTES_A_DAY = DAY // MINUTE
CACHED = 16_384
"""Pairs of kinds of days: a thousand jobs have some thousands."""
DENSE = 2_048
"""So many pairs of starts in two days take longer one by one than as bits at each distance."""

Kind = tuple[tuple[int, int], ...]
"""A kind of day: by the day of a zone, as so many days after that in UTC, the minutes in which a job starts, as bits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Starts:
    """The starts of a job in the days of a span, which begins at a midnight of UTC; told apart by the day of a zone."""

    minutes: Minutes
    zone: ZoneInfo

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """Those that there are, in the order in which they come first."""
        return self._days[0]

    @cached_property
    def pattern(self) -> str:
        """The kind of each day of the span, in order, as a character: the number of it. A text, since Python finds its hash
        once only, and a year of days is looked up often."""
        return self._days[1]

    @cached_property
    def _days(self) -> tuple[tuple[Kind, ...], str]:
        known: dict[tuple[bytes, int], int] = {}
        numbers: dict[Kind, int] = {}
        found = []
        parts, cuts = _cuts(self.zone, self.minutes.span)
        for key in zip(_days(self.minutes), cuts, strict=True):
            if key not in known:
                bits = int.from_bytes(key[0], "little")
                kind = tuple((offset, bits & mask) for offset, mask in parts[key[1]] if bits & mask)
                known[key] = numbers.setdefault(kind, len(numbers))
            found.append(known[key])
        return tuple(numbers), "".join(map(chr, found))


def _days(minutes: Minutes) -> list[bytes]:
    """The minutes of each day of UTC from the start of the span on; the last may be short."""
    number = -(-len(minutes.span) // MINUTES_A_DAY)
    data = minutes.bits.to_bytes(number * MINUTES_A_DAY // 8, "little")
    return [data[at : at + MINUTES_A_DAY // 8] for at in range(0, len(data), MINUTES_A_DAY // 8)]


@lru_cache(64)
def _cuts(zone: ZoneInfo, span: Span) -> tuple[tuple[tuple[tuple[int, int], ...], ...], tuple[int, ...]]:
    """The parts of a day of UTC that are one day in `zone`: which, as so many days after it, and their minutes as bits; and of
    each day which of these it has."""
    known: dict[tuple[tuple[int, int], ...], int] = {}
    found = []
    for number in range(-(-len(span) // MINUTES_A_DAY)):
        start = span.start + number * DAY
        parts = []
        for offset in (-1, 0, 1):
            local = Day(date=start.date() + offset * DAY, zone=zone)
            first = max(0, (local.start - start) // MINUTE)
            last = min(MINUTES_A_DAY, (local.end - start) // MINUTE)
            if first < last:
                parts.append((offset, ((1 << (last - first)) - 1) << first))
        found.append(known.setdefault(tuple(parts), len(known)))
    return tuple(known), tuple(found)


def distances(one: Starts, other: Starts, first: int, last: int, moved: int | None = None) -> dict[int, int]:
    """How often `other` starts how many minutes after `one`: of the distances from `first` to `last`, both included, negative
    for before it, those that there are.

    Only of starts that name the same day, where `moved` says by how many days what the one names is moved against what the
    other one does: each names the day of its start by the clock of its zone, or one so many days after it.
    """
    found: Counter[int] = Counter()
    for days, ours, theirs, times in _met(one, other, first, last):
        for our_day, mine in ours:
            for their_day, its in theirs:
                if moved is not None and our_day - days + moved != their_day:
                    continue
                for distance, number in _apart(mine, its).items():
                    if first <= (place := distance + days * MINUTES_A_DAY) <= last:
                        found[place] += number * times
    return dict(found)


def _met(one: Starts, other: Starts, first: int, last: int) -> Iterator[tuple[int, Kind, Kind, int]]:
    """By how many days the other's day is later, what kinds of days both are, and how often that is so."""
    ours, theirs = one.kinds, other.kinds
    for days in range(-(-(first - MINUTES_A_DAY + 1) // MINUTES_A_DAY), (last + MINUTES_A_DAY - 1) // MINUTES_A_DAY + 1):
        for mine, its, times in _together(one.pattern, other.pattern, days):
            if ours[mine] and theirs[its]:
                yield days, ours[mine], theirs[its], times


@lru_cache(CACHED)
def _together(ours: str, theirs: str, days: int) -> tuple[tuple[int, int, int], ...]:
    """Which kinds of days come together, the second so many days later, and how often, as they come first."""
    pairs = zip(ours, theirs[days:], strict=False) if days >= 0 else zip(ours[-days:], theirs, strict=False)
    return tuple((ord(mine), ord(its), times) for (mine, its), times in Counter(pairs).items())


@lru_cache(CACHED)
def _apart(ours: int, theirs: int) -> Mapping[int, int]:
    """Of the minutes of two days, how often which difference comes."""
    if ours.bit_count() * theirs.bit_count() < DENSE:
        return Counter([b - a for a in _places(ours) for b in _places(theirs)])
    ahead = ((minutes, (ours << minutes & theirs).bit_count()) for minutes in range(MINUTES_A_DAY))
    behind = ((-minutes, (theirs << minutes & ours).bit_count()) for minutes in range(1, MINUTES_A_DAY))
    return {distance: number for distance, number in (*behind, *ahead) if number}


@lru_cache(CACHED)
def _places(bits: int) -> tuple[int, ...]:
    return tuple(place for place, digit in enumerate(f"{bits:b}"[::-1]) if digit == "1")
