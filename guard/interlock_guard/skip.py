"""Leaving a function out while something holds what it is about."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from interlock_guard.asking import ABOUT_NOTHING, Bucket, OnError, Subject, Tables, Verdict, check, check_on_error, log_held
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
    bucket: Bucket, *, job: Job[P] = None, tables: SomeTables[P] = (), part_of: PartOf[P] = None, on_error: OnError
) -> Callable[[Callable[P, R]], Callable[P, R | Skipped]]:
    """Decorates a function that is not to run while something holds its job or its tables; it then returns a `Skipped`.

    `job`, `tables` and `part_of` are those of `active_holds`, or functions of the arguments of the decorated function. What is
    skipped is done by nobody later, unless its schedule catches up. ValueError and TypeError, at once, for what can't work.
    """
    return decorator(Skipped, bucket, job, tables, part_of, on_error)


def decorator(
    skipped: Callable[[Verdict], S], bucket: Bucket, job: Job[P], tables: SomeTables[P], part_of: PartOf[P], on_error: OnError
) -> Callable[[Callable[P, R]], Callable[P, R | S]]:
    """What makes a function return `skipped(verdict)` instead of running while it is held."""
    check_on_error(on_error)
    if not callable(tables):
        tables = Subject.of(None, tables).tables  # checked now, and no iterator that is empty the second time
        if job is None and not tables:
            raise ValueError(ABOUT_NOTHING)

    def decorate(function: Callable[P, R]) -> Callable[P, R | S]:
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise TypeError(f"{function.__qualname__} is no plain function; call interlock_guard.check inside of it")

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | S:
            its_job = job(*args, **kwargs) if callable(job) else job
            its_tables = tables(*args, **kwargs) if callable(tables) else tables
            its_scope = part_of(*args, **kwargs) if callable(part_of) else part_of
            verdict = check(bucket, job=its_job, tables=its_tables, part_of=its_scope, on_error=on_error)
            if not verdict.held:
                return function(*args, **kwargs)
            log_held(SKIPPED, f"{function.__qualname__} skipped", verdict, its_job, its_tables)
            return skipped(verdict)

        return guarded

    return decorate
