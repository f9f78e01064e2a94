"""HTTP to this machine only, over connections that are kept, with the provider's retries."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.provider import rest
from local.provider.rest import ApiError, Call, Interrupted, Rest, check_loopback

DROP = 0  # close the connection without an answer


@contextmanager
def server(*statuses: int, keeps: bool = True) -> Iterator[tuple[str, list[int]]]:
    """A server that answers with these statuses in turn, then 200; its URL, and the client's port of each request."""
    script, ports = list(statuses), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            ports.append(self.client_address[1])
            status = script.pop(0) if script else 200
            self.close_connection = not keeps or status == DROP
            if status != DROP:
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/x", ports
        listening.shutdown()
        thread.join()


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setattr(rest, "FIRST_BACKOFF_SECONDS", 0.0)
    return Call(stopping=threading.Event())


def test_after_a_round_of_retries_the_waits_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waited = [0.0], list[float]()

    def wait(_self: Call, seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(Call, "wait", wait)
    monkeypatch.setattr(rest.time, "monotonic", lambda: now[0])
    with server(*[503] * 1000) as (url, _), pytest.raises(ApiError, match="Error 503"):
        Rest().send("GET", url, call=Call(stopping=threading.Event()))
    one_round = [0.5, 1.0, 1.5, 2.5, 4.0, 6.5, 10.5, 17.0, 27.5, 19.0]
    assert waited[:20] == 2 * one_round
    assert sum(waited) == rest.RETRY_BUDGET_SECONDS


def test_a_connection_is_kept(call: Call) -> None:
    with server() as (url, ports):
        client = Rest()
        for _ in range(3):
            client.send("GET", url, call=call)
    assert len(set(ports)) == 1


def test_a_connection_that_the_server_closed_is_made_anew(call: Call) -> None:
    with server(keeps=False) as (url, ports):
        client = Rest()
        for _ in range(3):
            assert client.send("GET", url, call=call).json() == {}
    assert len(set(ports)) == 3


@pytest.mark.parametrize("statuses", [(429, 502, 503), (DROP, DROP)], ids=["refusals", "broken connections"])
def test_what_passes_is_retried(call: Call, statuses: tuple[int, ...]) -> None:
    with server(*statuses) as (url, ports):
        assert Rest().send("GET", url, call=call).status == 200
    assert len(ports) == len(statuses) + 1


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 500])
def test_what_does_not_pass_is_not_retried(call: Call, status: int) -> None:
    with server(status) as (url, ports), pytest.raises(ApiError, match=f"googleapi: Error {status}"):
        Rest().send("GET", url, call=call)
    assert len(ports) == 1


def test_retries_end_with_the_budget(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "RETRY_BUDGET_SECONDS", -1.0)
    with server(503, 503) as (url, ports), pytest.raises(ApiError, match="Error 503"):
        Rest().send("GET", url, call=call)
    assert len(ports) == 1


def test_waits_grow_as_the_providers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(Call, "wait", lambda _self, seconds: waited.append(seconds))
    with server(*[503] * 6) as (url, _):
        Rest().send("GET", url, call=Call(stopping=threading.Event()))
    assert waited == [0.5, 1.0, 1.5, 2.5, 4.0, 6.5]


def test_who_waits_to_retry_when_the_provider_ends_waits_no_longer() -> None:
    stopping = threading.Event()
    stopping.set()
    with server(503) as (url, _), pytest.raises(Interrupted):
        Rest().send("GET", url, call=Call(stopping=stopping))


def test_nothing_is_sent_for_a_caller_that_is_gone() -> None:
    with server() as (url, ports), pytest.raises(Interrupted):
        Rest().send("GET", url, call=Call(stopping=threading.Event(), is_active=lambda: False))
    assert ports == []


def test_nobody_listening_is_said_at_once(call: Call) -> None:
    with server() as (url, _):
        pass
    with pytest.raises(ApiError, match="is the local target still running"):
        Rest().send("GET", url, call=call)


@pytest.mark.parametrize(
    "url",
    [
        "https://cloudscheduler.googleapis.com/v1/",
        "http://cloudscheduler.googleapis.com/v1/",
        "https://127.0.0.1/v1/",
        "http://10.0.0.1/v1/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "file:///etc/passwd",
        "",
    ],
)
def test_every_address_but_this_machine_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        check_loopback(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8085/v1/", "http://localhost:8085", "http://[::1]:8085/"])
def test_this_machine_is_not_refused(url: str) -> None:
    check_loopback(url)
