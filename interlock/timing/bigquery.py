"""What BigQuery does with what several runs write to one table: who waits, who is run again, who fails. Pure, on any clock.

After docs.cloud.google.com/bigquery/docs/data-manipulation-language (concurrency): of UPDATE, DELETE and MERGE two at once run
on a table and twenty wait; of two that change the same partition the one that commits first wins, and BigQuery runs the other
one again, up to three times, before it fails. What two kinds of writes do to each other is `access.conflict`.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heapify, heappop, heappush

from interlock.access import Kind, Severity, worst
from interlock.timing.risk import UNKNOWN_PARTITION

RUNNING, WAITING = 2, 20
"""Mutating statements on a table at once, and behind these."""
RERUNS = 3
"""So often BigQuery itself runs a statement again that met another."""
FRESH = 30 * 60.0
"""Seconds in which streamed rows can't be changed (docs.cloud.google.com/bigquery/docs/streaming-data-into-bigquery)."""
UNKNOWN = -1
"""A day that nobody knows: one that live runs work on."""
PAST = -2
"""This day and those below it are of the past, each another one: no live run works on them."""

_MUTATING = frozenset({Kind.MUTATE, Kind.REPLACE})
_STREAMING = frozenset({Kind.STREAM, Kind.STORAGE_WRITE})


@dataclass(frozen=True, kw_only=True)
class Partition:
    """What a statement names in a predicate: a column, and the number of a day, or UNKNOWN, or one of PAST."""

    column: str
    day: int


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Statement:
    """What a run does to a table: it is submitted at `begins` and at work for `lasts`, in seconds on any clock."""

    begins: float
    lasts: float
    kinds: frozenset[Kind]
    partition: Partition | None = None
    """None where it may change any row."""
    start: int = 0
    """Which start brought it about: several runs may be of one."""
    rewrite: bool = False
    """It is of a rewrite of the past: the table is not fresher for it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Failure:
    """An error that reached the code."""

    at: float
    statement: Statement
    by: Statement | None
    """What it met; None where the table's queue was full."""


@dataclass(frozen=True, kw_only=True)
class Retry:
    """That a run submits again what met a conflict, as the guard does: seconds, each delay longer than the one before."""

    tries: int = 5
    first: float = 1.0
    when_full: float = 8.0
    multiplier: float = 2.0
    jitter: float = 0.5


ONCE = Retry(tries=1)
"""Without a retry: the first error is the last."""


@dataclass(kw_only=True)
class Settled:
    """What became of the statements on a table."""

    commits: list[tuple[float, Statement]] = field(default_factory=list)
    """When each committed, in order."""
    failures: list[Failure] = field(default_factory=list)
    """What reached the code, in order; a retry's, too."""
    lost: list[Statement] = field(default_factory=list)
    """What is not in the table in the end: failed for good, or removed by a truncation that ended later."""
    reruns: int = 0
    """How often BigQuery ran one again by itself."""


@dataclass(eq=False, slots=True)
class _Attempt:
    statement: Statement
    mutates: bool
    tries: int = 1
    reruns: int = 0
    begun: float = 0.0


SUBMITTED, ENDED = 0, 1


def settle(statements: Iterable[Statement], retry: Retry, rng: random.Random) -> Settled:
    """What becomes of `statements`, all on one table. Chance decides the delays of a retry, and whether two runs mean the same
    day where nobody knows which."""
    return _Table(retry, rng).settle(statements)


class _Table:
    """Events in order of time; of those at the same time, in order of their submission."""

    def __init__(self, retry: Retry, rng: random.Random) -> None:
        self._retry, self._rng = retry, rng
        self._settled = Settled()
        self._events: list[tuple[float, int, int, _Attempt]] = []
        self._number = 0
        self._streamed = False
        self._running = 0
        self._waiting: deque[_Attempt] = deque()

    def settle(self, statements: Iterable[Statement]) -> Settled:
        for one in statements:
            self._number += 1
            self._streamed |= not _STREAMING.isdisjoint(one.kinds)
            self._events.append((one.begins, self._number, SUBMITTED, _Attempt(one, not _MUTATING.isdisjoint(one.kinds))))
        heapify(self._events)
        while self._events:
            now, _, what, attempt = heappop(self._events)
            if what == SUBMITTED:
                self._submitted(attempt, now)
            else:
                self._ended(attempt, now)
        return self._settled

    def _later(self, at: float, what: int, attempt: _Attempt) -> None:
        self._number += 1
        heappush(self._events, (at, self._number, what, attempt))

    def _submitted(self, attempt: _Attempt, now: float) -> None:
        if blocked := self._blocked_by(attempt.statement, now):
            self._failed(attempt, now, by=blocked, delay=None)
        elif not attempt.mutates or self._running < RUNNING:
            self._start(attempt, now)
        elif len(self._waiting) < WAITING:
            self._waiting.append(attempt)
        else:
            self._failed(attempt, now, by=None, delay=self._retry.when_full)

    def _start(self, attempt: _Attempt, now: float) -> None:
        self._running += attempt.mutates
        attempt.begun = now
        self._later(now + attempt.statement.lasts, ENDED, attempt)

    def _ended(self, attempt: _Attempt, now: float) -> None:
        one = attempt.statement
        met = self._met_by(one, attempt.begun, Severity.ERROR) if attempt.mutates else None
        if met is not None:
            if attempt.reruns < RERUNS:
                attempt.reruns += 1
                self._settled.reruns += 1
                attempt.begun = now
                self._later(now + one.lasts, ENDED, attempt)
                return
            self._failed(attempt, now, by=met, delay=self._retry.first)
        else:
            if Kind.TRUNCATE in one.kinds:
                removed = [other for other in self._since(attempt.begun) if self._conflict(one, other, Severity.DATA_LOSS)]
                self._settled.lost += removed
            self._settled.commits.append((now, one))
        if attempt.mutates:
            self._running -= 1
            if self._waiting:
                self._start(self._waiting.popleft(), now)

    def _failed(self, attempt: _Attempt, now: float, *, by: Statement | None, delay: float | None) -> None:
        """An error reaches the code. Without a delay there is no use in a retry."""
        self._settled.failures.append(Failure(at=now, statement=attempt.statement, by=by))
        if delay is None or attempt.tries >= self._retry.tries:
            self._settled.lost.append(attempt.statement)
            return
        steady = delay * self._retry.multiplier ** (attempt.tries - 1)
        attempt.tries += 1
        attempt.reruns = 0
        jitter = self._retry.jitter
        self._later(now + steady * self._rng.uniform(1 - jitter, 1 + jitter), SUBMITTED, attempt)

    def _since(self, begun: float) -> Iterable[Statement]:
        """What committed after `begun`."""
        for at, one in reversed(self._settled.commits):
            if at <= begun:
                return
            yield one

    def _met_by(self, one: Statement, begun: float, severity: Severity) -> Statement | None:
        """The last that committed after `begun` and is as bad for `one`."""
        return next((other for other in self._since(begun) if self._conflict(one, other, severity)), None)

    def _blocked_by(self, one: Statement, now: float) -> Statement | None:
        return self._met_by(one, now - FRESH, Severity.BLOCKED) if self._streamed else None

    def _conflict(self, one: Statement, other: Statement, severity: Severity) -> bool:
        return severity_of(one.kinds, other.kinds) is severity and self._same(one.partition, other.partition)

    def _same(self, one: Partition | None, other: Partition | None) -> bool:
        """Whether two change the same partition; a column other than the table's is no predicate on its partition."""
        if one is None or other is None or one.column != other.column:
            return True
        if one.day <= PAST or other.day <= PAST or (one.day != UNKNOWN and other.day != UNKNOWN):
            return one.day == other.day
        return self._rng.random() < UNKNOWN_PARTITION


@lru_cache(1024)
def severity_of(one: frozenset[Kind], other: frozenset[Kind]) -> Severity:
    """Of the worst that two writes do to each other."""
    return worst(one, other).severity
