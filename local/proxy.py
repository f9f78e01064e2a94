"""A proxy on loopback that refuses everything, and keeps who was asked for: what may talk to this machine only gets it.

Whoever must not reach another host is given its address as HTTP_PROXY and HTTPS_PROXY. Go's clients, and with NO_PROXY those of
Python, take no proxy to loopback: https://pkg.go.dev/net/http#ProxyFromEnvironment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_STOP_SECONDS = 0.05  # how long `serve_forever` may take to see that it has to end


class Refusing:
    """The proxy that is running: where it is, and the hosts that somebody asked it for, each once and in order."""

    def __init__(self) -> None:
        self._asked: dict[str, None] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._note))

    @property
    def url(self) -> str:
        """As the variables want it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def asked(self) -> tuple[str, ...]:
        """The hosts, without their ports."""
        with self._lock:
            return tuple(self._asked)

    def _note(self, host: str) -> None:
        with self._lock:
            self._asked[host] = None

    def serve(self) -> None:
        """Answer until `stop`."""
        self._server.serve_forever(poll_interval=_STOP_SECONDS)

    def stop(self) -> None:
        """End `serve`, and listen no longer."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def refusing() -> Iterator[Refusing]:
    """The proxy, while the block lasts."""
    proxy = Refusing()
    thread = threading.Thread(target=proxy.serve, name="proxy", daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()


def _handler(note: Callable[[str], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _refuse(self) -> None:
            target = self.path if "://" in self.path else f"//{self.path}"  # CONNECT names host:port, the others a URL
            try:
                host = urlsplit(target).hostname
            except ValueError:
                host = None
            note(host or self.path)
            self.send_response(403, "Only this machine")
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        do_CONNECT = do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    return Handler
