"""The function as functions-framework serves it: over HTTP, with what it prints, and what it loads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from functions_framework import create_app

from coordinator import main
from interlock.gcp import CloudError, tokens
from interlock.runtime.ports import Refused, Unknown
from tests.coordinator.conftest import ROOT
from tests.coordinator.memory import Call, World
from tests.coordinator.test_requests import HOLD
from tests.coordinator.tokens import CALLERS, certs, token
from tests.interlock.board.shelf import MemoryShelf

HEAVY = {"cdktf", "constructs", "jsii", "pydantic", "pydantic_core", "rich", "yaml"}
MAIN = "from coordinator.main import handle\n"
"""As the source archive has it."""


@pytest.fixture
def client(world: World, shelf: MemoryShelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FlaskClient:
    """The function over HTTP, acting on `world`, and logging as it is deployed."""

    def outside() -> object:
        made = world.outside()
        object.__setattr__(made, "log", main.log)
        return made

    monkeypatch.setattr(main, "outside", outside)
    monkeypatch.setattr(main, "shelf", lambda: shelf)
    monkeypatch.setenv(main.PROJECT, "acme")
    monkeypatch.setenv(main.BUCKET, "acme-holds")
    monkeypatch.setattr(tokens, "_fetched", lambda _: certs())
    monkeypatch.setenv(main.CALLERS, CALLERS.to_json())
    (tmp_path / "main.py").write_text(MAIN)
    client: FlaskClient = create_app("handle", str(tmp_path / "main.py")).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token()}"
    return client


def test_every_transition_is_a_line_of_json_as_cloud_logging_takes_it(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    response = client.post("/", json=HOLD)
    assert (response.status_code, response.content_type) == (200, "application/json")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["severity"] for line in lines} == {"INFO"}
    assert [(line["event"], line.get("job")) for line in lines] == [
        ("hold_written", None),
        ("job_paused", "gamebook-scraper"),
        ("job_paused", "line-scraper"),
        ("reconciled", None),
    ]
    [first, *_] = [line for line in lines if line["event"] == "job_paused"]
    assert (first["hold"], first["until"]) == ("service/scrapers", HOLD["until"])
    assert first["why"] == "held by service/scrapers"
    assert {line["asked_by"] for line in lines} == {"ana@acme.dev"}
    assert response.json is not None
    assert response.json["ok"]
    assert response.json["report"]["records"] == lines


def test_a_hold_by_request_is_on_the_board_before_whoever_asked_hears_of_it(client: FlaskClient, shelf: MemoryShelf) -> None:
    client.post("/", json={"action": "reconcile"})
    assert "Nothing is held" in shelf.page
    client.post("/", json=HOLD)
    assert "<h1>2 jobs are held</h1>" in shelf.page
    assert "<bdi>service/scrapers</bdi>" in shelf.page
    assert shelf.data["history"][0]["asked_by"] == "ana@acme.dev"


@pytest.mark.parametrize(
    "failure",
    [Unknown("no answer"), Refused(403, "no right"), ValueError("a fault of ours")],
    ids=["no answer", "no right", "a fault of ours"],
)
def test_a_board_that_cant_be_written_fails_no_hold_and_is_logged(
    client: FlaskClient, shelf: MemoryShelf, capsys: pytest.CaptureFixture[str], failure: Exception
) -> None:
    client.post("/", json={"action": "reconcile"})
    before = shelf.page

    def fail(_: str) -> None:
        raise failure

    shelf.fails = fail
    response = client.post("/", json=HOLD)
    assert response.status_code == 200
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["severity"] for line in lines if line["event"] == "board_failed"] == ["WARNING"]
    assert shelf.page == before, "it says its age"


def test_a_tick_that_can_see_nothing_leaves_the_board_that_is_there(
    client: FlaskClient, world: World, shelf: MemoryShelf
) -> None:
    client.post("/", json={"action": "reconcile"})
    before, world.objects = shelf.page, {}
    assert client.post("/", json={"action": "reconcile"}).status_code == 503
    assert shelf.page == before


def test_a_request_that_is_refused_asks_nothing_of_the_board(client: FlaskClient, shelf: MemoryShelf) -> None:
    assert client.post("/", json=HOLD | {"scope": "service/gone"}).status_code >= 400
    assert shelf.calls == []


def test_who_sends_no_token_gets_nothing_but_a_sentence(client: FlaskClient, world: World) -> None:
    del client.environ_base["HTTP_AUTHORIZATION"]
    response = client.post("/", json=HOLD)
    assert response.status_code == 401
    assert response.json == {"ok": False, "error": "the request has no identity token; send Authorization: Bearer TOKEN"}
    assert world.calls == 0


def test_the_path_does_not_matter_and_a_get_is_told_what_is_allowed(client: FlaskClient) -> None:
    assert client.post("/reconcile", json={"action": "reconcile"}).status_code == 200
    response = client.get("/reconcile")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert response.json == {"ok": False, "error": "GET is not allowed here; send a POST"}


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1_000_000])
def test_no_more_than_the_limit_is_read(client: FlaskClient, world: World, size: int) -> None:
    response = client.post("/", data=b" " * size, content_type="application/json")
    assert response.status_code == 413
    assert world.calls == 0


def test_a_refusal_is_logged(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.post("/", json={**HOLD, "reason": ""})
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["severity"], line["event"]) == ("WARNING", "request_rejected")
    assert line["why"] == "400: reason is missing; say one, so that others know"


def test_a_fault_of_ours_is_a_sentence_outside_and_a_stack_trace_in_the_log(
    client: FlaskClient, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Call) -> None:
        raise KeyError("surprise")

    world.fail = fail
    response = client.post("/", json=HOLD)
    assert response.status_code == 500
    assert response.json == {"ok": False, "error": "the coordinator failed: KeyError; its log says more"}
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["severity"], line["event"]) == ("ERROR", "request_failed")
    assert "Traceback" in line["why"]


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "without INTERLOCK_PROJECT and INTERLOCK_BUCKET"),
        ({"INTERLOCK_PROJECT": "p", "INTERLOCK_BUCKET": ""}, "without INTERLOCK_BUCKET"),
    ],
)
def test_a_setting_that_is_missing_is_named(environ: dict[str, str], said: str) -> None:
    with pytest.raises(CloudError, match=said):
        main.settings(environ)


def test_settings() -> None:
    assert main.settings({"INTERLOCK_PROJECT": "p", "INTERLOCK_BUCKET": "b"}) == ("p", "b")


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """What an instance loads before its first request."""
    code = "import sys; before = set(sys.modules); import coordinator.main; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return {*done.stdout.split()}


def test_it_starts_without_what_only_people_and_plans_need(loaded: set[str]) -> None:
    packages = {name.partition(".")[0] for name in loaded}
    assert "interlock" in packages
    assert not packages & HEAVY


def test_an_instance_has_google_s_libraries_before_somebody_waits_for_an_answer(loaded: set[str]) -> None:
    assert {"google.cloud.scheduler_v1", "google.cloud.storage"} <= loaded


def test_what_it_is_built_with_is_what_the_lock_of_all_has() -> None:
    def pins(path: str) -> set[str]:
        return {line.partition(" ")[0] for line in (ROOT / path).read_text().splitlines() if "==" in line}

    built = pins("coordinator/requirements.txt")
    assert built <= pins("requirements/run.txt")
    assert {name.partition("==")[0] for name in built} >= {"functions-framework", "google-cloud-storage", "cronsim"}
