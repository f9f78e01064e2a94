"""DuckDB in BigQuery's place behind the local server: real transactions under the very statements that BigQuery would get.

DuckDB 2.0 has snapshot isolation and MERGE with WHEN NOT MATCHED BY SOURCE. Where it differs from BigQuery:

- It finds a conflict between two statements that delete the same *row*; BigQuery, the same *partition* (or table, in a
  transaction). So BigQuery sees more conflicts; what it lets through, two statements that only insert, DuckDB does, too.
- It fails the second of two at once; BigQuery queues it, runs it again up to three times, then fails it.
- It has no streaming buffer, no quotas, no partitions (the predicate on them is evaluated all the same).

A statement is translated only in its spelling: backticks, @parameters, IN UNNEST and STRUCT.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import duckdb

from tests.guard.bigquery_server import Engine, Failure, Rows

_TYPES = {"STRING": "VARCHAR", "INTEGER": "BIGINT", "DATE": "DATE", "FLOAT": "DOUBLE"}


class DuckDBEngine(Engine):
    """One database, empty; each statement runs in a transaction of its own, each script in the one that it begins."""

    def __init__(self) -> None:
        super().__init__()
        self.database = _database()
        self.hold: Callable[[str], None] = lambda _statement: None
        """Called in the transaction, before each statement that writes and before its commit ("COMMIT"): a place to meet."""
        self.conflicts: list[str] = []
        self._opening = threading.Lock()
        for (table,) in self.database.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            self.delete(table)

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows, in order."""
        return self.database.cursor().execute(f'SELECT * FROM "{table}" ORDER BY ALL').fetchall()  # noqa: S608 (our own names)

    def create(self, table: str, schema: list[dict[str, Any]]) -> None:
        columns = ", ".join(f'"{column["name"]}" {_TYPES[column["type"]]}' for column in schema)
        self._cursor().execute(f'CREATE TABLE "{table}" ({columns})')

    def empty(self, table: str) -> None:
        """Leaves no row in it."""
        self._cursor().execute(f'DELETE FROM "{table}"')  # noqa: S608 (our own names)

    def delete(self, table: str) -> None:
        self._cursor().execute(f'DROP TABLE "{table}"')

    def load(self, table: str, rows: list[dict[str, Any]]) -> int:
        cursor = self._cursor()
        columns = [name for name, *_ in cursor.execute(f'DESCRIBE "{table}"').fetchall()]
        for row in rows:
            if unknown := set(row) - set(columns):
                raise Failure("invalid", f"Error while reading data, error message: No such field: {unknown.pop()}.")
        places = ", ".join("?" for _ in columns)
        cursor.execute("BEGIN")
        insert = f'INSERT INTO "{table}" VALUES ({places})'  # noqa: S608 (our own names)
        cursor.executemany(insert, [[row.get(name) for name in columns] for row in rows])
        cursor.execute("COMMIT")
        return len(rows)

    def query(self, text: str, parameters: dict[str, Any]) -> Rows:
        self._next()
        script = [part.strip() for part in text.split(";\n") if part.strip()]
        statements = script[1:-1] if script[0] == "BEGIN TRANSACTION" else script
        cursor = self._cursor()
        cursor.execute("BEGIN")
        if target := re.search(r"`([^`]+)`", text):
            # DuckDB takes the snapshot when a transaction first looks at a table; BigQuery, when the statement begins.
            cursor.execute(f'SELECT 1 FROM "{target[1]}" LIMIT 1').fetchall()  # noqa: S608 (our own names)
        try:
            for statement in statements:
                answer = self._run(cursor, statement, parameters)
            self.hold("COMMIT")
            cursor.execute("COMMIT")
        except duckdb.TransactionException as error:
            self.conflicts.append(str(error))
            raise _conflict(statements[0], is_script=len(script) > 1) from error
        finally:
            cursor.close()  # rolls back what is not committed
        return answer

    def _run(self, cursor: duckdb.DuckDBPyConnection, statement: str, parameters: dict[str, Any]) -> Rows:
        used = {name: value for name, value in parameters.items() if f"@{name}" in statement}
        if statement.startswith("SELECT"):
            found = cursor.execute(_translated(statement), used).fetchall()
            return Rows([{"name": "found", "type": "INTEGER"}], found)
        self.hold(statement)
        changed = cursor.execute(_translated(statement), used).fetchall()
        return Rows(changed=changed[0][0])

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to the same database, as each job of BigQuery has."""
        with self._opening:
            return self.database.cursor()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """The one of all engines, of which one is in use at a time: to start another takes as long as what a test does with it."""
    return duckdb.connect(config={"threads": 1})  # each job has one of ours; its own would only be started


def _translated(statement: str) -> str:
    text = re.sub(r"(STRUCT\([^)]*\)|\S+) IN UNNEST\(@(\w+)\)", r"list_contains($\2, \1)", statement)
    return re.sub(r"@(\w+)", r"$\1", text.replace("STRUCT(", "row(").replace("`", '"'))


def _conflict(statement: str, *, is_script: bool) -> Failure:
    found = re.search(r"`([\w-]+)\.([\w.]+)`", statement)
    table = f"{found[1]}:{found[2]}" if found else ""
    if is_script:
        return Failure(
            "invalidQuery", f"Query error: Transaction is aborted due to concurrent update against table {table}. at [2:1]"
        )
    return Failure("invalidQuery", f"Could not serialize access to table {table} due to concurrent update")
