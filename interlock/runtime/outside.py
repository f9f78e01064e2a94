"""The outside as a reconcile uses it: the ports, tried again where trying again is safe, and many calls at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import TypeVar

from interlock.runtime.ports import Bucket, Clock, Refused, Scheduler, Unknown
from interlock.runtime.report import Log

PASSING = frozenset({409, 429, 500, 502, 503, 504})
"""Refusals that another try may not meet. 409: two calls change one job at once."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=0.5), timedelta(seconds=4)
PATIENCE = timedelta(seconds=60)
"""Of a timer's request, however many calls fail: a fifth of the shortest tick, with the timer's own repetitions less than half
of it. What is left is reported, and the next tick does it."""
OF_ONE = 5
"""For one job or object a fifth of that: one that always fails leaves time for the others."""
OF_OPERATORS = 4
"""Who waits for an answer waits a quarter: 15 seconds in all, three for one job."""
LONGEST_REQUEST = timedelta(minutes=5)
"""After which Cloud Run answers in a request's place, and whoever asked asks again. It does not end what the request was at:
https://cloud.google.com/run/docs/configuring/request-timeout"""
NOTHING = timedelta()
MAX_CONCURRENT = 10
"""Calls of one API at a time: 200 jobs are paused in seconds, and Google's 500 writes a minute are left to others too."""

T = TypeVar("T")
A = TypeVar("A")

Failure = Refused | Unknown


@dataclass
class Spent:
    """What one request has lost to calls that failed."""

    began: datetime
    by_subject: dict[str, timedelta] = field(default_factory=dict)
    """By what the calls were about."""
    is_over: bool = False
    """A call has failed when patience was over: nothing new is begun that the next tick can do."""

    def of(self, subject: str) -> timedelta:
        """What calls about `subject` have cost so far."""
        return self.by_subject.get(subject, NOTHING)


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
    lists_all: bool = False
    """Whether who asks may list the bucket as a whole: one call then tells what is declared, what holds, and the ledger."""
    concurrent: int = MAX_CONCURRENT
    patience: timedelta = PATIENCE
    """How long after the start of a request calls are tried again; those about one thing `OF_ONE` of it."""
    spent: Spent | None = None
    """Of the request that it serves; see `begun`."""

    def begun(self, share: int = 1) -> Outside:
        """The same for one request, whose calls share its patience, or that part of it, however many of them fail."""
        return self if self.spent else replace(self, patience=self.patience / share, spent=Spent(began=self.clock()))

    @property
    def is_over(self) -> bool:
        """Whether the request has no patience left, and has met another failure."""
        return self.spent is not None and self.spent.is_over

    @property
    def is_overdue(self) -> bool:
        """Whether the request has outlived its timeout: what it saw is old, and others have been at work since."""
        return self.spent is not None and self.clock() - self.spent.began > LONGEST_REQUEST

    def each(self, call: Callable[[A], T], arguments: Iterable[A], *, apis: int = 1) -> Sequence[T]:
        """`call` for every argument, up to `concurrent` at a time for each of the `apis` that it asks one after the other; the
        results in the order of the arguments. Who asks two sees to it, by a gate for each, that neither gets more."""
        all_arguments = list(arguments)
        if self.concurrent == 1 or len(all_arguments) < 2:
            return [call(argument) for argument in all_arguments]
        with ThreadPoolExecutor(max_workers=self.concurrent * apis) as pool:
            return list(pool.map(call, all_arguments))

    def gate(self) -> BoundedSemaphore:
        """Lets so many through at a time as an API is to have calls."""
        return BoundedSemaphore(self.concurrent)

    def patiently(
        self,
        call: Callable[[], T],
        about: str | None = None,
        *,
        passing: frozenset[int] = PASSING,
        unanswered: bool = True,
    ) -> T:
        """The result of `call`, tried again after a refusal that may pass and, with `unanswered`, when there was no answer:
        then it must bear being repeated. `about` names the job or object whose patience it takes; without, it is one that
        everything needs, and takes what there is.

        The last Refused or Unknown when patience is over. Waits grow exponentially, with full jitter:
        https://cloud.google.com/storage/docs/retry-strategy#exponential-backoff
        """
        before = self.clock()
        spent, wait = self.spent or Spent(began=before), FIRST_WAIT
        lost, own = (NOTHING, self.patience) if about is None else (spent.of(about), self.patience / OF_ONE)
        while True:
            try:
                return call()
            except (Refused, Unknown) as failure:
                if not (failure.code in passing if isinstance(failure, Refused) else unanswered):
                    raise
                # By the clock, and by what was slept: a test's clock may stand still.
                now = self.clock()
                lost, in_all = lost + (now - before), spent.began + self.patience - now
                if (left := min(own - lost, in_all)) > NOTHING:
                    pause = min(wait * (0.5 + self.jitter() / 2), left)
                    self.sleep(pause.total_seconds())
                    lost, wait = lost + pause, min(wait * 2, LONGEST_WAIT)
                if about is not None:
                    spent.by_subject[about] = lost
                if left <= NOTHING:
                    spent.is_over = spent.is_over or in_all <= NOTHING
                    raise
                before = self.clock()
