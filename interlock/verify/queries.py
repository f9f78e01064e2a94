"""The questions to BigQuery, in its standard SQL. Names come from catalogs, options and BigQuery: each is checked and quoted.

Nothing else gets into a statement but instants and days that are formatted here, so that no text of a stranger can act.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from datetime import UTC, date, datetime

from interlock.names import PROJECT, TABLE
from interlock.verify.columns import INSTANT_TYPES, PARTITION_TIME, Columns

UNQUOTABLE = re.compile(r"[`\\\"'\x00-\x1f\x7f]")
"""What no name of a column has: https://cloud.google.com/bigquery/docs/schemas#flexible-column-names"""


class Unquotable(ValueError):
    """A name that is none of BigQuery's, and gets into no statement; for people."""


def recent_inserts(project: str, table: str, columns: Columns, since: date) -> str:
    """Rows and the last insert by day, of the days from `since` on, the newest first. `columns` names a day at least.

    One statement for columns of DATE, DATETIME and TIMESTAMP: a literal becomes what the column is, and the comparison is with
    the column itself, so that partitions are pruned and a table that requires a partition filter has one.
    """
    if columns.day is None:
        raise Unquotable(f"{table} has no day to go by")
    day, lines = _quoted(columns.day), ["  COUNT(*) AS row_count"]
    if columns.inserted is not None:
        lines.append(f"  MAX({_quoted(columns.inserted)}) AS last_insert")
    filtered = f'{day} >= "{since.isoformat()}"'
    if columns.day == PARTITION_TIME:
        filtered += f" OR {day} IS NULL"  # rows in the streaming buffer
    selected = ",\n".join([f"  CAST({day} AS DATE) AS day", *lines])
    return f"SELECT\n{selected}\nFROM {_table(project, table)}\nWHERE {filtered}\nGROUP BY day\nORDER BY day DESC"


def recent_partitions(project: str, table: str, since: datetime) -> str:
    """The partitions written since, the newest first: rows and last change of each, whatever the columns of the table are.

    https://cloud.google.com/bigquery/docs/information-schema-partitions: last_modified_time moves with every change of the
    partition, also with one that inserts nothing.
    """
    dataset, name = _parts(table)
    return (
        "SELECT\n  partition_id,\n  total_rows AS row_count,\n  last_modified_time AS last_write\n"
        f"FROM {_view(project, dataset, 'PARTITIONS')}\n"
        f'WHERE table_name = "{name}" AND last_modified_time >= TIMESTAMP "{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00"\n'
        "ORDER BY partition_id DESC"
    )


def columns_of(project: str, tables: Iterable[str]) -> list[str]:
    """For each dataset the query for the columns that its tables may go by: what partitions them, and what can say when."""
    by_dataset: dict[str, set[str]] = {}
    for table in tables:
        dataset, name = _parts(table)
        by_dataset.setdefault(dataset, set()).add(name)
    kinds = ", ".join(f'"{kind}"' for kind in sorted(INSTANT_TYPES))
    return [
        "SELECT\n  table_name,\n  column_name,\n  data_type,\n  is_partitioning_column\n"
        f"FROM {_view(project, dataset, 'COLUMNS')}\n"
        f"WHERE table_name IN ({', '.join(f'{chr(34)}{name}{chr(34)}' for name in sorted(names))})\n"
        f'  AND (is_partitioning_column = "YES" OR data_type IN ({kinds}))\n'
        "ORDER BY table_name, ordinal_position"
        for dataset, names in sorted(by_dataset.items())
    ]


def for_bq(project: str, sql: str) -> str:
    """The command that runs a statement, for a shell. No statement here has a single quote, so that it stays readable."""
    return f"bq query --project_id={shlex.quote(_project(project))} --use_legacy_sql=false {shlex.quote(sql)}"


def _project(project: str) -> str:
    if not re.fullmatch(PROJECT, project):
        raise Unquotable(f"{project[:100]!a} is no project")
    return project


def _parts(table: str) -> tuple[str, str]:
    """Dataset and table, without the decorator of a partition, which standard SQL does not have."""
    if not re.fullmatch(TABLE, table):
        raise Unquotable(f"{table[:100]!a} is no table; it should be DATASET.TABLE")
    dataset, name = table.split(".")
    return dataset, name.partition("$")[0]


def _table(project: str, table: str) -> str:
    return f"`{_project(project)}.{'.'.join(_parts(table))}`"


def _view(project: str, dataset: str, view: str) -> str:
    return f"`{_project(project)}.{dataset}`.INFORMATION_SCHEMA.{view}"


def _quoted(column: str) -> str:
    if not column or UNQUOTABLE.search(column):
        raise Unquotable(f"{column[:100]!a} is no name of a column")
    return f"`{column}`"
