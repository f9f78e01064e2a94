"""Try a unit of work on BigQuery again when it met a conflict, and only then.

google-cloud-bigquery retries what is transient (429, 5xx, connections), but never a conflict, because a conflict is a 400
like a misspelt column (`invalidQuery`, google/cloud/bigquery/retry.py). Its own retries stay on underneath; this one is
around them.
"""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar, overload

from google.api_core.retry import RetryFailureReason, retry_target

from interlock_guard.errors import ConflictsExhausted, Kind, Meaning, StreamingBufferBlocked, explain
from interlock_guard.logs import CONFLICT, RETRY_EXHAUSTED, RETRY_SUCCESS, Severity, log

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
def serialization_retry(*, table: str = "", tries: int = TRIES) -> Callable[[Callable[P, T]], Callable[P, T]]: ...


def serialization_retry(
    unit: Callable[..., Any] | None = None, /, *, table: str = "", tries: int = TRIES
) -> Callable[..., Any]:
    """Wrap `unit` so that it is called again when it met a conflict: at most `tries` times, after 1, 2, 4 and 8 s with jitter.

        @serialization_retry(table="nba_raw.nbac_gamebook_player_stats")
        def delete() -> None:
            client.query(statement).result()

    `unit` has to submit the job *and* wait for its result: a conflict shows at either, and the result of a job that failed
    stays failed however often it is asked for. It is called again as a whole, so it must be safe to repeat: one statement,
    one transaction, or what replaces its own earlier work. Conflicts are the messages of `errors.explain` with `retry`; a
    schema error or anything else is raised as it came, after one call.

    Raises `ConflictsExhausted` (table, tries, last message) when every try met a conflict; `StreamingBufferBlocked` at once
    when rows are still in the streaming buffer. `table` names the table in both when BigQuery's message doesn't.
    """
    if tries < 1:
        raise ValueError(f"tries is {tries}; it counts the first submission, so at least 1")
    if unit is None:
        return functools.partial(_wrapped, table=table, tries=tries)
    return _wrapped(unit, table=table, tries=tries)


def _wrapped(unit: Callable[P, T], *, table: str, tries: int) -> Callable[P, T]:
    if inspect.iscoroutinefunction(unit) or inspect.isgeneratorfunction(unit) or inspect.isasyncgenfunction(unit):
        raise TypeError(f"{unit!r} returns before its work is done, so a conflict would pass unseen; wrap a plain function")

    @functools.wraps(unit)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        attempts = _Attempts(table, tries)
        result: T = retry_target(
            functools.partial(unit, *args, **kwargs),
            predicate=attempts.again,
            sleep_generator=attempts.delays(),
            timeout=None,
            on_error=attempts.conflict,
            exception_factory=attempts.outcome,
        )
        if attempts.failed:
            attempts.say(RETRY_SUCCESS, "NOTICE", attempts.failed + 1, "succeeded")
        return result

    return call


class _Attempts:
    """The tries of one call. google.api_core.retry counts seconds; this counts tries."""

    def __init__(self, table: str, tries: int) -> None:
        self.table = table
        self.tries = tries
        self.failed = 0
        self.last: Meaning | None = None

    def again(self, error: Exception) -> bool:
        self.failed += 1
        self.last = explain(error)
        return self.last.retry and self.failed < self.tries

    def delays(self) -> Iterator[float]:
        """Seconds; the next one is drawn after `again` said yes."""
        while self.last is not None:
            steady = self.last.first_delay_seconds * MULTIPLIER ** (self.failed - 1)
            yield steady * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (no secret)

    def conflict(self, _error: Exception) -> None:
        self.say(CONFLICT, "WARNING", self.failed, "met a conflict")

    def outcome(
        self, errors: list[Exception], _reason: RetryFailureReason, _timeout: float | None
    ) -> tuple[Exception, Exception | None]:
        """What the caller gets when it is not tried again."""
        error, meaning = errors[-1], explain(errors[-1])
        table = self.table or meaning.table
        if meaning.kind is Kind.STREAMING_BUFFER:
            return StreamingBufferBlocked(table=table, message=meaning.message), error
        if meaning.retry:
            self.say(RETRY_EXHAUSTED, "ERROR", self.failed, "met a conflict and was the last")
            return ConflictsExhausted(table=table, tries=len(errors), last_message=meaning.message), error
        return error, error.__cause__ if isinstance(error.__cause__, Exception) else None

    def say(self, event: str, severity: Severity, attempt: int, what: str) -> None:
        """One line about a try, with the last error that was met."""
        if self.last is None:
            return
        table = self.table or self.last.table
        said = f"{table or 'a table'}: try {attempt} of {self.tries} {what}"
        log(event, severity, said, table=table, attempt=attempt, kind=self.last.kind.value, error=self.last.message)
