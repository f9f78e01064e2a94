"""INFORMATION_SCHEMA.JOBS behind the local BigQuery server: rows of a test's own in DuckDB, asked with our very statement.

A statement is translated only in its spelling: backticks, quoted texts, and what an alias of UNNEST stands for.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from tests.guard.bigquery_server import Failure, Job, Rows, Server
from tests.guard.duckdb_engine import DuckDBEngine

PROJECT = "interlock-local"
_TABLE = "STRUCT(project_id VARCHAR, dataset_id VARCHAR, table_id VARCHAR)"
_COLUMNS = {
    "job_id": "VARCHAR",
    "parent_job_id": "VARCHAR",
    "user_email": "VARCHAR",
    "job_type": "VARCHAR",
    "statement_type": "VARCHAR",
    "creation_time": "TIMESTAMP",
    "start_time": "TIMESTAMP",
    "end_time": "TIMESTAMP",
    "state": "VARCHAR",
    "error_result": "STRUCT(reason VARCHAR, message VARCHAR)",
    "destination_table": _TABLE,
    "referenced_tables": f"{_TABLE}[]",
    "labels": 'STRUCT("key" VARCHAR, "value" VARCHAR)[]',
}
_TYPES = {"BOOLEAN": "BOOLEAN", "VARCHAR": "STRING", "BIGINT": "INTEGER", "TIMESTAMP": "TIMESTAMP", "DATE": "DATE"}


@dataclass(kw_only=True)
class Row:
    """A job as JOBS has it. Tables are written `dataset.table`, or `project:dataset.table`."""

    job_id: str
    user_email: str
    creation_time: datetime
    job_type: str | None = "QUERY"
    statement_type: str | None = None
    destination: str | None = None
    references: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    parent_job_id: str | None = None
    state: str = "DONE"
    failed: bool = False
    lasted: timedelta = timedelta(seconds=1)
    error: str = ""
    """What BigQuery says of one that failed."""
    disposition: str = ""
    """What jobs.get says, and JOBS does not; and so on."""
    ddl: str = ""
    sources: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As DuckDB reads it."""
        created = _instant(self.creation_time)
        return {
            "job_id": self.job_id,
            "parent_job_id": self.parent_job_id,
            "user_email": self.user_email,
            "job_type": self.job_type,
            "statement_type": self.statement_type,
            "state": self.state,
            "creation_time": created,
            "start_time": created,
            "end_time": _instant(self.creation_time + self.lasted),
            "error_result": {"reason": "invalidQuery", "message": self.error or "no"} if self.failed or self.error else None,
            "destination_table": _parts(self.destination) if self.destination else None,
            "referenced_tables": [_parts(name) for name in self.references],
            "labels": [{"key": key, "value": value} for key, value in self.labels.items()],
        }

    def as_job(self) -> Job:
        """As jobs.get answers."""
        kind = (self.job_type or "query").lower()
        configuration: dict[str, Any] = {"writeDisposition": self.disposition} if self.disposition else {}
        if kind == "query":
            configuration["query"] = "SELECT 1"
        if kind == "copy":
            configuration["sourceTables"] = [_reference(name) for name in self.sources]
        return Job({kind: configuration}, statistics={"ddlOperationPerformed": self.ddl} if self.ddl else {})


def _instant(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(" ", "seconds")


@cache
def _parts(name: str) -> dict[str, str]:
    project, colon, table = name.rpartition(":")
    dataset, _, short = table.partition(".")
    return {"project_id": project if colon else PROJECT, "dataset_id": dataset, "table_id": short}


def _reference(name: str) -> dict[str, str]:
    parts = _parts(name)
    return {"projectId": parts["project_id"], "datasetId": parts["dataset_id"], "tableId": parts["table_id"]}


class JobsEngine(DuckDBEngine):
    """DuckDB with the past jobs of each location."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: list[Failure] = []
        """Answers to the next questions about jobs."""
        self.asked: list[str] = []

    def put(self, location: str, rows: Iterable[Row]) -> None:
        """These are the jobs of a location."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "jobs.json"
            file.write_text(json.dumps([row.as_json() for row in rows]))
            columns = ", ".join(f"{name}: '{kind}'" for name, kind in _COLUMNS.items())
            read = f"read_json('{file}', format = 'array', columns = {{{columns}}})"
            self.database.execute(f'CREATE TABLE "jobs of {location}" AS SELECT * FROM {read}')  # noqa: S608 (our own names)

    def query(self, text: str, parameters: dict[str, Any]) -> Rows:
        found = re.search(r"`([^`]+)`\.`region-([^`]+)`\.INFORMATION_SCHEMA\.JOBS", text)
        if found is None:
            return super().query(text, parameters)
        self.asked.append(text)
        if self.refusals:
            raise self.refusals.pop(0)
        plain = text.replace("'", "''").replace('"', "'").replace(found[0], f'"jobs of {found[2]}"')
        try:
            answer = self._cursor().execute(re.sub(r"UNNEST\((\w+)\) AS (\w+)", r"UNNEST(\1) AS of_\2(\2)", plain))
        except duckdb.Error as error:
            raise Failure("invalidQuery", str(error)) from error
        schema = [{"name": name, "type": _TYPES[str(kind)]} for name, kind, *_ in answer.description]
        return Rows(schema, [tuple(map(_as_sent, row)) for row in answer.fetchall()])


def _as_sent(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, datetime):
        return int(value.timestamp() * 1_000_000)
    return str(value).lower() if isinstance(value, bool) else value


def past(server: Server, rows: Iterable[Row], location: str = "US") -> None:
    """Lets the server have these jobs in a location, in JOBS and each by itself."""
    listed = list(rows)
    assert isinstance(server.engine, JobsEngine)
    server.datasets.setdefault(f"data_{location.lower().replace('-', '_')}", location)
    server.engine.put(location.lower(), listed)
    server.jobs |= {row.job_id: row.as_job() for row in listed}
