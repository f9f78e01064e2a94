"""A small BigQuery on loopback: tables.get and jobs.query, with what a test puts there. Google's own client talks to it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
MODIFIED_MS = 1_773_108_000_000
"""2026-03-10 02:00 UTC."""


def error(code: int, reason: str, message: str) -> tuple[int, Json]:
    """An error as BigQuery says it: https://cloud.google.com/bigquery/docs/error-messages"""
    return code, {"error": {"code": code, "message": message, "errors": [{"reason": reason, "message": message}]}}


@dataclass
class BigQuery:
    """What is there, and what was asked. Answers to queries go by the table that a statement names after FROM."""

    url: str = ""
    tables: dict[str, Json | tuple[int, Json]] = field(default_factory=dict)
    rows: dict[str, list[tuple[str | None, int, str | None]] | tuple[int, Json]] = field(default_factory=dict)
    statements: list[Json] = field(default_factory=list)
    calls: int = 0

    def add(
        self,
        table: str,
        columns: Json,
        *,
        partitioning: Json | None = None,
        modified_ms: int = MODIFIED_MS,
        kind: str = "TABLE",
    ) -> None:
        """A table with columns, a type each, as tables.get tells of it."""
        dataset, name = table.split(".")
        fields = [{"name": column, "type": kind_of, "mode": "NULLABLE"} for column, kind_of in columns.items()]
        self.tables[table] = {
            "tableReference": {"projectId": "p", "datasetId": dataset, "tableId": name},
            "schema": {"fields": fields},
            "type": kind,
            "numRows": "10",
            "lastModifiedTime": str(modified_ms),
            "location": "US",
            **({"timePartitioning": partitioning} if partitioning else {}),
        }

    def answer(self, method: str, path: str, body: Json) -> tuple[int, Json]:
        self.calls += 1
        if found := re.fullmatch(r"/bigquery/v2/projects/[^/]+/datasets/([^/]+)/tables/([^/?]+)\?.*", path):
            said = self.tables.get(f"{found[1]}.{found[2]}") or error(
                404, "notFound", f"Not found: Table p:{found[1]}.{found[2]}"
            )
            return said if isinstance(said, tuple) else (200, said)
        if method == "POST" and path.startswith("/bigquery/v2/projects/") and path.partition("?")[0].endswith("/queries"):
            self.statements.append(body)
            named = re.search(r"FROM `[^.`]+\.([^`]+)`", body["query"])
            return self._rows(body["query"], self.rows.get(named[1], []) if named else [])
        return error(501, "notImplemented", f"{method} {path}")

    def _rows(self, sql: str, rows: list[tuple[str | None, int, str | None]] | tuple[int, Json]) -> tuple[int, Json]:
        if isinstance(rows, tuple):
            return rows
        types = {"day": "DATE", "row_count": "INTEGER", "last_insert": "TIMESTAMP"}
        names = [name for name in types if f" AS {name}" in sql]
        lines = [{"f": [{"v": None if value is None else str(value)} for value in row[: len(names)]]} for row in rows]
        return 200, {
            "jobComplete": True,
            "jobReference": {"projectId": "p", "jobId": "j", "location": "US"},
            "schema": {"fields": [{"name": name, "type": types[name], "mode": "NULLABLE"} for name in names]},
            "rows": lines,
            "totalRows": str(len(lines)),
        }


@contextmanager
def serving() -> Iterator[BigQuery]:
    """Serves until the block ends."""
    bigquery = BigQuery()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            status, answer = bigquery.answer(self.command, self.path, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _do

        def log_message(self, format: str, *arguments: object) -> None:
            del format, arguments

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        bigquery.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield bigquery
        finally:
            server.shutdown()
