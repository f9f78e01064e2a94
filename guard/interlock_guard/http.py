"""Leaving a request out while something holds what it is about: for Flask views and functions-framework, without either."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from interlock_guard.asking import Bucket, OnError, Verdict
from interlock_guard.skip import Job, PartOf, SomeTables, decorator

P = ParamSpec("P")
R = TypeVar("R")
Answer = tuple[str, int, Mapping[str, str]]
"""Body, status and headers, which both frameworks take."""


def answer_when_held(
    bucket: Bucket,
    *,
    job: Job[P] = None,
    tables: SomeTables[P] = (),
    part_of: PartOf[P] = None,
    on_error: OnError,
    deadline: float | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R | Answer]]:
    """As `skip_when_held`, for a function that answers HTTP requests: while it is held the answer is 200 and a JSON object,
    `{"skipped": true, "reason": ..., "holds": [...]}`. An asynchronous view is awaited.

    200, because Cloud Scheduler counts anything but 2xx as a failure, and retries. To Pub/Sub a 2xx is an acknowledgement: the
    message does not come again.
    """
    return decorator(_answer, bucket, job, tables, part_of, on_error, deadline)


def _answer(verdict: Verdict) -> Answer:
    return json.dumps({"skipped": True, **verdict.as_json()}) + "\n", 200, {"Content-Type": "application/json"}
