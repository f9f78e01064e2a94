"""The statements that replace rows, as text: GoogleSQL with named parameters. Pure; nothing here talks to BigQuery.

All of them share one condition, which names the partitions as constants: BigQuery then prunes, and statements on other
partitions run beside them (docs.cloud.google.com/bigquery/docs/data-manipulation-language#dml_statement_conflicts). The
incident's DELETE named only a key, so it touched every partition and met every other writer of the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from interlock_guard.tables import is_column, is_table

KEYS = "keys"
"""The parameter with the keys: an array, of structs when the key has several columns."""

_PROJECT = re.compile(r"[a-z][a-z0-9.:-]*", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """What is replaced by what: the rows of `table` with the given keys, in the given partitions, by all of `staging`."""

    table: str
    """`project.dataset.table`."""
    staging: str
    columns: tuple[str, ...]
    """Those that the rows fill; others get their default."""
    key: tuple[str, ...]
    partition: str | None
    """The partition column; None for a table without one."""
    partitions: int = 0
    """How many partitions the rows are in: one parameter each."""

    def __post_init__(self) -> None:
        for table in (self.table, self.staging):
            if not _is_table(table):
                raise ValueError(f"{table!r} is not a table; write dataset.table or project.dataset.table")
        for column in (*self.columns, *self.key, *([self.partition] if self.partition else [])):
            if not is_column(column):
                raise ValueError(f"{self.table}: {column!r} is not the name of a column")
        if not self.columns or not self.key or (self.partition and not self.partitions):
            raise ValueError(f"{self.table}: columns, a key, and partitions when there is a partition column, are needed")


def _is_table(name: str) -> bool:
    """`dataset.table`, with a project before it or without."""
    *project, dataset, table = name.split(".") if "." in name else ["", "", ""]
    table = f"{dataset}.{table}"
    return is_table(table) and "$" not in table and (not project or bool(_PROJECT.fullmatch(".".join(project))))


def partition_parameter(number: int) -> str:
    """The name of the parameter with the partition of that number, from 0."""
    return f"partition_{number}"


def merge(of: Replacement) -> str:
    """One atomic statement that deletes the rows of the keys and inserts the staged ones.

    `ON FALSE` is documented for this: no join, all staged rows inserted, and what the condition covers deleted
    (docs.cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#merge_statement). So the rows need no unique key,
    rows that are gone from the source go, and duplicates from earlier go, too.
    """
    return (
        f"MERGE INTO {_quoted(of.table)} AS T\n"  # noqa: S608 (names are checked, values are parameters)
        f"USING {_quoted(of.staging)} AS S\n"
        "ON FALSE\n"
        f"WHEN NOT MATCHED BY SOURCE AND {_condition(of)} THEN\n"
        "  DELETE\n"
        "WHEN NOT MATCHED THEN\n"
        f"  INSERT ({_columns(of)})\n"
        f"  VALUES ({_columns(of, 'S')})"
    )


def transaction(of: Replacement) -> str:
    """The same as DELETE and INSERT, in one transaction: a script, rolled back by BigQuery when it ends before its COMMIT."""
    return (
        "BEGIN TRANSACTION;\n"
        f"DELETE FROM {_quoted(of.table)} AS T\n"
        f"WHERE {_condition(of)};\n"
        f"INSERT INTO {_quoted(of.table)} ({_columns(of)})\n"
        f"SELECT {_columns(of, 'S')}\n"
        f"FROM {_quoted(of.staging)} AS S;\n"
        "COMMIT TRANSACTION;"
    )


def count(of: Replacement) -> str:
    """How many rows with these keys are there: one row, one column."""
    return f"SELECT COUNT(*) AS found\nFROM {_quoted(of.table)} AS T\nWHERE {_condition(of)}"


def _condition(of: Replacement) -> str:
    """No subquery: a MERGE takes no correlated one in its clauses, and a constant prunes."""
    columns = [f"T.{_quoted(column)}" for column in of.key]
    key = columns[0] if len(columns) == 1 else f"STRUCT({', '.join(columns)})"
    keys = f"{key} IN UNNEST(@{KEYS})"
    if of.partition is None:
        return keys
    partitions = ", ".join(f"@{partition_parameter(number)}" for number in range(of.partitions))
    return f"T.{_quoted(of.partition)} IN ({partitions}) AND {keys}"


def _columns(of: Replacement, alias: str = "") -> str:
    return ", ".join(f"{alias}.{_quoted(column)}" if alias else _quoted(column) for column in of.columns)


def _quoted(name: str) -> str:
    return f"`{name}`"
