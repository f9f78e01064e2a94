"""A bucket on the loopback whose answers a test makes slow, broken or wrong: lists by prefix, and contents. It counts both."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

Answer = tuple[int, bytes]


@dataclass
class Bucket:
    """What is in it, and how it answers. A `Respond` may wait, and may return None for what is usual."""

    objects: dict[str, bytes] = field(default_factory=dict)
    on_list: Callable[[str], Answer | None] = lambda _prefix: None
    on_read: Callable[[str], Answer | None] = lambda _name: None
    trickle_s: float = 0.0
    """Seconds between two bytes of a list."""
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def put(self, name: str, **content: object) -> None:
        """Writes an object."""
        self.objects[name] = json.dumps(content).encode()

    def client(self) -> storage.Client:
        """As a scraper makes it whose credentials are there."""
        options = {"api_endpoint": self.url}
        return storage.Client(project="p", credentials=AnonymousCredentials(), client_options=options, _http=requests.Session())


@contextmanager
def serving() -> Iterator[Bucket]:
    """A server on a free port."""
    bucket = Bucket()

    class Handler(_Handler):
        served = bucket

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Nothing: who gives up closes the connection."""

    with Server(("127.0.0.1", 0), Handler) as http:
        http.block_on_close = False
        bucket.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield bucket
        finally:
            http.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    served: ClassVar[Bucket]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """A list or a content."""
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path.endswith("/o"):
            prefix = query.get("prefix", [""])[0]
            self.served.asked.append(f"list {prefix}")
            status, body = self.served.on_list(prefix) or (200, _listed(self.served.objects, prefix))
            self._answer(status, body, self.served.trickle_s)
            return
        if "/o/" not in path:  # the bucket itself, for which some versions of the client ask now and then
            self._answer(403, b"{}")
            return
        name = unquote(path.rpartition("/o/")[2])
        self.served.asked.append(f"read {name}")
        usual = (200, self.served.objects[name]) if name in self.served.objects else (404, b"{}")
        self._answer(*(self.served.on_read(name) or usual))

    def _answer(self, status: int, body: bytes, trickle_s: float = 0.0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not trickle_s:
            self.wfile.write(body)
            return
        for byte in body:
            self.wfile.write(bytes([byte]))
            time.sleep(trickle_s)


def _listed(objects: Mapping[str, bytes], prefix: str) -> bytes:
    items = [{"name": name, "generation": "1"} for name in sorted(objects) if name.startswith(prefix)]
    return json.dumps({"items": items}).encode()
