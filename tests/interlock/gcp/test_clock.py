"""The clock of a person's machine against Google's, which a server on loopback stands in for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from interlock.gcp import CloudError, clock
from interlock.runtime.ledger import MAX_CLOCK_SKEW

Serve = Callable[[str | None, int], None]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Has Google answer with this Date header, or none, and this status."""
    servers: list[HTTPServer] = []

    def start(date: str | None, status: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response_only(status)
                if date is not None:
                    self.send_header("Date", date)
                self.end_headers()

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        monkeypatch.setattr(clock, "GOOGLE", f"http://127.0.0.1:{server.server_port}/")

    monkeypatch.delenv("INTERLOCK_LOCAL_URL", raising=False)
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def ago(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) - timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_clock_that_is_nearly_right_will_do_whatever_else_google_says(serve: Serve, status: int) -> None:
    serve(ago(2), status)
    clock.check_clock()


@pytest.mark.parametrize(
    ("off", "said"),
    [
        pytest.param(3 * 3600, "s ahead of Google's", id="hours ahead"),
        pytest.param(-3 * 3600, "s behind Google's", id="hours behind"),
        pytest.param(MAX_CLOCK_SKEW.total_seconds() + 5, "s ahead of Google's", id="by more than instances may be apart"),
    ],
)
def test_a_clock_that_is_wrong_is_refused_with_how_wrong_it_is(serve: Serve, off: float, said: str) -> None:
    serve(ago(off), 200)
    with pytest.raises(CloudError, match=said):
        clock.check_clock()


@pytest.mark.parametrize("date", [None, "yesterday"], ids=["no date", "no instant"])
def test_a_clock_that_can_t_be_compared_is_refused(serve: Serve, date: str | None) -> None:
    serve(date, 200)
    with pytest.raises(CloudError, match="does not say what time it is"):
        clock.check_clock()


def test_without_an_answer_it_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        monkeypatch.setattr(clock, "GOOGLE", f"http://127.0.0.1:{closed.server_port}/")
    monkeypatch.delenv("INTERLOCK_LOCAL_URL", raising=False)
    with pytest.raises(CloudError, match="does not say what time it is"):
        clock.check_clock()


def test_the_local_targets_clock_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", "http://127.0.0.1:1")
    clock.check_clock()
