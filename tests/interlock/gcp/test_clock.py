"""The clock of a person's machine against Google's, which a server on loopback stands in for."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
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


class StandIn(HTTPServer):
    """Says of its clock that it is `now`, over connections that it counts, and may end after each answer."""

    def __init__(self, port: int = 0, *, status: int = 200, now: str = "2026-03-10T12:05:00Z", ends: bool = False) -> None:
        self.connections = 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = json.dumps({"now": now}).encode()
                self.send_response_only(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = ends

        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def get_request(self) -> tuple[socket.socket, object]:
        self.connections += 1
        return super().get_request()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., StandIn]]:
    """Starts one, whose clock is asked from then on."""
    running: list[StandIn] = []

    def start(**more: object) -> StandIn:
        running.append(StandIn(**more))  # type: ignore[arg-type]
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", f"http://127.0.0.1:{running[-1].server_port}")
        return running[-1]

    yield start
    clock._kept.clear()
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("ends", "connections"), [(False, 1), (True, 3)], ids=["kept", "ended by the stand-in"])
def test_a_connection_to_the_stand_in_is_kept_and_begun_anew_where_it_has_ended(
    stand_in: Callable[..., StandIn], ends: bool, connections: int
) -> None:
    server = stand_in(ends=ends)
    assert {clock.clock() for _ in range(3)} == {datetime(2026, 3, 10, 12, 5, tzinfo=UTC)}
    assert server.connections == connections


def test_another_stand_in_is_asked_over_connections_of_its_own(stand_in: Callable[..., StandIn]) -> None:
    stand_in()
    assert clock.clock().year == 2026
    stand_in(now="2027-03-10T12:05:00Z")
    assert clock.clock().year == 2027


def test_a_stand_in_that_refuses_is_an_error(stand_in: Callable[..., StandIn]) -> None:
    stand_in(status=503)
    with pytest.raises(CloudError, match="does not say what time it is: it answers 503 Service Unavailable"):
        clock.clock()


FORKS = """\
import os
from interlock.gcp import clock
clock.clock()
assert len(clock._kept) == 1
if os.fork() == 0:
    os._exit(len(clock._kept))
assert os.wait()[1] == 0
clock.clock()
"""


def test_a_copy_of_the_process_has_no_connection_of_this_one(stand_in: Callable[..., StandIn]) -> None:
    server = stand_in()
    subprocess.run([sys.executable, "-c", FORKS], check=True, timeout=60)
    assert server.connections == 1
