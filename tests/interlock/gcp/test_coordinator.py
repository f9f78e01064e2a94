"""Asking the coordinator: what is sent, as whom, and what each kind of answer becomes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.coordinator import BUSY_SECONDS, Answer, ask
from interlock.reading.files import load_environment

LOCAL = load_environment(Path(__file__).parents[3] / "environments", "local")
REQUEST = {"action": "reconcile"}


@dataclass
class Stand:
    """Answers every request with `status` and `body`, and keeps what came."""

    status: int = 200
    body: bytes = b'{"ok": true, "report": {"rounds": 1}}'
    seen: list[tuple[str, str | None, object]] = field(default_factory=list)
    url: str = ""
    busy: list[tuple[int, bytes]] = field(default_factory=list)
    """Answers that come first."""


@pytest.fixture
def stand() -> Iterator[Stand]:
    """A server in the place of the coordinator."""
    stand = Stand()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stand.seen.append((self.path, self.headers["Authorization"], body))
            status, answer = stand.busy.pop(0) if stand.busy else (stand.status, stand.body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        stand.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield stand
        server.shutdown()
        thread.join()


def test_on_the_local_target_the_operator_asks(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", stand.url)
    assert ask(LOCAL, REQUEST) == Answer(ok=True, status=200, report={"rounds": 1})
    assert LOCAL.coordinator.operators == ("serviceAccount:operator@interlock-local.iam.gserviceaccount.com",)
    token = "Bearer local:operator@interlock-local.iam.gserviceaccount.com"
    assert stand.seen == [("/_functions/interlock-coordinator/", token, REQUEST)]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        pytest.param(400, b'{"ok": false, "error": "reason is missing"}', "^reason is missing$", id="a refusal"),
        pytest.param(401, b"no", "takes no request of yours .401.; you need roles/run.invoker on it", id="without a token"),
        pytest.param(403, b"{}", "takes no request of yours .403.; you need roles/run.invoker on it", id="without the role"),
        pytest.param(
            404, b"<html>", "does not answer as the coordinator does .404.*make deploy, or add --direct", id="nothing"
        ),
        pytest.param(200, b"[1]", "does not answer as the coordinator does", id="something else"),
        pytest.param(200, b'{"ok": "yes"}', "does not answer as the coordinator does", id="something like it"),
    ],
)
def test_an_answer_that_is_an_error(stand: Stand, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, said: str) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", stand.url)
    stand.status, stand.body = status, body
    with pytest.raises(CloudError, match=said):
        ask(LOCAL, REQUEST)


def test_an_answer_that_is_not_finished(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", stand.url)
    stand.status, stand.body = 503, b'{"ok": false, "error": "the bucket does not answer"}'
    records = [{"event": "request_failed", "why": "the bucket does not answer"}]
    assert ask(LOCAL, REQUEST) == Answer(ok=False, status=503, report={"records": records})


def test_a_busy_coordinator_is_asked_again(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", stand.url)
    stand.busy = [(429, b"Rate exceeded."), (500, b"no instance"), (503, b"<html>")]
    slept: list[float] = []
    assert ask(LOCAL, REQUEST, slept.append) == Answer(ok=True, status=200, report={"rounds": 1})
    assert slept == list(BUSY_SECONDS[:3])
    assert [seen[2] for seen in stand.seen] == [REQUEST] * 4


@pytest.mark.parametrize(
    ("status", "body", "times"),
    [
        pytest.param(429, b"Rate exceeded.", len(BUSY_SECONDS) + 1, id="too many requests"),
        pytest.param(503, b"Service Unavailable", len(BUSY_SECONDS) + 1, id="no instance"),
        pytest.param(504, b"upstream request timeout", 1, id="a timeout, after which nobody waits once more"),
    ],
)
def test_a_coordinator_that_stays_busy_is_said_to_be(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, times: int
) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", stand.url)
    stand.status, stand.body = status, body
    slept: list[float] = []
    with pytest.raises(CloudError, match=r"the coordinator is busy or starting .*; again in a minute, or --direct"):
        ask(LOCAL, REQUEST, slept.append)
    assert (len(stand.seen), len(slept)) == (times, times - 1)
    assert sum(slept) <= 60


def test_no_answer_says_that_it_may_have_been_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", "http://127.0.0.1:9")
    with pytest.raises(CloudError, match=r"no answer from the coordinator .*look with .venv/bin/interlock holds"):
        ask(LOCAL, REQUEST)


@pytest.fixture
def production(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment that is not local, whose coordinator is `stand`."""
    for name in ("INTERLOCK_LOCAL_URL", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    return replace(LOCAL, name="production", coordinator=replace(LOCAL.coordinator, url=stand.url))


def gcloud(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a gcloud of ours first on PATH."""
    (folder / "gcloud").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "gcloud").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("script", "token"),
    [
        pytest.param('echo "of $3"', "of --audiences={url}", id="an account's, for the coordinator"),
        pytest.param('[ $# = 2 ] && echo mine && exit; echo "Invalid account type" >&2; exit 1', "mine", id="a person's"),
    ],
)
def test_the_token_that_gcloud_gives_is_sent(
    production: Environment, stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, token: str
) -> None:
    gcloud(tmp_path, script, monkeypatch)
    ask(production, REQUEST)
    assert stand.seen == [("/", f"Bearer {token.format(url=stand.url)}", REQUEST)]


def test_without_a_login_the_next_command_is_named(
    production: Environment, stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gcloud(tmp_path, "echo You do not have an active account >&2; exit 1", monkeypatch)
    with pytest.raises(CloudError, match=r"You do not have an active account; run: gcloud auth login"):
        ask(production, REQUEST)
    assert stand.seen == []
