"""Consumers that start before their producers now, though they followed them. Pure.

A collision says who starts too soon after what it reads. Whoever starts before it has no collision: it reads what the producer
wrote the last time, a day ago perhaps, and nothing fails. The lead of a consumer is the time since the latest start of its
producer, half a day at most. It is lost altogether, and the order inverted, where the two starts that belonged together have
changed places: by the nearest starts after the edit, over every start of a year.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from interlock.catalog import Catalog, Job
from interlock.feeds import feeds, waits_for
from interlock.names import count, rounded
from interlock.review.jobs import year_from
from interlock.review.remark import Remark, Topic, listed
from interlock.timing.fires import Alike, alike
from interlock.timing.minutes import MINUTE, Minutes
from interlock.timing.polling import POLLS
from interlock.timing.season_minutes import job_minutes

FOLLOWS = timedelta(hours=12)
"""A consumer that starts later after its producer is nearer to the next day's, and follows none."""
FAR = FOLLOWS // MINUTE + 1
"""Minutes."""
FRESH = timedelta(hours=1)
"""Of a producer that started so shortly before, a consumer reads what is new, though the next start is nearer."""


@dataclass(frozen=True)
class Starts:
    """When a job starts."""

    minutes: Minutes

    @cached_property
    def places(self) -> list[int]:
        """In order, how many minutes after the beginning of the span each start is."""
        return [*self.minutes.places()]


@dataclass(frozen=True, kw_only=True)
class Follows:
    """How often a year a consumer followed its producer, how often of that it starts before it now, and typically how long
    after and before it."""

    times: int
    inverted: int
    lead: timedelta
    ahead: timedelta
    first: datetime
    """The first start of the consumer that is too early."""


@dataclass(frozen=True, kw_only=True)
class Inversion:
    """A consumer that starts before its producer now, by the newer names, and the tables that it reads of it."""

    producer: str
    consumer: str
    tables: tuple[str, ...]
    follows: Follows


@dataclass(frozen=True)
class Together:
    """The starts of a producer, each with that of its consumer that followed it: as many minutes after the beginning."""

    starts: array[int]
    followed: array[int]

    @classmethod
    def of(cls, produced: Sequence[int], consumed: Sequence[int]) -> Together:
        """Of two jobs. A consumer follows the latest start before it, or together with it."""
        found = cls(array("q"), array("q"))
        for start, place in (
            _by_producers(produced, consumed) if len(produced) < len(consumed) else _by_consumers(produced, consumed)
        ):
            if place - start <= FOLLOWS // MINUTE:
                found.starts.append(start)
                found.followed.append(place)
        return found


def _by_producers(produced: Sequence[int], consumed: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The starts of a producer after which its consumer starts before it does again, and that start of the consumer."""
    for at, start in enumerate(produced):
        place = bisect_left(consumed, start)
        if place < len(consumed) and (at + 1 == len(produced) or consumed[place] < produced[at + 1]):
            yield start, consumed[place]


def _by_consumers(produced: Sequence[int], consumed: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The same, for as many looks as the consumer has starts."""
    last = -1
    for place in consumed:
        at = bisect_right(produced, place) - 1
        if at > last:
            yield produced[at], place
            last = at


def inverted(before: tuple[Starts, Starts], after: tuple[Starts, Starts], known: Together | None = None) -> Follows | None:
    """What becomes of the order of two jobs, each side its producer's and its consumer's starts in one span; None when the
    consumer starts before its producer nowhere where it followed it. `known` is what followed what before, where that is."""
    produced, consumed = (starts.minutes for starts in after)
    unfed = consumed - produced.around(timedelta(0), FRESH + MINUTE)
    if not unfed & produced.around(-FOLLOWS, timedelta(0)):
        return None
    hungry = unfed.bits.to_bytes(len(unfed.span) // 8 + 1, "little")
    (p_old, c_old), (p_new, c_new) = ([starts.places for starts in side] for side in (before, after))
    pairs: Counter[tuple[int, int]] = Counter()
    first, together = len(produced.span), known or Together.of(p_old, c_old)
    for start, consumer in zip(together.starts, together.followed, strict=True):
        met = consumer if c_new is c_old else _nearest(c_new, consumer)
        if met is None or not hungry[met >> 3] >> (met & 7) & 1:
            continue
        moved = start if p_new is p_old else _nearest(p_new, start)
        if moved is not None and met < moved and not _is_fed(p_new, c_new, moved, met):
            pairs[consumer - start, moved - met] += 1
            first = min(first, met)
    if not pairs:
        return None
    (lead, ahead), _ = min(pairs.items(), key=lambda one: (-one[1], one[0]))
    return Follows(
        times=len(together.starts),
        inverted=pairs.total(),
        lead=lead * MINUTE,
        ahead=ahead * MINUTE,
        first=produced.span.start + first * MINUTE,
    )


def _is_fed(produced: Sequence[int], consumed: Sequence[int], start: int, met: int) -> bool:
    """Whether the consumer that starts at `met`, before its producer at `start`, comes again soon after that, or follows
    another start of it shortly."""
    again = bisect_left(consumed, start)
    if again < len(consumed) and consumed[again] - start <= POLLS // MINUTE:
        return True
    before = bisect_right(produced, met)
    latest = produced[before - 1] if before else 0  # nobody sees what was before the span
    return met - latest <= FRESH // MINUTE


def _nearest(places: Sequence[int], place: int) -> int | None:
    """The nearest of some starts, at most half a day away; of two as near the later one."""
    after = bisect_left(places, place)
    late = places[after] if after < len(places) else place + FAR
    early = places[after - 1] if after else place - FAR
    found = late if late - place <= place - early else early
    return found if abs(found - place) < FAR else None


def inversions(
    before: Catalog, after: Catalog, at: datetime, renamed: Mapping[str, str], known: Orders | None = None
) -> tuple[Inversion, ...]:
    """Every consumer that followed a producer and starts before it now, in the year from `at` on. Jobs that are paused by
    declaration, on either side, take no part. Who asks again and again keeps what is `known` of that year."""
    old_names = {new: old for old, new in renamed.items()}
    was = {name: before.jobs.get(old_names.get(name, name)) for name in after.jobs}
    year = known or Orders(at)
    found: list[Inversion] = []
    for consumer, producers in waits_for(after).items():
        waited = waits_for(before).get(old_names.get(consumer, consumer), ())
        for producer in producers:
            if old_names.get(producer, producer) not in waited:
                continue
            jobs = [was[producer], was[consumer], after.jobs[producer], after.jobs[consumer]]
            if follows := year.follows([job for job in jobs if job and job.paused is None and job.schedule.is_known]):
                tables = _between(after, producer, consumer)
                found.append(Inversion(producer=producer, consumer=consumer, tables=tables, follows=follows))
    return tuple(found)


def _between(catalog: Catalog, producer: str, consumer: str) -> tuple[str, ...]:
    """The tables that one writes, or leads to a writer of, and that the other reads."""
    known = feeds(catalog)
    return tuple(
        table for table, names in known.consumers.items() if consumer in names and producer in known.producers.get(table, ())
    )


class Orders:
    """The order of jobs in the year from an instant on; pairs of equal schedules are looked at once."""

    def __init__(self, at: datetime) -> None:
        self._span = year_from(at)
        self._starts: dict[Alike, Starts] = {}
        self._follows: dict[tuple[Alike, ...], Follows | None] = {}
        self._together: dict[tuple[Alike, ...], Together] = {}

    def follows(self, jobs: Sequence[Job]) -> Follows | None:
        """Of a producer and its consumer, before and after; None when one of the four is missing, or nothing has changed."""
        keys = tuple(map(alike, jobs))
        if len(keys) < 4 or keys[:2] == keys[2:]:
            return None
        if keys not in self._follows:
            producer, consumer, new_producer, new_consumer = map(self._of, jobs)
            if keys[:2] not in self._together:
                self._together[keys[:2]] = Together.of(producer.places, consumer.places)
            known = self._together[keys[:2]]
            self._follows[keys] = inverted((producer, consumer), (new_producer, new_consumer), known)
        return self._follows[keys]

    def _of(self, job: Job) -> Starts:
        key = alike(job)
        if key not in self._starts:
            self._starts[key] = Starts(job_minutes(job, self._span))
        return self._starts[key]


def about_order(found: Sequence[Inversion], changed: Collection[str]) -> Iterator[Remark]:
    """A finding for each job of `changed` that starts before what it reads, or after who reads it. One that has moved away from
    several others is one thing to mend."""
    alike: dict[tuple[str, bool], list[Inversion]] = {}
    for one in found:
        is_consumer = one.consumer in changed
        alike.setdefault((one.consumer if is_consumer else one.producer, is_consumer), []).append(one)
    for (subject, is_consumer), several in alike.items():
        worst = max(several, key=lambda one: (one.follows.inverted, one.follows.ahead))
        others = [one.producer if is_consumer else one.consumer for one in several if one is not worst]
        also = f"; likewise {listed(sorted(others))}" if others else ""
        yield Remark(topic=Topic.INVERTED, subject=subject, text=f"{_said(worst)}{also}")


def _said(one: Inversion) -> str:
    follows = one.follows
    often = count(follows.inverted, "time") if follows.inverted < follows.times else "every time"
    followed = f"{rounded(follows.lead)} after it" if follows.lead else "together with it"
    return (
        f"{one.consumer} starts {rounded(follows.ahead)} before {one.producer}, which writes {listed([*one.tables])} that it "
        f"reads: it started {followed}, {follows.times:,} times a year, and starts before it {often} now, so it reads what was "
        "there the time before"
    )
