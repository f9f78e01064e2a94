"""The outside as a reconcile uses it: the ports, tried again where trying again is safe, and many calls at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from interlock.runtime.ports import Bucket, Clock, Refused, Scheduler, Unknown
from interlock.runtime.report import Log

PASSING = frozenset({409, 429, 500, 502, 503, 504})
"""Refusals that another try may not meet. 409: two calls change one job at once."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=0.5), timedelta(seconds=16)
PATIENCE = timedelta(seconds=100)
"""Of the coordinator; a job answered 409 for a minute at worst."""
MAX_CONCURRENT = 10
"""Calls at a time: 200 jobs are paused in seconds, and Google's 500 writes a minute are left to others too."""

T = TypeVar("T")
A = TypeVar("A")

Failure = Refused | Unknown


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Everything that is not computed. Tests bring a clock that they move, no sleep, and `concurrent=1` for a fixed order."""

    bucket: Bucket
    scheduler: Scheduler
    clock: Clock
    log: Log
    sleep: Callable[[float], None]
    """Waits for so many seconds."""
    jitter: Callable[[], float]
    """A random number in [0, 1)."""
    concurrent: int = MAX_CONCURRENT
    patience: timedelta = PATIENCE
    """How long after the start of a request calls are tried again."""
    give_up: datetime | None = None
    """When nothing is tried again any more; see `begun`."""

    def begun(self) -> Outside:
        """The same for one request, whose calls share its patience, however many of them fail."""
        return self if self.give_up else replace(self, give_up=self.clock() + self.patience)

    def each(self, call: Callable[[A], T], arguments: Iterable[A]) -> Sequence[T]:
        """`call` for every argument, up to `concurrent` at a time; the results in the order of the arguments."""
        all_arguments = list(arguments)
        if self.concurrent == 1 or len(all_arguments) < 2:
            return [call(argument) for argument in all_arguments]
        with ThreadPoolExecutor(max_workers=self.concurrent) as pool:
            return list(pool.map(call, all_arguments))

    def patiently(self, call: Callable[[], T], *, passing: frozenset[int] = PASSING, unanswered: bool = True) -> T:
        """The result of `call`, tried again after a refusal that may pass and, with `unanswered`, when there was no answer:
        then it must bear being repeated.

        The last Refused or Unknown when patience is over. Waits grow exponentially, with full jitter:
        https://cloud.google.com/storage/docs/retry-strategy#exponential-backoff
        """
        give_up, waited, wait = self.give_up or self.clock() + self.patience, timedelta(0), FIRST_WAIT
        while True:
            try:
                return call()
            except (Refused, Unknown) as failure:
                if not (failure.code in passing if isinstance(failure, Refused) else unanswered):
                    raise
                # By the clock, and by what was slept: a test's clock may stand still.
                if self.clock() >= give_up or waited >= self.patience:
                    raise
                pause = wait * (0.5 + self.jitter() / 2)
                self.sleep(pause.total_seconds())
                waited, wait = waited + pause, min(wait * 2, LONGEST_WAIT)
