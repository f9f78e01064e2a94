"""A page that is made anew each time, on this machine alone: nobody else reaches it, and no other site reads it."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from interlock.gcp import CloudError
from interlock.terminal.tables import say

LOOPBACK = "127.0.0.1"
SECONDS = 15
"""Until a browser asks again, by the header that every one of them knows: the page needs no script for it."""


def serve(made: Callable[[], str], port: int, *, opens: bool = False) -> None:
    """Serves what `made` returns, until Ctrl-C. CloudError where the port is taken."""
    try:
        server = ThreadingHTTPServer((LOOPBACK, port), _handler(made))
    except OSError as error:
        raise CloudError(
            f"port {port} of this machine can't be used: {error.strerror}; leave out --port for a free one"
        ) from None
    url = f"http://{LOOPBACK}:{server.server_port}/"
    say(f"{url} shows the board anew every {SECONDS} seconds; Ctrl-C ends it")
    if opens:
        webbrowser.open(url)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("ended")


def _handler(made: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # A name that resolves to this machine would let another site read the page: by its address or not at all.
            host = self.headers.get("Host", "")
            if host not in (f"{LOOPBACK}:{self.server.server_port}", f"localhost:{self.server.server_port}"):  # type: ignore[attr-defined]
                self.send_error(421)
            elif self.path.partition("?")[0] != "/":
                self.send_error(404)
            else:
                self._answer()

        def _answer(self) -> None:
            try:
                status, kind, content = 200, "text/html", made()
            except CloudError as error:
                status, kind, content = 503, "text/plain", f"{error}\n"
            body = content.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Refresh", str(SECONDS))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody asked for it."""

    return Handler
