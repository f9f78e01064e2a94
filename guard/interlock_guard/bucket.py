"""The coordination bucket, and what was last known of it.

What is read is kept for some seconds, and so is that it could not be read: a hundred requests that wait for one bucket that
does not answer shall wait once, not one after the other. Ends are judged anew each time. A hold that was seen counts until it
ends, whether or not the bucket can be read since.

Who asks never reads: a thread does, so that a question ends within its budget also where an answer trickles, a name is not
resolved or credentials are not given. No lock is held while anything is waited for, as a lock from before gevent patched
`threading` would stop all its greenlets.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from interlock_guard import forks
from interlock_guard.budget import check_deadline
from interlock_guard.objects import Hold
from interlock_guard.reading import MAX_CONTENT_BYTES as MAX_CONTENT_BYTES
from interlock_guard.reading import Found, Reading, told

if TYPE_CHECKING:
    from google.cloud.storage import Client

MAX_AGE_S = 5.0
"""How old an answer may be, from before the bucket was listed. A hold that somebody writes is seen this much later at most."""
PATIENCE_S = 10.0
"""How long a reading may take, with all that is tried again: Google's default of two minutes for one call is longer than many a
scraper runs."""
MOST_GIVEN_UP = 8
"""So many readings may be under way that nobody waits for any more; no other is begun then."""

_NOTHING = Found(holds=(), contents={}, ignored={})


class BucketUnreadable(Exception):
    """The bucket can't be read, so nobody knows what is held; the message says why. `known` are the holds that were seen before
    and have not ended."""

    def __init__(self, message: str, known: tuple[Hold, ...] = ()) -> None:
        super().__init__(message)
        self.known = known


@dataclass(frozen=True)
class _Instant:
    """An instant on both clocks: the monotonic one may stand still while an instance is frozen, the other may be set back."""

    monotonic: float
    utc: datetime

    def is_within(self, seconds: float, of: _Instant) -> bool:
        """Whether it is less than so many seconds before the other, by both clocks."""
        return of.monotonic - self.monotonic < seconds and (of.utc - self.utc).total_seconds() < seconds


@dataclass(frozen=True)
class _Answer:
    """What a reading came to, by its number. `at` is the instant from which its age counts: before the listing where it was
    read, and when it failed where it failed."""

    number: int
    at: _Instant
    error: str = ""


@dataclass(frozen=True, eq=False)
class _UnderWay:
    """A reading that a thread is at, and when it began, on the real monotonic clock and on the bucket's."""

    number: int
    began: float
    at: _Instant
    done: Future[None] = field(default_factory=Future)


@dataclass
class _State:
    """All that threads share; a child of the process gets a new one."""

    pid: int
    begun: int = 0
    answer: _Answer | None = None
    found: Found = _NOTHING
    found_by: int = 0
    """The reading that `found` is from."""
    listed: Found = _NOTHING
    listed_by: int = 0
    """The last reading that got as far as the names, and what it knew then."""
    under_way: _UnderWay | None = None
    given_up: set[int] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class HoldBucket:
    """The flags and holds of the bucket called `name`. To be kept and shared; threads and event loops may use it at once, and
    children of the process go on with it.

    `client` is a google.cloud.storage.Client, made from the surroundings when left out (credentials, STORAGE_EMULATOR_HOST).
    `max_age_s`: for how long an answer is used again. `patience_s`: for how long it is read, retries included. A name that is
    none is a bucket that can't be read. The clocks are for tests.
    """

    def __init__(
        self,
        name: str | None,
        *,
        client: Client | None = None,
        max_age_s: float = MAX_AGE_S,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._client, self._is_own = client, client is None
        self._max_age_s, self._patience_s = max_age_s, patience_s
        self._clock, self._monotonic = clock, monotonic
        self._state = _State(os.getpid())
        forks.mend_in_children(self)

    def active(self, deadline: float | None = None) -> list[Hold]:
        """The flags and holds that are active now, the latest end of each. BucketUnreadable when the bucket can't be read, or
        not within `deadline` seconds: those of `patience_s` when left out. In a hold whose content could not be read `unread`
        says why."""
        budget = _budget(deadline, self._patience_s)
        until, asked, begun = time.monotonic() + budget, self._now(), self._shared().begun
        while True:
            next_step = self._next(asked, begun)
            if isinstance(next_step, _Answer):
                return self._judged(next_step.error)
            try:
                next_step.done.result(max(0.0, until - time.monotonic()))
            except FutureTimeoutError:
                return self._judged(self._late(next_step, budget))

    async def aactive(self, deadline: float | None = None) -> list[Hold]:
        """As `active`, for asyncio: the event loop goes on meanwhile."""
        budget = _budget(deadline, self._patience_s)
        until, asked, begun = time.monotonic() + budget, self._now(), self._shared().begun
        while True:
            next_step = self._next(asked, begun)
            if isinstance(next_step, _Answer):
                return self._judged(next_step.error)
            if not await _is_done(next_step.done, max(0.0, until - time.monotonic())):
                return self._judged(self._late(next_step, budget))

    def forked(self) -> None:
        """In a child: nothing is under way, what was known is known, and no socket is shared."""
        before = self._state
        forks.leave_behind(before)
        self._state = _State(
            os.getpid(),
            begun=before.begun,
            answer=before.answer,
            found=before.found,
            found_by=before.found_by,
            listed=before.listed,
            listed_by=before.listed_by,
        )
        if self._is_own:
            forks.leave_behind(self._client)
            self._client = None
        elif self._client is not None:
            forks.reconnect(self._client)

    def _shared(self) -> _State:
        if self._state.pid != os.getpid():
            self.forked()
        return self._state

    def _now(self) -> _Instant:
        return _Instant(self._monotonic(), self._clock())

    def _next(self, asked: _Instant, begun: int) -> _Answer | _UnderWay:
        """An answer that is new enough for a question of then, or the reading to wait for. One that began before the question
        and too early is waited for all the same, and the next begun then: one for all who wait, not one for each."""
        state = self._shared()
        with state.lock:
            answer = state.answer
            if answer is not None and (answer.number > begun or answer.at.is_within(self._max_age_s, asked)):
                return answer
            if state.under_way is not None:
                return state.under_way
            if len(state.given_up) >= MOST_GIVEN_UP:
                return _Answer(0, asked, f"{MOST_GIVEN_UP} readings of it have not ended")
            state.begun += 1
            new = state.under_way = _UnderWay(state.begun, time.monotonic(), self._now())
        try:
            threading.Thread(target=self._read, args=(state, new), name="interlock-guard", daemon=True).start()
        except RuntimeError as error:  # no more threads, or the interpreter is about to end
            self._over(state, new, error)
        return new

    def _read(self, state: _State, reading: _UnderWay) -> None:
        try:
            client = self._made_client()
            listed = functools.partial(self._listed, state, reading)
            found: Found | BaseException = Reading(self.name, client, self._patience_s, self._clock, state.found, listed).read()
        except BaseException as error:  # whatever it is, nobody knows what is held
            found = error
        self._over(state, reading, found)

    def _listed(self, state: _State, reading: _UnderWay, found: Found) -> None:
        with state.lock:
            if reading.number >= state.listed_by:
                state.listed, state.listed_by = found, reading.number

    def _over(self, state: _State, reading: _UnderWay, found: Found | BaseException) -> None:
        at = reading.at if isinstance(found, Found) else self._now()
        with state.lock:
            if state.under_way is reading:
                state.under_way = None
            state.given_up.discard(reading.number)
            if isinstance(found, Found) and reading.number > state.found_by:
                state.found, state.found_by = found, reading.number
            if state.answer is None or reading.number >= state.answer.number:
                state.answer = _Answer(reading.number, at, told(found) if isinstance(found, BaseException) else "")
        reading.done.set_result(None)

    def _late(self, reading: _UnderWay, budget: float) -> str:
        """Why a question ends without an answer. A reading that has used up the bucket's patience is given up: who asks within
        the next seconds does not wait for it, and who asks then has another begun."""
        why, state = f"no answer within {budget:g} s", self._shared()
        with state.lock:
            if state.under_way is reading and time.monotonic() - reading.began >= self._patience_s:
                state.under_way = None
                state.given_up.add(reading.number)
                self._client = None if self._is_own else self._client  # with connections of its own
                state.answer = _Answer(reading.number, self._now(), why)
        return why

    def _judged(self, error: str) -> list[Hold]:
        now, state = self._clock(), self._state
        with state.lock:
            # What could not be read to its end may have come as far as the names, and these count.
            found = state.listed if error and state.listed_by > state.found_by else state.found
        holds = [hold for hold in found.holds if hold.end > now]
        if error:
            raise BucketUnreadable(f"the bucket {self.name} can't be read: {error}", tuple(holds))
        return holds

    def _made_client(self) -> Client:
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"its name is {self.name!r}; give the name of the coordination bucket")
        client = self._client
        if client is None:
            with forks.whole_import():
                from google.cloud.storage import Client
                from google.cloud.storage.retry import DEFAULT_RETRY  # noqa: F401 (so that no reading imports it)
            client = Client()
            if hasattr(client, "_bucket_metadata_cache"):
                client._bucket_metadata_cache = None  # it asks for the bucket itself, which who reads objects may not
            self._client = client
        return client


def _budget(deadline: float | None, patience_s: float) -> float:
    check_deadline(deadline)
    return patience_s if deadline is None else min(float(deadline), threading.TIMEOUT_MAX)


async def _is_done(done: Future[None], seconds: float) -> bool:
    """Whether it is done within so many seconds. asyncio.wrap_future would leave a callback for a loop that may be closed."""
    import asyncio  # who is here has it already, and others need not wait for it

    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def tell(_: Future[None]) -> None:
        try:
            loop.call_soon_threadsafe(wake)
        except RuntimeError:  # the loop was closed meanwhile
            return

    done.add_done_callback(tell)
    await asyncio.wait({waiter}, timeout=seconds)
    return done.done()


@functools.cache
def shared(name: str) -> HoldBucket:
    """The one of this process for the bucket called `name`."""
    return HoldBucket(name)
