"""A local HTTP server that speaks as much of BigQuery's API v2 as google-cloud-bigquery uses: jobs, uploads, tables, insertAll.

What jobs do is up to an engine: one that answers from a list, or a real database (`duckdb_engine.py`). Error bodies are those
of https://docs.cloud.google.com/bigquery/docs/error-messages: a failed job is DONE with `errorResult`, a refused request has
the same message in its HTTP error.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

PROJECT = "acme"
STATUS = {"invalidQuery": 400, "invalid": 400, "quotaExceeded": 403, "rateLimitExceeded": 403, "backendError": 503,
          "notFound": 404, "duplicate": 409, "accessDenied": 403, "accessNotConfigured": 403,
          "bytesBilledLimitExceeded": 400, "jobInternalError": 400}  # fmt: skip

When = Literal["submit", "poll", "result"]
"""Where a job's failure shows: the insert is refused; jobs.get says DONE with an error; getQueryResults is refused."""


@dataclass(frozen=True)
class Failure(Exception):
    """What BigQuery says is wrong."""

    reason: str
    message: str
    when: When = "poll"

    def as_detail(self) -> dict[str, str]:
        return {"reason": self.reason, "message": self.message, "location": "query", "domain": "global"}


@dataclass
class Rows:
    """What a statement returns: columns with their types, and rows."""

    schema: list[dict[str, str]] = field(default_factory=list)
    rows: list[tuple[object, ...]] = field(default_factory=list)
    changed: int | None = None


class Engine:
    """Answers from lists: each submission of a query or a load takes the next failure, None for none."""

    def __init__(self, *failures: Failure | None) -> None:
        self.failures = list(failures)

    def query(self, _text: str, _parameters: dict[str, Any]) -> Rows:
        self._next()
        return Rows()

    def load(self, _table: str, _rows: list[dict[str, Any]]) -> int:
        self._next()
        return len(_rows)

    def create(self, table: str, schema: list[dict[str, Any]]) -> None:
        """A table comes."""

    def delete(self, table: str) -> None:
        """A table goes."""

    def _next(self) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure


@dataclass
class Job:
    configuration: dict[str, Any]
    failure: Failure | None = None
    rows: Rows = field(default_factory=Rows)
    statistics: dict[str, Any] = field(default_factory=dict)
    """Of its type: what `statistics.query` or `statistics.load` holds."""


@dataclass
class Request:
    method: str
    path: str
    body: dict[str, Any]

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


class Server:
    """The state of one server, and what it was asked."""

    def __init__(self, engine: Engine, project: str = PROJECT) -> None:
        self.engine = engine
        self.project = project
        self.datasets: dict[str, str] = {}
        """Locations, by dataset."""
        self.jobs: dict[str, Job] = {}
        self.tables: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.unavailable = 0
        """So many requests are answered with 503 first."""
        self.lost_answers = 0
        """So many jobs are taken, but answered with 503."""
        self.location = "US"
        """Where jobs run, which who asks for one has to say unless it is US or EU (jobs.get, `location`)."""
        self.largest = 10_000_000
        """Bytes of a request of insertAll (quotas#streaming_inserts)."""
        self.streamed: dict[str, list[dict[str, Any]]] = {}
        """What insertAll wrote, by table."""
        self.refuses: Callable[[dict[str, Any]], str] = lambda _row: ""
        """Why insertAll refuses a row; empty when it does not."""
        self.lock = threading.Lock()
        self.url = ""

    def client(self, session: requests.Session | None = None) -> bigquery.Client:
        return bigquery.Client(
            project=self.project,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self.url},
            _http=session or requests.Session(),
        )

    def declare(self, table: str, schema: list[dict[str, Any]], **more: object) -> None:
        dataset, name = table.split(".")
        reference = {"projectId": self.project, "datasetId": dataset, "tableId": name}
        resource = {"tableReference": reference, "schema": {"fields": schema}, "location": "US", **more}
        self.tables[f"{self.project}.{table}"] = resource
        self.engine.create(f"{self.project}.{table}", schema)

    def submissions(self, kind: str = "query") -> list[dict[str, Any]]:
        """The configurations of the jobs of this kind that were submitted, refused ones included."""
        found = (request.body.get("configuration", {}).get(kind) for request in self.requests if request.method == "POST")
        return [configuration for configuration in found if configuration]

    # What the API does, by method and path

    def insert_job(self, body: dict[str, Any], upload: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        reference = body["jobReference"]
        with self.lock:
            if reference["jobId"] in self.jobs:
                raise Failure(
                    "duplicate", f"Already Exists: Job {self.project}:{self.location}.{reference['jobId']}", when="submit"
                )
        configuration = body["configuration"]
        job = Job(configuration)
        try:
            if "load" in configuration:
                self.engine.load(_table_name(configuration["load"]["destinationTable"]), upload or [])
            else:
                query = configuration["query"]
                job.rows = self.engine.query(query["query"], _parameters(query))
        except Failure as failure:
            if failure.when == "submit":
                raise
            job.failure = failure
        self.jobs[reference["jobId"]] = job
        return self.job(reference["jobId"], begun=True)

    def job(self, job_id: str, begun: bool = False) -> dict[str, Any]:
        """As jobs.get says it; `begun` as it was when it was inserted, before anything is known."""
        job = self._job(job_id)
        status: dict[str, Any] = {"state": "RUNNING" if begun else "DONE"}
        if job.failure and job.failure.when == "result":
            status = {"state": "RUNNING"}
        elif job.failure and not begun:
            status |= {"errorResult": job.failure.as_detail(), "errors": [job.failure.as_detail()]}
        reference = {"projectId": self.project, "jobId": job_id, "location": self.location}
        kind = next((kind for kind in ("LOAD", "COPY") if kind.lower() in job.configuration), "QUERY")
        return {
            "id": f"{self.project}:{self.location}.{job_id}",
            "jobReference": reference,
            "configuration": {"jobType": kind, **job.configuration},
            "status": status,
            "statistics": {kind.lower(): job.statistics},
        }

    def query(self, body: dict[str, Any]) -> dict[str, Any]:
        """jobs.query: a statement whose answer comes at once."""
        job_id = f"query-{len(self.requests)}"
        query = {"query": body["query"], "queryParameters": body.get("queryParameters", [])}
        self.insert_job({"jobReference": {"jobId": job_id}, "configuration": {"query": query}})
        return self.results(job_id)

    def listed_datasets(self) -> dict[str, Any]:
        """As datasets.list has them."""
        named = {name: {"projectId": self.project, "datasetId": name} for name in self.datasets}
        return {"datasets": [{"datasetReference": named[name], "location": at} for name, at in self.datasets.items()]}

    def results(self, job_id: str) -> dict[str, Any]:
        job = self._job(job_id)
        if job.failure:
            raise job.failure
        answer: dict[str, Any] = {
            "jobComplete": True,
            "jobReference": {"projectId": self.project, "jobId": job_id, "location": self.location},
            "schema": {"fields": job.rows.schema},
            "totalRows": str(len(job.rows.rows)),
            "rows": [{"f": [{"v": None if value is None else str(value)} for value in row]} for row in job.rows.rows],
        }
        if job.rows.changed is not None:
            answer["numDmlAffectedRows"] = str(job.rows.changed)
        return answer

    def _job(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise Failure("notFound", f"Not found: Job {self.project}:US.{job_id}")
        return self.jobs[job_id]

    def table(self, name: str) -> dict[str, Any]:
        if name not in self.tables:
            raise Failure("notFound", f"Not found: Table {name}")
        return self.tables[name]

    def create_table(self, resource: dict[str, Any]) -> dict[str, Any]:
        name = _table_name(resource["tableReference"])
        if name in self.tables:
            raise Failure("duplicate", f"Already Exists: Table {name}")
        self.tables[name] = {**resource, "location": "US"}
        self.engine.create(name, resource["schema"]["fields"])
        return self.tables[name]

    def delete_table(self, name: str) -> dict[str, Any]:
        self.table(name)
        del self.tables[name]
        self.engine.delete(name)
        return {}

    def insert_all(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """All rows of a request or none, as without `skipInvalidRows`; an insertId that was written is not written again."""
        self.table(name)
        sent: list[dict[str, Any]] = body["rows"]
        refused = {index: why for index, row in enumerate(sent) if (why := self.refuses(row["json"]))}
        if refused:
            return {"insertErrors": [_insert_error(index, refused.get(index)) for index in range(len(sent))]}
        written = self.streamed.setdefault(name, [])
        known = {row["insertId"] for row in written}
        written += [row for row in sent if row["insertId"] not in known]
        return {}


@contextmanager
def serving(engine: Engine, project: str = PROJECT) -> Iterator[Server]:
    """A server on a free port of the loopback."""
    server = Server(engine, project)

    class Handler(_Handler):
        api = server

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    api: ClassVar[Server]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Nothing: the server remembers what it was asked."""

    def handle_any(self) -> None:
        body, upload = self._body()
        path = unquote(urlsplit(self.path).path)
        self.api.requests.append(Request(self.command, path, body))
        if self.api.unavailable:
            self.api.unavailable -= 1
            return self._answer(503, _error(Failure("backendError", "Service unavailable")))
        try:
            done = self._done(path, body, upload)
            if self.command == "POST" and "configuration" in body and self.api.lost_answers:
                self.api.lost_answers -= 1
                return self._answer(503, _error(Failure("backendError", "Service unavailable")))
            return self._answer(200, done)
        except Failure as failure:
            return self._answer(STATUS[failure.reason], _error(failure))
        except Exception as error:  # a defect of the test, which the client must not take for a lost connection
            return self._answer(400, _error(Failure("invalid", f"{type(error).__name__}: {error}")))

    do_GET = do_POST = do_DELETE = handle_any

    def _done(self, path: str, body: dict[str, Any], upload: list[dict[str, Any]]) -> dict[str, Any]:
        root = f"/bigquery/v2/projects/{self.api.project}"
        table = rf"{root}/datasets/(?P<d>[^/]+)/tables/(?P<t>[^/]+)"
        api = self.api
        asked = parse_qs(urlsplit(self.path).query).get("location", ["US"])[0]
        if "/jobs/" in path and api.location not in ("US", "EU") and asked != api.location:
            raise Failure("notFound", f"Not found: Job {api.project}:{path.rpartition('/')[2]}")
        if path.endswith("/insertAll") and int(self.headers["Content-Length"]) > api.largest:
            raise Failure("invalid", f"Request payload size exceeds the limit: {api.largest} bytes.")
        routes: list[tuple[str, str, Callable[..., dict[str, Any]]]] = [
            ("POST", rf"/upload{root}/jobs", lambda: api.insert_job(body, upload)),
            ("POST", rf"{root}/jobs", lambda: api.insert_job(body)),
            ("GET", rf"{root}/jobs/(?P<job_id>[^/]+)", api.job),
            ("GET", rf"{root}/queries/(?P<job_id>[^/]+)", api.results),
            ("POST", rf"{root}/queries", lambda: api.query(body)),
            ("GET", rf"{root}/datasets", api.listed_datasets),
            ("POST", rf"{root}/datasets/[^/]+/tables", lambda: api.create_table(body)),
            ("GET", table, lambda d, t: api.table(f"{api.project}.{d}.{t}")),
            ("DELETE", table, lambda d, t: api.delete_table(f"{api.project}.{d}.{t}")),
            ("POST", rf"{table}/insertAll", lambda d, t: api.insert_all(f"{api.project}.{d}.{t}", body)),
        ]  # fmt: skip
        for method, pattern, act in routes:
            found = re.fullmatch(pattern, path)
            if method == self.command and found:
                return act(**found.groupdict())
        raise Failure("notFound", f"this server has no {self.command} {path}")

    def _body(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The JSON of the request, and the rows of an upload."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers.get("Content-Type") or ""
        if not kind.startswith("multipart/related"):
            return (json.loads(raw) if raw else {}), []
        assert parse_qs(urlsplit(self.path).query)["uploadType"] == ["multipart"]
        boundary = b"--" + kind.partition('boundary="')[2].rstrip('"').encode()
        parts = [part.partition(b"\r\n\r\n")[2] for part in raw.split(boundary)[1:3]]
        return json.loads(parts[0]), [json.loads(line) for line in parts[1].split(b"\n") if line.strip()]

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _error(failure: Failure) -> dict[str, Any]:
    detail = failure.as_detail()
    return {"error": {"code": STATUS[failure.reason], "message": failure.message, "errors": [detail], "status": "ERROR"}}


def _insert_error(index: int, why: str | None) -> dict[str, Any]:
    """ "stopped" is what insertAll says of the good rows of a request that has a bad one."""
    detail = {"reason": "invalid", "message": why} if why else {"reason": "stopped", "message": ""}
    return {"index": index, "errors": [{**detail, "location": "", "debugInfo": ""}]}


def _table_name(reference: dict[str, str]) -> str:
    return f"{reference['projectId']}.{reference['datasetId']}.{reference['tableId']}"


def _parameters(query: dict[str, Any]) -> dict[str, Any]:
    return {
        given["name"]: _value(given["parameterType"], given["parameterValue"]) for given in query.get("queryParameters", [])
    }


def _value(kind: dict[str, Any], value: dict[str, Any]) -> Any:
    if kind["type"] == "ARRAY":
        return [_value(kind["arrayType"], item) for item in value.get("arrayValues", [])]
    if kind["type"] == "STRUCT":
        return {part["name"]: _value(part["type"], value["structValues"][part["name"]]) for part in kind["structTypes"]}
    return int(value["value"]) if kind["type"] in ("INTEGER", "INT64") else value["value"]
