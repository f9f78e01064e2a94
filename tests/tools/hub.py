"""A GitHub on the loopback, for the tests of what posts with a token."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests import forked

ROOT = Path(__file__).parents[2]
TOKEN = "s3cret"
BOT, STRANGER = "github-actions[bot]", "mallory"
Entry = dict[str, Any]
Answer = Callable[[str, str, Entry], tuple[int, object]]
"""From a method, a URL and what was sent to a status and JSON."""


@contextmanager
def serve(answer: Answer) -> Iterator[str]:
    """The URL at which `answer` answers whoever has the token."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                return
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
            known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            status, found = answer(self.command, self.path, body) if known else (401, {})
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run_module(module: str, folder: Path, url: str, *, token: str = TOKEN, **environ: str) -> tuple[int, str]:
    """A script as in CI: in a checkout, with the standard library and nothing else."""
    env = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": "o/r", "GH_TOKEN": token, "NO_PROXY": "*", "PATH": os.environ["PATH"]}
    done = forked.run(forked.STANDARD, [module, str(folder)], ROOT, {**env, **environ})
    assert "Traceback" not in done.stderr, done.stderr
    assert token not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr
