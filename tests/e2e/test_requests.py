"""Bad requests over HTTP, to the coordinator as it is deployed: a clear 4xx, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.e2e.live import JSON_TYPE, TICK, Live, utc, written

NOON = utc("2027-03-10 12:00")
MAX_HOLD = timedelta(days=4)  # environments/local.yaml
GOOD = {"action": "hold", "scope": "job/odds", "until": written(NOON + timedelta(hours=2)), "reason": "patch", "owner": "me"}
LIMIT = 64 * 1024  # bytes


@pytest.fixture(scope="module")
def seen(shared_live: Live) -> tuple[object, ...]:
    """Everything that a request could change, before any of them."""
    shared_live.stand_at(NOON)
    assert shared_live.reconcile().status == 200
    return _everything(shared_live)


def _everything(live: Live) -> tuple[object, ...]:
    items = [(blob.name, blob.generation) for blob in live.deployment.storage().list_blobs(live.deployment.bucket())]
    return items, {name: (job.state, job.schedule) for name, job in live.deployment.jobs().items()}


def _refused(live: Live, seen: tuple[object, ...], said: str, answer_json: Mapping[str, object]) -> None:
    assert answer_json["ok"] is False
    error = answer_json["error"]
    assert isinstance(error, str)
    assert said in error
    assert "\n" not in error
    assert "Traceback" not in error
    assert _everything(live) == seen


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        pytest.param({"scope": "job/odd"}, 400, "job/odds", id="an unknown scope: what was meant"),
        pytest.param({"scope": "service/nowhere"}, 400, "service/nowhere", id="a scope of nothing"),
        pytest.param({"scope": "../backfills"}, 400, "scope", id="a scope that is a path"),
        pytest.param({"scope": ["all"]}, 400, "scope", id="a scope that is no text"),
        pytest.param({"scope": None}, 400, "scope", id="no scope"),
        pytest.param({"until": written(NOON - TICK)}, 400, "past", id="an end in the past"),
        pytest.param({"until": written(NOON)}, 400, "past", id="an end that is now"),
        pytest.param({"until": written(NOON + TICK / 2)}, 400, "20m", id="an end within a tick"),
        pytest.param({"until": written(NOON + MAX_HOLD + timedelta(seconds=1))}, 400, "4d", id="an end beyond max_hold"),
        pytest.param({"until": "2027-02-30T12:00:00Z"}, 400, "until", id="a day that does not exist"),
        pytest.param({"until": "tomorrow"}, 400, "until", id="an end in words"),
        pytest.param({"until": None}, 400, "end", id="no end"),
        pytest.param({"for_s": 7200}, 400, "one only", id="two ends"),
        pytest.param({"until": None, "for_s": 10**30}, 400, "for_s", id="an end that no date can hold"),
        pytest.param({"reason": None}, 400, "reason", id="no reason"),
        pytest.param({"reason": "  "}, 400, "reason", id="a blank reason"),
        pytest.param({"reason": "a\nb"}, 400, "reason", id="a reason of two lines"),
        pytest.param({"owner": None}, 400, "owner", id="no owner"),
        pytest.param({"id": "a/../b"}, 400, "id", id="an id that is a path"),
        pytest.param({"action": "pause"}, 400, "action", id="an unknown action"),
        pytest.param({"force": True}, 400, "force", id="an unknown key"),
        pytest.param({"action": "release", "id": "x", "until": None}, 404, "job/odds", id="the release of no hold"),
        pytest.param({"action": "extend", "id": "x"}, 404, "job/odds", id="the extension of no hold"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_a_sentence_and_changes_nothing(
    shared_live: Live, seen: tuple[object, ...], change: Mapping[str, object], status: int, said: str
) -> None:
    request = {key: value for key, value in (GOOD | dict(change)).items() if value is not None}
    answer = shared_live.ask(request)
    assert answer.status == status
    _refused(shared_live, seen, said, answer.json)


@pytest.mark.parametrize(
    ("method", "body", "headers", "status", "said"),
    [
        pytest.param("GET", b"", JSON_TYPE, 405, "POST", id="another method"),
        pytest.param("DELETE", json.dumps(GOOD).encode(), JSON_TYPE, 405, "POST", id="another method with a good body"),
        pytest.param("POST", b"", JSON_TYPE, 400, "JSON", id="no body"),
        pytest.param("POST", b"{", JSON_TYPE, 400, "JSON", id="half a body"),
        pytest.param("POST", b"\xff\xfe", JSON_TYPE, 400, "JSON", id="bytes that are no text"),
        pytest.param("POST", b"[" * 10_000, JSON_TYPE, 400, "JSON", id="a body that is nested deeply"),
        pytest.param("POST", b'"reconcile"', JSON_TYPE, 400, "object", id="a body that is no object"),
        pytest.param("POST", json.dumps(GOOD).encode().ljust(LIMIT + 1), JSON_TYPE, 413, "64 KiB", id="an oversized body"),
        pytest.param(
            "POST", json.dumps(GOOD).encode(), {"Content-Type": "text/plain"}, 415, "application/json", id="another type"
        ),
        pytest.param("POST", b'{"message": {"data": "?"}}', JSON_TYPE, 400, "incident", id="a push that is no incident"),
    ],
)
def test_what_is_no_request_is_refused_and_changes_nothing(
    shared_live: Live, seen: tuple[object, ...], method: str, body: bytes, headers: Mapping[str, str], status: int, said: str
) -> None:
    answer = shared_live.ask(body, method=method, headers=headers)
    assert answer.status == status
    _refused(shared_live, seen, said, answer.json)


@pytest.mark.parametrize(
    ("account", "headers", "status"),
    [
        pytest.param(None, JSON_TYPE, 401, id="nobody"),
        pytest.param(None, {**JSON_TYPE, "Authorization": "Bearer ya29.stolen"}, 401, id="a token that nobody gave"),
        pytest.param("stranger", JSON_TYPE, 403, id="an account without run.invoker"),
        pytest.param("interlock-coordinator", JSON_TYPE, 403, id="the coordinator's own account, which need not ask itself"),
    ],
)
def test_who_may_not_ask_is_turned_away_before_the_coordinator_hears_of_it(
    shared_live: Live, seen: tuple[object, ...], account: str | None, headers: Mapping[str, str], status: int
) -> None:
    logged = len(shared_live.log())
    assert shared_live.ask(GOOD, account=account, headers=headers).status == status
    assert _everything(shared_live) == seen
    assert len(shared_live.log()) == logged


def test_a_refusal_is_a_line_in_the_log(shared_live: Live, seen: tuple[object, ...]) -> None:
    shared_live.ask(GOOD | {"scope": "service/nowhere"})
    last = shared_live.log()[-1]
    assert last["event"] == "request_rejected"
    assert "service/nowhere" in last["why"]
    assert _everything(shared_live) == seen
