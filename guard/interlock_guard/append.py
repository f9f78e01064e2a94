"""Append rows, in one of three ways; each brings its own consequences for who changes the table later.

Needs the extra: `pip install "interlock-guard[bigquery]"`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from interlock_guard.budget import check_deadline
from interlock_guard.errors import HeldTable, RowsRefused, one_line
from interlock_guard.jobs import Loading, Written, bigquery
from interlock_guard.retry import TRIES, retrying
from interlock_guard.rows import Row, plain, with_large_integers_as_text

if TYPE_CHECKING:
    from google.cloud.bigquery_storage_v1 import BigQueryWriteClient

STREAMED_AT_ONCE = 500
"""Rows a request of insertAll, as its documentation recommends."""
STREAMED_BYTES = 9_500_000
"""Of JSON in one request; 10 MB is the limit, for a row, too (docs.cloud.google.com/bigquery/quotas#streaming_inserts)."""
ROW_OVERHEAD_BYTES = 100
"""What a row takes in its request beyond its own JSON: its insertId, the names of both, and commas."""
SHOWN_ERRORS = 3


def append_rows(
    table: str,
    rows: Iterable[Row],
    *,
    method: Literal["load", "storage_write", "insert_all"],
    held: object = None,
    client: bigquery.Client | None = None,
    writer: BigQueryWriteClient | None = None,
    tries: int = TRIES,
    deadline: float | None = None,
    job: str | None = None,
) -> Written:
    """Add `rows` to `table`. A run that is repeated adds them again: for what can be repeated there is `replace_rows`.

    What each method brings with it (docs.cloud.google.com/bigquery: quotas, streaming-data-into-bigquery, write-api):

    - `"load"`: one load job, all rows or none, free. It is submitted again when it met what passes. 1,500 jobs and changes a
      table and day, failed ones included, and no more until the next day: for rows in batches, not for a line a minute.
      Conflicts with nothing; DML may change the rows at once. A truncation that ends later removes them.
    - `"storage_write"`: a pending stream of the Storage Write API, committed as one: all rows or none, each once. No quota of
      jobs; billed by the byte. UPDATE, DELETE and MERGE may change the rows at once, but not in a multi-statement transaction
      (so not `delete_append`), and TRUNCATE TABLE is refused while they are fresh.
    - `"insert_all"`: the older streaming API, tabledata.insertAll, 500 rows and 9.5 MB a request; requests before one that
      fails stay written. No quota of jobs; billed by the byte. UPDATE, DELETE and MERGE that would touch the rows fail for 30
      minutes, and copies and extracts may miss them for up to 90. So it must be told whether the table is held: `held` is what
      `active_holds` answered for it. When it is, a backfill rewrites it, and this raises `HeldTable` instead of blocking it.

    `writer` is the client of the Storage Write API, for another endpoint or to keep its connection over many appends; without
    one, `"storage_write"` makes its own with the credentials of `client`.

    `tries` and `deadline` are those of `serialization_retry`; of insertAll the client tries again itself. `job` is the Cloud
    Scheduler job that a load job is labelled with (`job_labels`), where no decorator or `long_run` has said it. Integers beyond
    2**53 are sent as text, which every column but a JSON one takes for the number.

    Raises ValueError before anything is sent for rows that can't be; `RowsRefused` for rows that `insert_all` or
    `storage_write` did not take; `NotCommitted` when all were taken but not committed; what BigQuery says otherwise.
    """
    check_deadline(deadline)
    if method not in ("load", "storage_write", "insert_all"):
        raise ValueError(f"{method!r} is no way to append; load, storage_write and insert_all are")
    if method == "insert_all":
        _refuse_held(table, held)
    given = plain(rows)
    if not given:
        return Written(table=table, rows=0)
    client = client or bigquery.Client()
    if method == "insert_all":
        _insert_all(client, table, given)
    else:
        unit = Loading(client, given, table, job=job) if method == "load" else _streaming(client, table, given, writer)
        retrying(unit, table=table, tries=tries, deadline=deadline, load=method == "load")()
    return Written(table=table, rows=len(given))


def _streaming(
    client: bigquery.Client, table: str, rows: list[dict[str, object]], writer: BigQueryWriteClient | None
) -> Callable[[], None]:
    from interlock_guard.storage_write import append_atomically  # it imports gRPC, which the others don't need

    return functools.partial(append_atomically, client, table, rows, writer=writer)


def _insert_all(client: bigquery.Client, table: str, rows: list[dict[str, object]]) -> None:
    """No conflict can come of it; what is transient the client retries, with an insertId for each row."""
    start = 0
    for chunk in list(_chunks(table, rows)):  # all, so that a row that is too large costs no request
        refused = client.insert_rows_json(table, chunk)
        if refused:
            first = "; ".join(one_line(f"row {start + row['index']}: {row['errors']}") for row in refused[:SHOWN_ERRORS])
            raise RowsRefused(
                f"{table}: insertAll refused {len(refused)} of {len(rows)} rows, {start} were written before: {first}"
            )
        start += len(chunk)


def _chunks(table: str, rows: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    """As many rows a request as its number and its bytes allow."""
    chunk: list[dict[str, object]] = []
    size = 0
    for number, row in enumerate(map(with_large_integers_as_text, rows)):
        more = len(json.dumps(row)) + ROW_OVERHEAD_BYTES  # as the client writes it: in ASCII
        if more > STREAMED_BYTES:
            raise ValueError(f'{table}: row {number} has {more:,} bytes, more than insertAll takes; append with method="load"')
        if len(chunk) == STREAMED_AT_ONCE or size + more > STREAMED_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += more
    yield chunk


def _refuse_held(table: str, held: object) -> None:
    if held is None:
        raise ValueError(
            f'{table}: method="insert_all" needs held=active_holds(..., tables=[table]), or held=False if none can be'
        )
    if held:
        raise HeldTable(
            f"{table} is held: a backfill rewrites it, and rows streamed by insertAll would fail its UPDATE, DELETE and MERGE"
            ' for 30 minutes. Wait for the end of the hold, or append with method="load" or "storage_write".'
        )
