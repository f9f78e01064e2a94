"""Append rows, in one of three ways; each brings its own consequences for who changes the table later.

Needs the extra: `pip install "interlock-guard[bigquery]"`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from interlock_guard.errors import HeldTable, RowsRefused, one_line
from interlock_guard.jobs import Written, bigquery, load
from interlock_guard.retry import TRIES, serialization_retry
from interlock_guard.rows import Row, plain

if TYPE_CHECKING:
    from google.cloud.bigquery_storage_v1 import BigQueryWriteClient

STREAMED_AT_ONCE = 500
"""Rows a request of insertAll, as its documentation recommends."""
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
) -> Written:
    """Add `rows` to `table`. A run that is repeated adds them again: for what can be repeated there is `replace_rows`.

    What each method brings with it (docs.cloud.google.com/bigquery: quotas, streaming-data-into-bigquery, write-api):

    - `"load"`: one load job, all rows or none, free. 1,500 jobs and modifications a table and day, failed ones included, and no
      more until the next day: for rows in batches, not for a line a minute. Conflicts with nothing; DML may change the rows at
      once. A truncation that ends later removes them.
    - `"storage_write"`: a pending stream of the Storage Write API, committed as one: all rows or none, each once. No quota of
      jobs; billed by the byte. UPDATE, DELETE and MERGE may change the rows at once, but not in a multi-statement transaction
      (so not `delete_append`), and TRUNCATE TABLE is refused while they are fresh.
    - `"insert_all"`: the older streaming API, tabledata.insertAll, 500 rows a request; requests before one that fails stay
      written. No quota of jobs; billed by the byte. UPDATE, DELETE and MERGE that would touch the rows fail for 30 minutes, and
      copies and extracts may miss them for up to 90. So it must be told whether the table is held: `held` is what
      `active_holds` answered for it. When it is, a backfill rewrites it, and this raises `HeldTable` instead of blocking it.

    `writer` is the client of the Storage Write API, for another endpoint or to keep its connection over many appends; without
    one, `"storage_write"` makes its own with the credentials of `client`.

    Raises `RowsRefused` for rows that `insert_all` or `storage_write` did not take; `NotCommitted` when all were taken
    but not committed; what BigQuery says otherwise.
    """
    unit = _way(method, writer)
    if method == "insert_all":
        _refuse_held(table, held)
    else:
        unit = serialization_retry(table=table, tries=tries)(unit)
    given = plain(rows)
    if not given:
        return Written(table=table, rows=0)
    client = client or bigquery.Client()
    unit(client, table, given)
    return Written(table=table, rows=len(given))


def _way(method: str, writer: BigQueryWriteClient | None) -> Callable[[bigquery.Client, str, list[dict[str, object]]], None]:
    if method == "load":
        return _load
    if method == "insert_all":
        return _insert_all
    if method == "storage_write":
        from interlock_guard.storage_write import append_atomically  # it imports gRPC, which the others don't need

        return functools.partial(append_atomically, writer=writer)
    raise ValueError(f"{method!r} is no way to append; load, storage_write and insert_all are")


def _load(client: bigquery.Client, table: str, rows: list[dict[str, object]]) -> None:
    load(client, rows, table)


def _insert_all(client: bigquery.Client, table: str, rows: list[dict[str, object]]) -> None:
    """No conflict can come of it; what is transient the client retries, with an insertId for each row."""
    for start in range(0, len(rows), STREAMED_AT_ONCE):
        refused = client.insert_rows_json(table, rows[start : start + STREAMED_AT_ONCE])
        if refused:
            first = "; ".join(one_line(f"row {start + row['index']}: {row['errors']}") for row in refused[:SHOWN_ERRORS])
            raise RowsRefused(
                f"{table}: insertAll refused {len(refused)} of {len(rows)} rows, {start} were written before: {first}"
            )


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
