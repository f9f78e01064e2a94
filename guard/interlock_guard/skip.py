"""Leaving a function out while something holds what it is about."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, cast

from interlock_guard.asking import (
    ABOUT_NOTHING,
    Bucket,
    OnError,
    Subject,
    Tables,
    Verdict,
    adecided,
    check_on_error,
    decided,
    log_held,
)
from interlock_guard.budget import check_deadline
from interlock_guard.functions import is_coroutine, is_generator, name_of
from interlock_guard.labels import job_of_request, running_for
from interlock_guard.logs import SKIPPED

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
Job = str | None | Callable[P, str | None]
"""The job, or what says it of the function's arguments."""
SomeTables = Tables | Callable[P, Tables]
PartOf = str | None | Callable[P, str | None]


@dataclass(frozen=True)
class Skipped:
    """What a function that was left out returns."""

    verdict: Verdict

    def __bool__(self) -> bool:
        """False, as nothing was done."""
        return False

    def __str__(self) -> str:
        return f"skipped: {self.verdict.reason}"


def skip_when_held(
    bucket: Bucket,
    *,
    job: Job[P] = None,
    tables: SomeTables[P] = (),
    part_of: PartOf[P] = None,
    on_error: OnError,
    deadline: float | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R | Skipped]]:
    """Decorates a function that is not to run while something holds its job or its tables; it then returns a `Skipped`.

    `job`, `tables` and `part_of` are those of `active_holds`, or functions of the arguments of the decorated function. What is
    skipped is done by nobody later, unless its schedule catches up. A coroutine function stays one: awaited, it asks without
    stopping the event loop, and gives its result or a `Skipped`. Where the functions name neither job nor table, nobody knows
    what is held, and `on_error` decides. ValueError and TypeError, at once, for what can't work: generators, whose work is done
    by who iterates.
    """
    return decorator(Skipped, bucket, job, tables, part_of, on_error, deadline)


def decorator(
    skipped: Callable[[Verdict], S],
    bucket: Bucket,
    job: Job[P],
    tables: SomeTables[P],
    part_of: PartOf[P],
    on_error: OnError,
    deadline: float | None,
) -> Callable[[Callable[P, R]], Callable[P, R | S]]:
    """What makes a function return `skipped(verdict)` instead of running while it is held."""
    check_on_error(on_error)
    check_deadline(deadline)
    if not callable(tables):
        tables = Subject.of(None, tables).tables  # checked now, and no iterator that is empty the second time
        if job is None and not tables:
            raise ValueError(ABOUT_NOTHING)

    def about(*args: P.args, **kwargs: P.kwargs) -> Subject:
        its_job = job(*args, **kwargs) if callable(job) else job
        its_tables = tables(*args, **kwargs) if callable(tables) else tables
        its_scope = part_of(*args, **kwargs) if callable(part_of) else part_of
        return Subject.of_request(its_job, its_tables, its_scope)

    def decorate(function: Callable[P, R]) -> Callable[P, R | S]:
        if is_generator(function):
            raise TypeError(
                f"{name_of(function)} is a generator: its work is done by who iterates. Decorate what iterates, or ask inside"
                " of it: interlock_guard.check, or acheck in an asynchronous one"
            )

        def left_out(verdict: Verdict, subject: Subject) -> S:
            log_held(SKIPPED, f"{name_of(function)} skipped", verdict, subject)
            return skipped(verdict)

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | S:
            subject = about(*args, **kwargs)
            verdict = decided(subject, bucket, on_error, deadline)
            if verdict.held:
                return left_out(verdict, subject)
            with running_for(subject.job or job_of_request(args)):
                return function(*args, **kwargs)

        @functools.wraps(function)
        async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
            subject = about(*args, **kwargs)
            verdict = await adecided(subject, bucket, on_error, deadline)
            if verdict.held:
                return left_out(verdict, subject)
            with running_for(subject.job or job_of_request(args)):
                return await cast(Any, function)(*args, **kwargs)

        return cast("Callable[P, R | S]", awaited) if is_coroutine(function) else guarded

    return decorate
