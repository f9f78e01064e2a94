"""BigQuery's history of jobs: who touched which table how. Reads only, and no query may cost more than a limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TypeVar

from interlock.adoption.jobs_query import MOST_ROWS, touches
from interlock.adoption.statements import UNKNOWN, Sample
from interlock.adoption.tables import Touch
from interlock.apis import enable_command
from interlock.gcp import CloudError
from interlock.gcp.verify.bigquery import CALL_SECONDS, CantTell, asking, connect
from interlock.verify.conflicts import MOST_ROWS as MOST_REFUSALS
from interlock.verify.conflicts import refusals
from interlock.verify.measured import MOST_ROWS as MOST_STATEMENTS
from interlock.verify.measured import Statement, writes

QUERY_SECONDS = 180
WAIT_SECONDS = 120
"""How long a call is tried again that BigQuery refuses for now."""
MAX_CONCURRENT = 8
MOST_SAMPLES = 1_000
GIB = 2**30
MAX_BYTES = 100 * GIB
"""What one query may scan. BigQuery judges by an estimate, which for this view is far higher than what it scans:
https://docs.cloud.google.com/bigquery/docs/information-schema-jobs#dry_run_query_estimates"""
DEFAULTS = {"load": "WRITE_APPEND", "copy": "WRITE_EMPTY", "query": "WRITE_EMPTY"}
"""Of a job that names no disposition: https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job"""
LABELS = {"interlock": "adopt"}
FOR_NOW = frozenset({"rateLimitExceeded", "backendError", "internalError", "badGateway"})
"""Reasons that pass: https://docs.cloud.google.com/bigquery/docs/error-messages; quotaExceeded does not, in a minute or two."""
FOR_NOW_CODES = frozenset({429, 500, 502, 503})
OFF = "accessNotConfigured"
FORBIDDEN = 403
TOO_MUCH = "bytesBilledLimitExceeded"

Says = Callable[[str], None]
T = TypeVar("T")


class Jobs:
    """The past jobs of a project."""

    def __init__(self, project: str, endpoint: str | None, says: Says, labels: Mapping[str, str] = LABELS) -> None:
        """`endpoint` is a stand-in of BigQuery; None is Google's. `says` hears of each wait, and each question has the
        `labels`. NoCredentials."""
        from google.api_core.retry import Retry

        def waits(error: Exception) -> None:
            says(f"BigQuery refuses for now ({getattr(error, 'code', '')}); waiting up to {WAIT_SECONDS} seconds")

        self._project, self._labels = project, dict(labels)
        self._client = connect(project, endpoint)
        self._retry = Retry(predicate=_for_now, timeout=WAIT_SECONDS, on_error=waits)

    def locations(self) -> list[str]:
        """Where the project has datasets, sorted; jobs run where the tables are. CloudError."""
        with self._explained("list its datasets"), asking():
            listed = self._client.list_datasets(retry=self._retry, timeout=CALL_SECONDS)
            found = {str(each._properties.get("location") or "") for each in listed}  # the item has no attribute for it
        return sorted(found - {""})

    def touches(self, location: str, since: datetime) -> list[Touch]:
        """Who touched which table how in a location since then. CloudError when nobody may tell."""
        return self._asked(touches(self._project, location, since), location, MOST_ROWS, lambda row: _touch(row, location))

    def refused(self, location: str, since: date) -> list[tuple[date, str | None, int]]:
        """The statements that were refused in a location since a day, as another one changed the same table: by day and table,
        as BigQuery names it, how many. CloudError when nobody may tell."""
        return self._asked(refusals(self._project, location, since), location, MOST_REFUSALS, _refused)

    def labelled(self, location: str, since: date) -> list[Statement]:
        """The statements that changed a table in a location since a day for a job that their label names. CloudError."""
        return self._asked(writes(self._project, location, since), location, MOST_STATEMENTS, _statement)

    def _asked(self, sql: str, location: str, most: int, read: Callable[[dict[str, object]], T]) -> list[T]:
        from google.cloud import bigquery
        from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY

        config = bigquery.QueryJobConfig(maximum_bytes_billed=MAX_BYTES, labels=self._labels)
        with self._explained(f"read its jobs in {location}"), asking():
            rows = self._client.query_and_wait(
                sql,
                job_config=config,
                location=location,
                api_timeout=CALL_SECONDS,
                wait_timeout=QUERY_SECONDS,
                retry=self._retry,
                job_retry=DEFAULT_JOB_RETRY.with_timeout(QUERY_SECONDS),
                max_results=most,
            )
            return [read(dict(row.items())) for row in rows]

    def sampled(self, touches: Sequence[Touch], wanted: Iterable[Touch]) -> list[Touch]:
        """The touches, those that are `wanted` and leave something open with what their last job says. One that can't be read
        stays as it is."""
        asked = [touch for touch in wanted if touch.is_open][:MOST_SAMPLES]
        jobs = sorted({(touch.last_job, touch.location) for touch in asked})
        with ThreadPoolExecutor(max_workers=MAX_CONCURRENT) as pool:
            found = dict(zip(jobs, pool.map(self._sample, jobs), strict=True))
        open_ones = set(asked)
        return [
            replace(touch, sample=found[touch.last_job, touch.location]) if touch in open_ones else touch for touch in touches
        ]

    def _sample(self, job: tuple[str, str]) -> Sample:
        job_id, location = job
        try:
            with asking():
                found = self._client.get_job(job_id, location=location, retry=self._retry, timeout=CALL_SECONDS)
        except CantTell:
            return UNKNOWN
        sources = [*getattr(found, "sources", [])]
        return Sample(
            disposition=str(getattr(found, "write_disposition", None) or DEFAULTS.get(str(found.job_type), "")),
            ddl=str(getattr(found, "ddl_operation_performed", None) or ""),
            sources=tuple((each.project, each.dataset_id, each.table_id) for each in sources),
        )

    def _explained(self, what: str) -> _Explained:
        return _Explained(self._project, what)


def _statement(row: dict[str, object]) -> Statement:
    """A row of an answer; its columns are those of our statement."""
    began, end = row["start_time"], row["end_time"]
    if not isinstance(began, datetime) or not isinstance(end, datetime):
        raise CantTell("JOBS has a row without a time")
    table = f"{_text(row, 'dataset_id')}.{_text(row, 'table_id').partition('$')[0]}"
    began, end = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in (began, end))
    return Statement(job=_text(row, "scheduler_job"), table=table, began=began, lasted=end - began)


def _refused(row: dict[str, object]) -> tuple[date, str | None, int]:
    """A row of an answer; its columns are those of our statement."""
    day, named, times = row["day"], row["named"], row["times"]
    if not isinstance(day, date) or not isinstance(times, int):
        raise CantTell("JOBS has a row without a day")
    return day, str(named) if named else None, times


def _for_now(error: Exception) -> bool:
    """Whether a refusal passes."""
    details = [each for each in getattr(error, "errors", None) or [] if isinstance(each, dict)]
    reason = details[0].get("reason") if details else None
    return reason in FOR_NOW or (reason is None and getattr(error, "code", None) in FOR_NOW_CODES)


class _Explained:
    """Turns a refusal into what to do about it."""

    def __init__(self, project: str, what: str) -> None:
        self._project, self._what = project, what

    def __enter__(self) -> None:
        """Nothing is needed before."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, CantTell):
            raise CloudError(f"project {self._project}: nobody can {self._what}: {error}{self._next(error)}") from error

    def _next(self, error: CantTell) -> str:
        if error.reason == OFF or re.search("has not been used in project|it is disabled", str(error)):
            return f"; turn the API on: {enable_command(('bigquery',), self._project)}"
        if error.code == FORBIDDEN and error.reason in ("accessDenied", ""):
            return (
                "; it takes bigquery.jobs.listAll and bigquery.jobs.create, which roles/bigquery.resourceViewer and "
                "roles/bigquery.user have"
            )
        if error.reason == TOO_MUCH:
            return "; ask for fewer days"
        return ""


def _touch(row: dict[str, object], location: str) -> Touch:
    """A row of the answer; its columns are those of our statement."""
    last = row["last_seen"]
    if not isinstance(last, datetime):
        raise CantTell("JOBS has a row without a time")
    return Touch(
        is_written=row["is_written"] is True,
        principal=_text(row, "user_email"),
        job_type=_text(row, "job_type"),
        statement=_text(row, "statement_type"),
        label=_text(row, "scheduler_job"),
        is_transfer=row["is_transfer"] is True,
        project=_text(row, "project_id"),
        dataset=_text(row, "dataset_id"),
        family=_text(row, "family"),
        members=_number(row, "members"),
        member=_text(row, "member"),
        jobs=_number(row, "jobs"),
        days=_number(row, "days"),
        last=last if last.tzinfo else last.replace(tzinfo=UTC),
        last_job=_text(row, "last_job"),
        location=location,
    )


def _text(row: dict[str, object], column: str) -> str:
    value = row[column]
    return value if isinstance(value, str) else ""


def _number(row: dict[str, object], column: str) -> int:
    value = row[column]
    return value if isinstance(value, int) else 0
