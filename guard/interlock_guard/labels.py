"""Which job of Cloud Scheduler a run is of, as a label of the jobs that it submits to BigQuery.

BigQuery keeps labels in INFORMATION_SCHEMA.JOBS and in its audit log, so that who meets a conflict sees whose jobs met. The
guard knows the name where it was told: by `job=` of a decorator or of `long_run`, by Cloud Scheduler's header, or by `job=` of
what writes. Tasks of asyncio inherit it; threads that a run starts don't.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar

JOB_LABEL = "scheduler_job"
"""What `interlock adopt --tables` and `verify --measure` look for, too."""
JOB_HEADER = "X-CloudScheduler-JobName"
"""What Cloud Scheduler sends with each HTTP request, the job's name without project and region
(docs.cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#httptarget)."""
LABEL_LENGTH = 63

_running: ContextVar[str | None] = ContextVar("interlock_guard_job", default=None)


@contextmanager
def running_for(job: str | None) -> Iterator[None]:
    """What is submitted in the block is labelled with this job, unless it is None."""
    token = _running.set(job or _running.get())
    try:
        yield
    finally:
        with suppress(ValueError):  # a generator's block may be left in another context, where there is nothing to set back
            _running.reset(token)


def job_labels(job: str | None = None) -> dict[str, str]:
    """The labels for a job of BigQuery: `{"scheduler_job": NAME}`, or none where no job of Cloud Scheduler is known.

    For jobs that are not submitted by this package: `QueryJobConfig(labels=job_labels())`. `job` is the name when it is known
    otherwise.
    """
    name = label_value((job or _running.get() or "").rpartition("/")[2])
    return {JOB_LABEL: name} if name else {}


def label_value(text: str) -> str:
    """`text` as a label may say it: lower-case letters, digits, dashes and underscores, 63 characters at most
    (docs.cloud.google.com/bigquery/docs/labels-intro#requirements). Other characters become underscores."""
    said = "".join(letter if _may(letter) else "_" for letter in text.lower())
    return said[:LABEL_LENGTH]


def job_of_request(arguments: tuple[object, ...]) -> str | None:
    """The job in Cloud Scheduler's header, when the first argument is an HTTP request of it."""
    headers = getattr(arguments[0], "headers", None) if arguments else None
    if headers is None or not callable(getattr(headers, "get", None)):
        return None
    found = headers.get(JOB_HEADER)
    if found is None and isinstance(headers, Mapping):  # a plain mapping, which tells capitals from small letters
        found = headers.get(JOB_HEADER.lower())
    return found if isinstance(found, str) and found else None


def _may(letter: str) -> bool:
    return letter in "-_" or unicodedata.category(letter) in ("Ll", "Lo", "Nd")
