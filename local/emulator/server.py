"""The HTTP side: loopback only, a thread a connection, and the /_local/ pages that tests and demos steer it by.

A web page in a browser on this machine reaches loopback too, and here it would run code: what browsers mark as theirs is
refused, and so is a Host of another name, by which a page comes after DNS rebinding.

* `/_local/faults`: GET shows, POST {"faults": [...], "latency": "120ms"} adds, DELETE clears (local/emulator/faults.py).
* `/_local/requests`: GET counts reads and writes, by method; DELETE begins at zero.
* `/_local/rights`: GET shows which permissions each account has used on what, how often; DELETE begins anew.
* `/_local/about`: who serves which state folder.
* the clock, scheduled fires, deliveries and alerts: local/emulator/pages.py.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sqlite3
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from local.emulator import apis, entries, identity, kept, objects, pages, projects, push, rights, serving, tokens
from local.emulator.discovery import Api, Method
from local.emulator.faults import parse_latency
from local.emulator.model import ApiError, JsonObject, Request, Response, json_response
from local.emulator.rest import Call, Handler
from local.emulator.runtime import PROJECT, Runtime
from local.emulator.services import Service
from local.emulator.store import FILE, Store

HOST = "127.0.0.1"
LAST_ANSWER_SECONDS = 10.0  # how long the end waits for requests under way; a latency may be longer
MAX_BODY = 256 * 1024 * 1024  # bytes
NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY")
"""What a client must not try again: Terraform does for as long as it likes, as for every 5xx, and heeds no signal meanwhile."""
# The Python storage client downloads under /download/.
_DOWNLOAD = re.compile(r"/download(/storage/v1/.*)")
_JSON = ("/storage/v1/", "/upload/", "/resumable/", "/batch/")
_XML = re.compile(r"/(?P<bucket>[^/_][^/]{2,})/(?P<object>.+)")


class Emulator:
    """The emulated cloud: answers requests, counts them, keeps the state in a folder."""

    def __init__(self, state: Path, rows: Iterable[Service], *, enabled: Iterable[str] = ()) -> None:
        self.state = state
        self.enabled = frozenset(enabled)
        self._rows = tuple(rows)
        self._state = threading.Condition()  # of the next two
        self._under_way = 0
        self._closed = False
        self._count_lock = threading.Lock()
        self._counts: Counter[tuple[str, bool]] = Counter()
        self.store = Store(state / FILE)
        projects.born(self.store, PROJECT)
        self.runtime = Runtime(self.store, state)
        self.faults = self.runtime.faults
        self.runtime.logged = lambda function, line, stream: entries.printed(self.runtime, function, line, stream)

    def close(self) -> None:
        """End what runs beside the server, answer what is under way, then close the state."""
        with self._state:
            self._closed = True
        self.runtime.close()
        with self._state:
            self._state.wait_for(lambda: not self._under_way, timeout=LAST_ANSWER_SECONDS)
        self.store.close()

    def answer(self, request: Request) -> Response:
        """The response to a request; an ApiError becomes the error of the API that the path belongs to."""
        with self._state:
            if self._closed:
                return ApiError(503, "The local stand-in is ending.").response(request.path)
            self._under_way += 1
        try:
            return self._answered(request)
        finally:
            with self._state:
                self._under_way -= 1
                self._state.notify_all()

    def _answered(self, request: Request) -> Response:
        try:
            if request.path.startswith("/_local/"):
                return self._steer(request)
            if request.path.startswith(serving.PREFIX):
                return self.runtime.functions.handle(request)
            if request.path == tokens.CERTS and request.http == "GET":
                return self.runtime.functions.issuer.certs()
            api, method, handler, path = self._route(request)
            with self._count_lock:
                self._counts[method.id, method.writes] += 1
            caller = identity.acting(request.headers)
            if self.faults.latency:
                time.sleep(self.faults.latency)
            self.faults.check(request.http, unquote(request.path), method)
            if handler is None:
                raise ApiError(501, f"The local stand-in does not serve {method.id}.")
            api.check_query(method, request.query)
            request = replace(request, query=kept.noted_query(api, request.query))
            body = kept.Noted(_json_body(api, method, request))
            with self.store.transaction():
                call = Call(
                    api=api,
                    method=method,
                    path=path,
                    request=request,
                    body=body,
                    runtime=self.runtime,
                    faults=self.faults,
                    enabled=self.enabled,
                    caller=caller,
                )
                apis.refuse_disabled(call)
                rights.check(call)
                result = handler(call)
                kept.check(call, result)
            return result if isinstance(result, Response) else json_response(result)
        except ApiError as error:
            return error.response(request.path)
        except UnicodeError as error:  # half a surrogate pair in a name
            return ApiError(400, f"Invalid text: {error}").response(request.path)
        except Exception as error:  # a fault of ours: report it, where a closed connection would tell nobody
            code, message = 500, f"The local stand-in failed at {request.http} {request.path}: {error!r}"
            if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname.startswith(NO_ROOM):
                code, message = 400, f"The local stand-in can't keep its state: {error}; make room on the disk of {self.state}"
            print(message, file=sys.stderr)
            return ApiError(code, message).response(request.path)

    def _route(self, request: Request) -> tuple[Api, Method, Handler | None, dict[str, str]]:
        path = download[1] if (download := _DOWNLOAD.fullmatch(request.path)) else request.path
        for is_served in (True, False):
            for row in self._rows:
                if found := row.routes[not is_served].find(request.http, path):
                    api, handlers = row.served
                    method, parameters = found
                    return api, method, handlers.get(method.id), parameters
        if request.http in {"GET", "HEAD"} and (xml := _XML.fullmatch(path)) and not path.startswith(_JSON):
            api = next(api for api, _ in (row.served for row in self._rows) if api.is_storage)
            get = next(method for method in api.methods if method.id == "storage.objects.get")
            return api, get, objects.read_xml, {key: unquote(value) for key, value in xml.groupdict().items()}
        raise ApiError(404, f"The local stand-in knows no method {request.http} {unquote(request.path)}.")

    def _steer(self, request: Request) -> Response:
        page = (request.http, request.path.removeprefix("/_local/"))
        if page[1] == "faults":
            if page[0] == "POST":
                self._add_faults(request.body)
            elif page[0] == "DELETE":
                self.faults.clear()
            return json_response(self.faults.describe())
        if page[1] == "requests":
            with self._count_lock:
                if page[0] == "DELETE":
                    self._counts.clear()
                counts = sorted(self._counts.items())
            reads = sum(count for (_, writes), count in counts if not writes)
            methods = {name: count for (name, _), count in counts}
            return json_response({"reads": reads, "writes": sum(methods.values()) - reads, "methods": methods})
        if page[1] == "rights":
            if page[0] == "DELETE":
                self.runtime.used.clear()
            return json_response(self.runtime.used.describe())
        if page == ("GET", "about"):
            return json_response({"pid": os.getpid(), "state": str(self.state.resolve())})
        return pages.answer(self.runtime, request)

    def _add_faults(self, body: bytes) -> None:
        try:
            asked = json.loads(body)
            latency = parse_latency(asked["latency"]) if "latency" in asked else self.faults.latency
            self.faults.add(*asked.get("faults", []))
            self.faults.latency = latency
        except (ValueError, TypeError, AttributeError) as error:
            raise ApiError(400, f"Bad faults: {error}") from None


def _json_body(api: Api, method: Method, request: Request) -> JsonObject:
    if method.upload or method.request is None:
        return {}
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise ApiError(400, f"Invalid JSON payload received. {error}") from None
    return api.check_body(method.request, body)


def _refuse_pages(headers: Mapping[str, str], port: int) -> None:
    """ApiError 403 for what a web page may have sent; the clients we serve send no Origin and no Sec-Fetch-Site."""
    host = headers.get("host", "")
    if host.lower() not in {f"{name}:{port}" for name in push.LOOPBACK}:
        raise ApiError(403, f"The local stand-in answers to {HOST}:{port} and localhost:{port}, not to Host {host!r}.")
    # https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header: "none" is what the user typed
    if "origin" in headers or headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        raise ApiError(403, "The local stand-in answers no web pages: the request has Origin or a cross-site Sec-Fetch-Site.")


def _header(value: str) -> str:
    """A stored value as a header: one line, in the characters that HTTP has."""
    return " ".join(value.split()).encode("latin-1", "replace").decode("latin-1")


class Server(ThreadingHTTPServer):
    """The listening socket; OSError if the port is taken."""

    daemon_threads = True
    request_queue_size = 128  # parallel clients connect in bursts

    def __init__(self, emulator: Emulator, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.emulator = emulator
        emulator.runtime.url = f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without the look-up of the host's name that http.server makes."""
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = HOST, int(self.socket.getsockname()[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            request = Request(
                http=self.command,
                path=path,
                query=dict(parse_qsl(query, keep_blank_values=True)),
                headers=headers,
                body=self._read_body(headers),
                now=self.server.emulator.runtime.clock.now(),
                query_string=query,
            )
            _refuse_pages(headers, self.server.server_port)
            response = self.server.emulator.answer(request)
        except ApiError as error:  # a web page, or an unreadable body: what follows on the connection can't be trusted
            response = error.response(path)
            self.close_connection = True
        self.send_response(response.status)
        # no length and type where the body is absent by definition
        bodiless = response.status in {204, 304}
        if not bodiless:
            self.send_header("Content-Type", _header(response.content_type))
            self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, _header(value))
        self.end_headers()
        if self.command != "HEAD" and not bodiless:
            self.wfile.write(response.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _read_body(self, headers: dict[str, str]) -> bytes:
        try:
            if headers.get("transfer-encoding", "").lower() == "chunked":
                body = self._read_chunks()
            else:
                length = int(headers.get("content-length") or 0)
                if not 0 <= length <= MAX_BODY:
                    raise ApiError(400, f"The body is larger than {MAX_BODY} bytes.")
                body = self.rfile.read(length)
            return gzip.decompress(body) if headers.get("content-encoding") == "gzip" and body else body
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise ApiError(400, f"The body can't be read: {error}") from None

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
            if len(body) > MAX_BODY:
                raise ApiError(400, f"The body is larger than {MAX_BODY} bytes.")
        while self.rfile.readline().strip():  # trailers
            pass
        return bytes(body)

    def log_message(self, format: str, *args: object) -> None:
        """No log: the commands that run against the emulator own the terminal."""
