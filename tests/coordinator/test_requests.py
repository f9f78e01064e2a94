"""What may be asked of the coordinator, and that a refusal changes nothing."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from interlock.actual import ENABLED, PAUSED
from interlock.runtime.ports import Refused
from tests.coordinator.conftest import Ask
from tests.coordinator.memory import Call, World

LATER = "2026-03-10T15:30:00Z"
HOLD = {"action": "hold", "scope": "service/scrapers", "until": LATER, "reason": "deploys", "owner": "ana", "id": "d1"}
OBJECT = f"holds/service/scrapers/d1@{LATER}.json"
COVERED, DECLARED_PAUSED, OTHER = ("gamebook-scraper", "line-scraper"), "morning-catch-up", "repair"


def incident(
    table: str = "acme-data:raw.games", state: str = "open", breaker: str = "breaker", **more: object
) -> dict[str, object]:
    """A Pub/Sub push with an incident: https://cloud.google.com/monitoring/support/notification-options#schema-pubsub"""
    said = {
        "incident_id": "0.abc",
        "state": state,
        "policy_name": "Serialization conflicts",
        "policy_user_labels": {"interlock": breaker},
        "metric": {"type": "logging.googleapis.com/user/conflicts", "labels": {"table": table}},
        **more,
    }
    return envelope(json.dumps({"version": "1.2", "incident": said}).encode())


def envelope(data: bytes) -> dict[str, object]:
    message = {"data": base64.b64encode(data).decode(), "messageId": "1", "attributes": {}}
    return {"message": message, "subscription": "projects/p/subscriptions/interlock-alerts-push"}


def test_a_hold_is_written_and_its_jobs_pause(ask: Ask, world: World) -> None:
    status, answer = ask(HOLD)
    assert (status, answer["ok"]) == (200, True)
    assert world.names("holds/") == [OBJECT]
    assert {name: world.states()[name] for name in (*COVERED, DECLARED_PAUSED, OTHER)} == {
        **dict.fromkeys((*COVERED, DECLARED_PAUSED), PAUSED),
        OTHER: ENABLED,
    }
    paused = [(record.job, record.hold) for record in world.records if record.event == "job_paused"]
    assert paused == [(job, "service/scrapers") for job in COVERED]


def test_the_same_hold_twice_is_one(ask: Ask, world: World) -> None:
    assert [ask(HOLD)[0], ask(HOLD)[0]] == [200, 200]
    assert world.names("holds/") == [OBJECT]


def test_an_extended_hold_has_one_object_with_the_later_end(ask: Ask, world: World) -> None:
    ask(HOLD)
    status, _ = ask({"action": "extend", "scope": "service/scrapers", "id": "d1", "for_s": 6 * 3600})
    assert status == 200
    assert world.names("holds/") == ["holds/service/scrapers/d1@2026-03-10T18:05:00Z.json"]


def test_a_release_gives_back_what_was_declared(ask: Ask, world: World) -> None:
    before = world.states()
    ask(HOLD)
    status, _ = ask({"action": "release", "scope": "service/scrapers", "id": "d1", "owner": "ana", "reason": "done"})
    assert (status, world.states(), world.names("holds/"), world.runs) == (200, before, [], [])


def test_a_reconcile_ends_what_has_ended(ask: Ask, world: World) -> None:
    before = world.states()
    ask(HOLD)
    world.now += timedelta(hours=4)
    assert ask({"action": "reconcile"})[0] == 200
    assert (world.states(), world.names("holds/")) == (before, [])


def test_an_open_incident_holds_the_writers_of_its_table_once(ask: Ask, world: World) -> None:
    for _ in range(3):
        assert ask(incident())[0] == 200
        world.now += timedelta(minutes=1)
    assert world.names("holds/") == ["holds/table/raw.games/breaker@2026-03-10T12:37:00Z.json"]
    assert world.states()["gamebook-scraper"] == PAUSED


def test_an_incident_that_comes_again_holds_no_longer_and_is_ignored_after_its_end(ask: Ask, world: World) -> None:
    push = incident(started_at=int(world.now.timestamp()))
    for _ in range(3):
        assert ask(push)[0] == 200
        assert world.names("holds/") == ["holds/table/raw.games/breaker@2026-03-10T12:35:00Z.json"]
        world.now += timedelta(minutes=8)
    world.now += timedelta(minutes=8)
    assert ask(push)[0] == 200
    assert world.names("holds/") == []
    assert [record.event for record in world.records if record.event == "incident_ignored"] == ["incident_ignored"]


@pytest.mark.parametrize("kind", ["pause", "create"])
def test_an_incident_is_delivered_again_only_until_its_hold_is_written(ask: Ask, world: World, kind: str) -> None:
    """Else one whose hold a person released would come again, and hold again."""

    def fail(call: Call) -> None:
        if call.kind == kind:
            raise Refused(403, "no permission")

    world.fail = fail
    status, answer = ask(incident(started_at=int(world.now.timestamp())))
    assert (status, answer["ok"]) == ({"pause": 200, "create": 503}[kind], False)
    assert len(world.names("holds/")) == (1 if kind == "pause" else 0)


@pytest.mark.parametrize(
    "push",
    [
        pytest.param(incident(state="closed"), id="a closed incident"),
        pytest.param(incident(breaker="no"), id="an incident of another policy"),
        pytest.param(incident(table=""), id="an incident without a table"),
        pytest.param(incident(table="acme-data:raw.unheard_of"), id="an incident of a table that nobody writes"),
        pytest.param(incident(table="../../all"), id="an incident of what is no table"),
    ],
)
def test_an_incident_that_holds_nothing(ask: Ask, world: World, push: dict[str, object]) -> None:
    before = world.states()
    assert ask(push)[0] == 200
    assert (world.names("holds/"), world.states()) == ([], before)


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        pytest.param({**HOLD, "scope": "service/scraper"}, 400, "did you mean service/scrapers", id="unknown scope"),
        pytest.param({**HOLD, "scope": "../declaration"}, 400, "scope '../declaration' is none", id="no scope at all"),
        pytest.param({**HOLD, "scope": ["all"]}, 400, "scope ['all'] is none", id="a list of scopes"),
        pytest.param({**HOLD, "until": "2026-03-10T12:00:00Z"}, 400, "is in the past", id="end in the past"),
        pytest.param({**HOLD, "until": "2026-03-10T12:10:00Z"}, 400, "is too soon", id="end sooner than two ticks"),
        pytest.param(
            {**HOLD, "until": "2027-03-10T12:10:00Z"}, 400, "is too late; no hold may be longer", id="beyond max_hold"
        ),
        pytest.param({**HOLD, "until": "tomorrow"}, 400, "until 'tomorrow' is no end", id="no instant"),
        pytest.param({**HOLD, "for_s": 7200}, 400, "one only; say until or for_s", id="two ends"),
        pytest.param({**HOLD, "until": None, "for_s": -1}, 400, "it must have an end", id="until null and for_s"),
        pytest.param({k: v for k, v in HOLD.items() if k != "reason"}, 400, "reason is missing", id="no reason"),
        pytest.param({**HOLD, "reason": " "}, 400, "reason is missing", id="an empty reason"),
        pytest.param({**HOLD, "reason": "a\nb"}, 400, "reason is not one line", id="a reason of two lines"),
        pytest.param({k: v for k, v in HOLD.items() if k != "owner"}, 400, "owner is missing", id="no owner"),
        pytest.param({**HOLD, "id": "../x"}, 400, "id '../x' is none", id="an id that leaves its folder"),
        pytest.param({**HOLD, "ends": LATER}, 400, "hold has no key 'ends'", id="an unknown key"),
        pytest.param({**HOLD, "action": "holds"}, 400, "action 'holds' is not known; did you mean hold?", id="unknown action"),
        pytest.param({}, 400, "action None is not known", id="no action"),
        pytest.param({"action": "release", "scope": "all", "id": "x"}, 404, "no hold of all called x", id="no such hold"),
        pytest.param(
            {"action": "extend", "scope": "all", "id": "x", "for_s": 7200}, 404, "no hold of all", id="nothing to extend"
        ),
        pytest.param(b"{", 400, "the body is no JSON", id="bad JSON"),
        pytest.param(b"\xff\xfe", 400, "the body is no JSON", id="no text"),
        pytest.param(b"[" * 30_000, 400, "the body is no JSON", id="JSON that is nested without end"),
        pytest.param(b"[]", 400, "no JSON object", id="a list"),
        pytest.param(b" " * (64 * 1024 + 1), 413, "longer than 64 KiB", id="oversized"),
        pytest.param({"message": {}}, 400, "holds no incident", id="an envelope without data"),
        pytest.param({"message": {"data": "%%%"}}, 400, "holds no incident", id="data that is no base64"),
        pytest.param({"message": "x"}, 400, "holds no incident", id="a message that is a text"),
        pytest.param(envelope(b"hello"), 400, "holds no incident", id="data that is no JSON"),
        pytest.param(envelope(b'{"incident": {"state": "maybe"}}'), 400, "holds no incident", id="an unknown state"),
    ],
)
def test_a_bad_request_is_refused_in_a_sentence_and_changes_nothing(
    ask: Ask, world: World, request_: dict[str, object] | bytes, code: int, said: str
) -> None:
    objects, states = dict(world.objects), world.states()
    status, answer = ask(request_)
    assert (status, answer["ok"]) == (code, False)
    assert said in str(answer["error"])
    assert "\n" not in str(answer["error"])
    assert (world.objects, world.states(), world.runs) == (objects, states, [])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_another_method_is_refused(ask: Ask, world: World, method: str) -> None:
    assert ask(HOLD, method=method)[0] == 405
    assert world.calls == 0


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_another_type_is_refused(ask: Ask, world: World, content_type: str) -> None:
    assert ask(HOLD, content_type=content_type)[0] == 415
    assert world.calls == 0
