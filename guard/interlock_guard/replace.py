"""Replace rows so that a run can be repeated and can meet another run.

Needs the extra: `pip install "interlock-guard[bigquery]"`.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from google.api_core.exceptions import GoogleAPIError

from interlock_guard import statements
from interlock_guard.budget import check_deadline
from interlock_guard.errors import WrittenTwice, one_line
from interlock_guard.jobs import Loading, Written, bigquery, query
from interlock_guard.logs import STAGING_LEFT, log
from interlock_guard.retry import TRIES, retrying
from interlock_guard.rows import COMPARABLE, PARTITION_TYPES, Column, Comparable, Row, columns_of, plain, values_of

STAGING_LIFETIME = timedelta(hours=1)
"""A staging table that a crash left behind goes by itself after so long."""

PARAMETER_BYTES = 9_500_000
"""Of a statement's parameters; a request of 10 MB is the limit (docs.cloud.google.com/bigquery/quotas#query_jobs)."""
STAGED_NAME_BYTES = 900
"""Of the table's name in that of its staging table, which may have 1,024 in all."""

_STAGED_FIELD = ("name", "type", "mode", "fields", "rangeElementType")
"""What of a column a staging table needs; policy tags, defaults and descriptions would need more permissions, or act twice."""

_STATEMENTS = {"merge": statements.merge, "delete_append": statements.transaction}


def replace_rows(
    table: str,
    rows: Iterable[Row],
    *,
    key: str | Sequence[str],
    partition: str | None,
    method: Literal["merge", "delete_append"] = "merge",
    client: bigquery.Client | None = None,
    tries: int = TRIES,
    deadline: float | None = None,
    job: str | None = None,
) -> Written:
    """Make `rows` the only rows of their keys in `table`: run twice, or by two at once, the table is the same.

    `key` names the columns that say what is replaced, as a rule what one run scrapes: with `key="game_id"` all rows of the
    games in `rows` go and `rows` come, so that a player who left the source leaves the table. The key need not be unique.
    `partition` is the table's partition column, a DATE or an INTEGER that follows from the key (a game is on one date): only
    the partitions in `rows` are looked at, and runs on others do not conflict. None for a table without such a column, or
    partitioned by time of arrival; then every partition is looked at. No rows, no keys: nothing is done.

    The rows are loaded into a staging table beside `table` (it needs bigquery.tables.create in the dataset, and expires after
    an hour if a crash leaves it), then one statement puts them in. `method`, in order of preference:

    - `"merge"`: one MERGE, atomic. It may change rows that the Storage Write API just wrote.
    - `"delete_append"`: DELETE with the same predicate, then INSERT, in one transaction; for a table that takes no MERGE. It
      conflicts with mutating statements anywhere in the table, not only in the partition, and BigQuery cancels one of the two.

    There is no fall-back from one to the other, and no DELETE that is committed alone: that is how duplicates were made. The
    statement, its result and a count of what is there then are one unit under `serialization_retry`. The count is needed
    since two first runs only insert, and inserts conflict with nothing: a run that finds more rows than it gave replaces them
    once more. If it dies before it counts, the rows stay there twice until the next run for these keys, so a run that died
    must be repeated, as Cloud Scheduler and Pub/Sub do.

    `tries` and `deadline` are those of `serialization_retry`, the deadline counted from the call. `job` is the Cloud Scheduler
    job that BigQuery's jobs are labelled with (`job_labels`), where no decorator or `long_run` has said it.

    Raises ValueError before any job for rows, keys or partitions that can't be right; `ConflictsExhausted` after `tries`;
    `StreamingBufferBlocked` when insertAll wrote some of the rows in the last 30 minutes; what BigQuery says otherwise.
    """
    if method not in _STATEMENTS:
        raise ValueError(f"{method!r} is no way to replace rows; {' and '.join(_STATEMENTS)} are")
    check_deadline(deadline)
    until = None if deadline is None else time.monotonic() + deadline
    given = plain(rows)
    if not given:
        return Written(table=table, rows=0)
    client = client or bigquery.Client()
    target = client.get_table(table)
    plan = _plan(target, given, (key,) if isinstance(key, str) else tuple(key), partition)
    with _staged(client, target, plan) as staging:
        replacement = plan.onto(_name(staging))
        loading = Loading(client, given, _name(staging), schema=staging.schema, location=target.location, job=job)
        retrying(loading, table=replacement.table, tries=tries, deadline=_left(until), load=True)()

        def unit() -> None:
            query(client, _STATEMENTS[method](replacement), plan.parameters, location=target.location, job=job)
            counted = query(client, statements.count(replacement), plan.parameters, location=target.location, job=job)
            found = next(iter(counted))["found"]
            if found > len(given):
                raise WrittenTwice(table=replacement.table, given=len(given), found=found)

        # The transaction is a script of which nothing is committed before its end.
        retrying(unit, table=replacement.table, tries=tries, deadline=_left(until), scripts=True)()
    return Written(table=replacement.table, rows=len(given))


def _left(until: float | None) -> float | None:
    """Seconds, more than none: a call whose time is over is made once, and not again."""
    return None if until is None else max(until - time.monotonic(), 1e-9)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What to replace, read from the rows and the table's schema."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    partition: str | None
    partitions: int
    parameters: list[Any]

    def onto(self, staging: str) -> statements.Replacement:
        return statements.Replacement(
            table=self.table,
            staging=staging,
            columns=self.columns,
            key=self.key,
            partition=self.partition,
            partitions=self.partitions,
        )


def _plan(target: bigquery.Table, rows: list[dict[str, object]], key: tuple[str, ...], partition: str | None) -> _Plan:
    table = _name(target)
    declared = _partition_column(target)
    if partition != declared:
        said = "no partition column" if declared is None else f"the partition column {declared!r}"
        raise ValueError(f"{table} has {said}: replace_rows(..., partition={declared!r}), not {partition!r}")
    if not key:
        raise ValueError(f"{table}: key is empty; name the columns that say which rows are replaced")
    keys = [_column(target, name, tuple(COMPARABLE)) for name in key]
    found = values_of(rows, keys, table)
    parameters: list[Any] = [_keys_parameter(keys, found)]
    dates: list[tuple[Comparable, ...]] = []
    if partition is not None:
        column = _column(target, partition, PARTITION_TYPES)
        dates = values_of(rows, [column], table)
        parameters += [
            bigquery.ScalarQueryParameter(statements.partition_parameter(number), column.type, value)
            for number, (value,) in enumerate(dates)
        ]
    size = sum(len(json.dumps(parameter.to_api_repr())) for parameter in parameters)
    if size > PARAMETER_BYTES:
        raise ValueError(f"{table}: {len(found):,} keys take {size:,} bytes, more than a request may; replace fewer at once")
    return _Plan(
        table=table,
        columns=columns_of(rows, [field.name for field in target.schema], table),
        key=tuple(column.name for column in keys),
        partition=partition,
        partitions=len(dates),
        parameters=parameters,
    )


def _keys_parameter(keys: Sequence[Column], values: Sequence[tuple[Comparable, ...]]) -> bigquery.ArrayQueryParameter:
    if len(keys) == 1:
        return bigquery.ArrayQueryParameter(statements.KEYS, keys[0].type, [value for (value,) in values])
    structs = [
        bigquery.StructQueryParameter(
            None,
            *(bigquery.ScalarQueryParameter(column.name, column.type, part) for column, part in zip(keys, value, strict=True)),
        )
        for value in values
    ]
    return bigquery.ArrayQueryParameter(statements.KEYS, "STRUCT", structs)


def _column(target: bigquery.Table, name: str, types: Sequence[str]) -> Column:
    for field in target.schema:
        if field.name == name:
            if field.field_type not in types or field.mode == "REPEATED":
                mode = "REPEATED " if field.mode == "REPEATED" else ""
                raise ValueError(
                    f"{_name(target)}: {name} is {mode}{field.field_type}; here it must be one of {', '.join(types)}"
                )
            return Column(name=name, type=field.field_type)
    raise ValueError(f"{_name(target)} has no column {name!r}; its columns are {', '.join(f.name for f in target.schema[:50])}")


def _partition_column(target: bigquery.Table) -> str | None:
    """None also for a table partitioned by the time of arrival, in which a key's older rows may be in any partition."""
    if target.range_partitioning is not None:
        return str(target.range_partitioning.field)
    if target.time_partitioning is not None and target.time_partitioning.field:
        return str(target.time_partitioning.field)
    return None


@contextmanager
def _staged(client: bigquery.Client, target: bigquery.Table, plan: _Plan) -> Iterator[bigquery.Table]:
    """A table of this run alone for the rows; dropped afterwards."""
    schema = [_staged_field(field.to_api_repr()) for field in target.schema if field.name in plan.columns]
    of = target.table_id.encode()[:STAGED_NAME_BYTES].decode(errors="ignore")
    name = f"{target.project}.{target.dataset_id}.interlock_staging_{of}_{uuid.uuid4().hex}"
    staging = bigquery.Table(name, schema=[bigquery.SchemaField.from_api_repr(field) for field in schema])
    staging.expires = datetime.now(timezone.utc) + STAGING_LIFETIME
    client.create_table(staging, exists_ok=True)  # the name is new, so one that exists is ours: the answer was lost
    try:
        yield staging
    finally:
        try:
            client.delete_table(name, not_found_ok=True)
        except GoogleAPIError as error:  # it expires; the rows are what counts
            log(STAGING_LEFT, "WARNING", f"{name} was not dropped; it expires", table=name, error=one_line(str(error)))


def _staged_field(field: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in field.items() if name in _STAGED_FIELD}
    if "fields" in kept:
        kept["fields"] = [_staged_field(inner) for inner in kept["fields"]]
    return kept


def _name(table: bigquery.Table) -> str:
    return f"{table.project}.{table.dataset_id}.{table.table_id}"
