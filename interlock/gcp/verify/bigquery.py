"""BigQuery: what a table looks like, and rows by day. Reads only, and no query may cost more than a limit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.pasted import LOCAL
from interlock.verify.columns import PARTITION_TIME, Shape
from interlock.verify.verdict import CountedDay

if TYPE_CHECKING:
    from google.cloud import bigquery

CALL_SECONDS = 30
"""How long one call may take, and how long one that failed is tried again."""
QUERY_SECONDS = 180
MAX_DAYS = 1000
"""Rows of one answer; a period has fewer days."""
EMULATOR = "BIGQUERY_EMULATOR_HOST"
"""Where a BigQuery of this machine listens, if there is one; Google's client knows the variable too."""
LOOPBACK = r"https?://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?/?"
LABELS = {"interlock": "verify"}
"""On every query job, so that its cost can be found: https://cloud.google.com/bigquery/docs/adding-labels#job-label"""


class NoCredentials(CloudError):
    """There are none, or they are not taken any more: nothing was queried."""


class CantTell(Exception):
    """One table or job can't be told of, for a reason that is its own; for people. `code` and `reason` are BigQuery's."""

    def __init__(self, said: str, code: int = 0, reason: str = "") -> None:
        super().__init__(said)
        self.code, self.reason = code, reason


def connect(project: str, endpoint: str | None) -> bigquery.Client:
    """A client. `endpoint` is a stand-in of BigQuery, which takes no credentials; None is Google's. NoCredentials."""
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import bigquery

    if endpoint is not None:
        options = {"api_endpoint": endpoint}
        return bigquery.Client(project=project, credentials=AnonymousCredentials(), client_options=options)
    try:
        return bigquery.Client(project=project)
    except GoogleAuthError as error:
        raise NoCredentials(f"no credentials for BigQuery: {error}") from error


def endpoint_of(environment: Environment) -> str | None:
    """Google's for a real project. Of the local target one on this machine: it has no BigQuery, and may reach no real one."""
    if environment.name != LOCAL:
        return None
    url = os.environ.get(EMULATOR, "")
    if not url:
        raise NoCredentials("the local stand-in has no BigQuery")
    if not re.fullmatch(LOOPBACK, url):
        raise CloudError(
            f"{EMULATOR} is {url[:100]!a}, which is not on this machine; unset it, or act on a real project: --env"
        )
    return url


class Warehouse:
    """The tables of a project."""

    def __init__(self, project: str, endpoint: str | None, max_bytes: int) -> None:
        """As `connect`; `max_bytes` is what one query may scan."""
        self._max_bytes = max_bytes
        self._client = connect(project, endpoint)

    def shape(self, table: str) -> Shape:
        """What tables.get returns, which costs nothing. CantTell, NoCredentials."""
        from google.cloud.bigquery import TableReference
        from google.cloud.bigquery.retry import DEFAULT_RETRY

        reference = TableReference.from_string(f"{self._client.project}.{table.partition('$')[0]}")
        with asking():
            found = self._client.get_table(reference, retry=DEFAULT_RETRY.with_timeout(CALL_SECONDS), timeout=CALL_SECONDS)
        return Shape(
            columns={field.name: str(field.field_type) for field in found.schema if field.mode != "REPEATED"},
            partitioned_by=_partitioned_by(found),
            rows=found.num_rows if found.table_type == "TABLE" else None,
            modified=found.modified,
            location=found.location,
        )

    def days(self, sql: str, location: str | None) -> list[CountedDay]:
        """Runs a statement of `interlock.verify.queries`. CantTell when it fails, or would cost more than the limit."""
        from google.cloud import bigquery
        from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

        config = bigquery.QueryJobConfig(maximum_bytes_billed=self._max_bytes, labels=LABELS)
        with asking():
            rows = self._client.query_and_wait(
                sql,
                job_config=config,
                location=location,
                api_timeout=CALL_SECONDS,
                wait_timeout=QUERY_SECONDS,
                retry=DEFAULT_RETRY.with_timeout(CALL_SECONDS),
                job_retry=DEFAULT_JOB_RETRY.with_timeout(QUERY_SECONDS),
                max_results=MAX_DAYS,
            )
            return [_day(dict(row.items())) for row in rows]


def _partitioned_by(table: bigquery.Table) -> str | None:
    if (partitioning := table.time_partitioning) is None:
        return None
    return partitioning.field or PARTITION_TIME


def _day(row: dict[str, object]) -> CountedDay:
    """A row of an answer; its columns are those of our statement."""
    day, rows, last = row["day"], row["row_count"], row.get("last_insert")
    if isinstance(last, datetime) and last.tzinfo is None:
        last = last.replace(tzinfo=UTC)
    return CountedDay(
        day=day if isinstance(day, date) else None,
        rows=rows if isinstance(rows, int) else 0,
        last_insert=last if isinstance(last, datetime) else None,
    )


@contextmanager
def asking() -> Iterator[None]:
    """Turns what BigQuery answers into a line for people: CantTell, NoCredentials."""
    from concurrent.futures import TimeoutError as NotInTime

    from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except GoogleAuthError as error:
        raise NoCredentials(f"BigQuery takes no credentials of yours: {error}") from error
    except NotInTime as error:
        raise CantTell(f"no answer in {QUERY_SECONDS} seconds") from error
    except GoogleAPICallError as error:
        details = [each for each in error.errors if isinstance(each, dict)]
        said = next((each["message"] for each in details if "message" in each), error.message)
        reason = next((str(each["reason"]) for each in details if "reason" in each), "")
        raise CantTell(f"{error.code} {said}", int(error.code or 0), reason) from error
    except (GoogleAPIError, OSError) as error:
        raise CantTell(f"no answer: {error}") from error
