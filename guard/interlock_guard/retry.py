"""Try a unit of work on BigQuery again when it met a conflict, and only then.

google-cloud-bigquery retries what is transient (429, 5xx, connections), but never a conflict, because a conflict is a 400
like a misspelt column (`invalidQuery`, google/cloud/bigquery/retry.py). Its own retries stay on underneath; this one is
around them.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from google.api_core.exceptions import Conflict

from interlock_guard.budget import check_deadline
from interlock_guard.errors import ConflictsExhausted, Kind, Meaning, StreamingBufferBlocked, explain
from interlock_guard.functions import is_coroutine, is_generator
from interlock_guard.logs import (
    CONFLICT,
    LOAD_RETRIED,
    RETRY_EXHAUSTED,
    RETRY_SUCCESS,
    SCRIPT_NOT_REPEATED,
    Severity,
    log,
)

TRIES = 5
"""At most so many submissions of the unit, the first included."""
MULTIPLIER = 2.0
"""Each delay is so much longer than the one before: 1, 2, 4, 8 s; 8, 16, 32, 64 s when the table's queue is full."""
JITTER = 0.5
"""A delay is up to this share shorter or longer, at random: two that collided would otherwise collide again."""

P = ParamSpec("P")
T = TypeVar("T")


@overload
def serialization_retry(unit: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def serialization_retry(
    *, table: str = "", tries: int = TRIES, deadline: float | None = None, scripts: bool = False
) -> Callable[[Callable[P, T]], Callable[P, T]]: ...


def serialization_retry(
    unit: Callable[..., Any] | None = None,
    /,
    *,
    table: str = "",
    tries: int = TRIES,
    deadline: float | None = None,
    scripts: bool = False,
) -> Callable[..., Any]:
    """Wrap `unit` so that it is called again when it met a conflict: at most `tries` times, after 1, 2, 4 and 8 s with jitter.

        @serialization_retry(table="nba_raw.nbac_gamebook_player_stats", deadline=60)
        def delete() -> None:
            client.query(statement).result()

    `unit` has to submit the job *and* wait for its result: a conflict shows at either, and the result of a job that failed
    stays failed however often it is asked for. It is called again as a whole, so it must be safe to repeat: one statement,
    one transaction, or what replaces its own earlier work. Conflicts are the messages of `errors.explain` with `retry`; a
    schema error or anything else is raised as it came, after one call. So is a conflict in a script, whose earlier statements
    may have been committed, unless `scripts` says that all of it may run twice.

    `deadline`: the seconds from the first call after which none is begun any more; a full queue alone waits for two minutes in
    all. A call that is at work is not interrupted.

    Raises `ConflictsExhausted` (table, tries, last message) when every try met a conflict; `StreamingBufferBlocked` at once
    when rows are still in the streaming buffer. `table` names the table in both when BigQuery's message doesn't.
    """
    return retrying(unit, table=table, tries=tries, deadline=deadline, scripts=scripts)


def retrying(
    unit: Callable[..., Any] | None,
    *,
    table: str,
    tries: int,
    deadline: float | None = None,
    scripts: bool = False,
    load: bool = False,
) -> Callable[..., Any]:
    """As `serialization_retry`; with `load` also for what is transient of a load job, which the client doesn't try again."""
    if tries < 1:
        raise ValueError(f"tries is {tries}; it counts the first submission, so at least 1")
    check_deadline(deadline)
    attempts = functools.partial(_Attempts, table, tries, scripts, load)
    wrap = functools.partial(_wrapped, attempts=attempts, deadline=deadline)
    return wrap if unit is None else wrap(unit)


def _wrapped(unit: Callable[P, T], *, attempts: Callable[[], _Attempts], deadline: float | None) -> Callable[P, T]:
    if is_coroutine(unit) or is_generator(unit):
        raise TypeError(f"{unit!r} returns before its work is done, so a conflict would pass unseen; wrap a plain function")

    @functools.wraps(unit)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        its = attempts()
        until = None if deadline is None else time.monotonic() + deadline
        while True:
            try:
                result = unit(*args, **kwargs)
            except Exception as error:
                delay = its.delay(error)
                if delay is None or (until is not None and time.monotonic() + delay > until):
                    raised, cause = its.outcome()
                    raise raised from cause
                its.told()
                time.sleep(delay)
            else:
                its.succeeded()
                return result

    return call


class _Attempts:
    """The tries of one call. google.api_core.retry counts seconds, and some of its versions draw a delay before they know what
    failed; this counts tries."""

    def __init__(self, table: str, tries: int, scripts: bool, load: bool) -> None:
        self.table = table
        self.tries = tries
        self.scripts = scripts
        self.load = load
        self.errors: list[Exception] = []
        self.last: Meaning | None = None

    def delay(self, error: Exception) -> float | None:
        """Seconds until the next try; None when there is none."""
        self.errors.append(error)
        self.last = explain(error, load=self.load)
        if not self._can_repeat(self.last) or len(self.errors) >= self.tries:
            return None
        steady = self.last.first_delay_seconds * MULTIPLIER ** (len(self.errors) - 1)
        return steady * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (no secret)

    def _can_repeat(self, meaning: Meaning) -> bool:
        return meaning.retry or (meaning.script and self.scripts)

    def told(self) -> None:
        """Says what was met, before it is tried again."""
        if self.last is not None and self.last.kind in _NO_CONFLICTS:
            self.say(LOAD_RETRIED, "WARNING", len(self.errors), "failed")
        else:
            self.say(CONFLICT, "WARNING", len(self.errors), "met a conflict")

    def succeeded(self) -> None:
        """Says so when it was tried before."""
        if self.errors:
            self.say(RETRY_SUCCESS, "NOTICE", len(self.errors) + 1, "succeeded")

    def outcome(self) -> tuple[Exception, BaseException | None]:
        """What the caller gets when it is not tried again, and its cause."""
        error = self.errors[-1]
        as_it_came = error, error.__cause__
        if len(self.errors) > 1 and _is_own_id(error):
            # The unit gives its job an id of its own, so that no try but the first is one: what it met is the conflict.
            error = self.errors[-2]
        meaning = self.last = explain(error, load=self.load)
        table, tries = self.table or meaning.table, len(self.errors)
        if meaning.kind is Kind.STREAMING_BUFFER:
            return StreamingBufferBlocked(table=table, message=meaning.message), error
        if meaning.script and not self.scripts:
            self.say(SCRIPT_NOT_REPEATED, "ERROR", tries, f"met a conflict. {meaning.why}")
        elif self._can_repeat(meaning):
            met = "failed" if meaning.kind in _NO_CONFLICTS else "met a conflict"
            self.say(RETRY_EXHAUSTED, "ERROR", tries, f"{met} and was the last")
            if meaning.kind not in _NO_CONFLICTS:
                return ConflictsExhausted(table=table, tries=tries, last_message=meaning.message), error
        return as_it_came

    def say(self, event: str, severity: Severity, attempt: int, what: str) -> None:
        """One line about a try, with the last error that was met."""
        if self.last is None:
            return
        table = self.table or self.last.table
        said = f"{table or 'a table'}: try {attempt} of {self.tries} {what}"
        log(event, severity, said, table=table, attempt=attempt, kind=self.last.kind.value, error=self.last.message)


_NO_CONFLICTS = (Kind.TRANSIENT, Kind.TABLE_UPDATE_RATE)


def _is_own_id(error: Exception) -> bool:
    return isinstance(error, Conflict) and "Already Exists: Job" in str(error)
