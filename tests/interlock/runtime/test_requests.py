"""What may be asked, and each way to ask badly: the status, the sentence, and that nothing is changed."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from interlock.holds import format_instant
from interlock.runtime.checking import checked_hold
from interlock.runtime.incident import Incident, parse_table
from interlock.runtime.requests import (
    MAX_BODY_BYTES,
    ExtendRequest,
    HoldRequest,
    ReconcileRequest,
    Rejected,
    ReleaseRequest,
    parse_request,
)
from tests.interlock.cloud import Cloud, at

NOW = "2026-03-10 06:00:00.5"
HOLD = {"action": "hold", "scope": "job/fetch", "until": "2026-03-10T08:00:00Z", "reason": "r", "owner": "o"}
EXTEND = {"action": "extend", "scope": "job/mart", "id": "x", "until": "2026-03-10T08:00:00Z"}
RELEASE = {"action": "release", "scope": "job/mart", "id": "x"}
MART = "holds/job/mart/x@2026-03-10T07:00:00Z.json"


def body(request: Mapping[str, object], **more: object) -> bytes:
    said = {**request, **more}
    return json.dumps({key: value for key, value in said.items() if value != "left out"}).encode()


def sky() -> Cloud:
    """A cloud in which one job is held, one backfill is on, and one opening was released."""
    above = Cloud(now=at(NOW))
    above.put(MART, b'{"jobs": ["mart"], "start": "2026-03-10T05:00:00Z", "reason": "old", "owner": "before"}')
    above.put("backfills/mart@2026-03-10T09:00:00Z.json", b"{}")
    above.put("ledger/released/window/weekly/patch@2026-03-10T10:00:00Z.json")
    return above


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(
            body(HOLD), HoldRequest(scope="job/fetch", until=at("2026-03-10 08:00"), reason="r", owner="o"), id="a hold"
        ),
        pytest.param(
            body(HOLD, until="left out", for_s=7200, id="a.b_c-1", reason=" spaces around "),
            HoldRequest(scope="job/fetch", until=timedelta(hours=2), reason="spaces around", owner="o", id="a.b_c-1"),
            id="a hold for a time, with a name of its own",
        ),
        pytest.param(body(EXTEND), ExtendRequest(scope="job/mart", id="x", until=at("2026-03-10 08:00")), id="an extension"),
        pytest.param(
            body(RELEASE, owner="o", reason=None), ReleaseRequest(scope="job/mart", id="x", owner="o"), id="a release"
        ),
        pytest.param(b'{"action": "reconcile"}', ReconcileRequest(), id="a tick"),
    ],
)
def test_a_request(asked: bytes, expected: object) -> None:
    assert parse_request("POST", asked) == expected


@pytest.mark.parametrize(
    ("asked", "code", "sentence"),
    [
        pytest.param(b"", 400, "the body is no JSON", id="nothing"),
        pytest.param(b"\xff", 400, "the body is no JSON", id="no text"),
        pytest.param(b"[" * 60_000, 400, "the body is no JSON", id="a bomb of brackets"),
        pytest.param(b"[]", 400, "the body is no JSON object", id="a list"),
        pytest.param(b" " * (MAX_BODY_BYTES + 1), 413, "the body is longer than 64 KiB", id="too much"),
        pytest.param(b"{}", 400, "action None is not known; allowed: extend, hold, reconcile, release", id="no action"),
        pytest.param(body(HOLD, action="hodl"), 400, "action 'hodl' is not known; did you mean hold?", id="an unknown action"),
        pytest.param(body(HOLD, action=["hold"]), 400, "action ['hold'] is not known", id="an action that is a list"),
        pytest.param(
            body(HOLD, untill="x"),
            400,
            "hold has no key 'untill'; did you mean until?; allowed: at, for_s, id",
            id="an unknown key",
        ),
        pytest.param(
            body({"action": "reconcile"}, scope="all"),
            400,
            "reconcile has no key 'scope'; allowed: none",
            id="a tick with more",
        ),
        pytest.param(body(RELEASE, until="x"), 400, "release has no key 'until'", id="a release with an end"),
        pytest.param(body(HOLD, scope="left out"), 400, "scope None is none; write one like", id="no scope"),
        pytest.param(body(HOLD, scope="job/../../x"), 400, "scope 'job/../../x' is none", id="a path for a scope"),
        pytest.param(body(HOLD, scope="job/" + "a" * 200), 400, "scope 'job/aaa", id="a scope that is too long"),
        pytest.param(body(HOLD, scope="all\n"), 400, "scope 'all\\n' is none", id="a scope with a line break"),
        pytest.param(
            body(HOLD, scope="job/fetsh"),
            400,
            "nothing deployed knows the scope job/fetsh; did you mean job/fetch?",
            id="an unknown scope",
        ),
        pytest.param(body(HOLD, reason="left out"), 400, "reason is missing", id="no reason"),
        pytest.param(body(HOLD, reason=" "), 400, "reason is missing", id="a blank reason"),
        pytest.param(body(HOLD, reason=7), 400, "reason is missing", id="a reason that is a number"),
        pytest.param(body(HOLD, owner=""), 400, "owner is missing", id="no owner"),
        pytest.param(body(HOLD, reason="a\nb"), 400, "reason is not one line of at most 500", id="a reason of two lines"),
        pytest.param(
            body(HOLD, reason="a\x1b[2J"),
            400,
            "reason has control characters, or others that nobody sees: '\\x1b'",
            id="escape",
        ),
        pytest.param(body(HOLD, owner="a" * 501), 400, "owner is not one line of at most 500", id="an owner that is too long"),
        pytest.param(body(HOLD, id="../x"), 400, "id '../x' is none", id="an id that is a path"),
        pytest.param(body(HOLD, id="a" * 101), 400, "id 'aaa", id="an id that is too long"),
        pytest.param(body(HOLD, id=None), 400, "id None is none", id="an id that is null"),
        pytest.param(body(HOLD, until="left out"), 400, "it must have an end, and one only", id="no end"),
        pytest.param(body(HOLD, for_s=60), 400, "it must have an end, and one only", id="two ends"),
        pytest.param(body(HOLD, until="23:00"), 400, "until '23:00' is no end; write one like 2026-", id="an end of no day"),
        pytest.param(body(HOLD, until="2026-02-30T00:00:00Z"), 400, "is no end", id="an end on 30 February"),
        pytest.param(body(HOLD, until="2026-03-10T08:00:00+00:00"), 400, "is no end", id="an end in another form"),
        pytest.param(body(HOLD, until=None), 400, "until None is no end", id="an end that is null"),
        pytest.param(
            body(HOLD, until="2026-03-10T06:00:00Z"),
            400,
            "2026-03-10T06:00:00Z is in the past; it is 2026-03-10T06:00:00Z",
            id="an end half a second ago",
        ),
        pytest.param(
            body(HOLD, until="2026-03-10T06:09:59Z"),
            400,
            "2026-03-10T06:09:59Z is too soon; the coordinator looks every 10m, so the shortest hold is 20m",
            id="shorter than two ticks, and confirmed later than a tick",
        ),
        pytest.param(
            body(HOLD, until="left out", for_s=1199),
            400,
            "2026-03-10T06:19:59Z is too soon; the coordinator looks every 10m, so the shortest hold is 20m",
            id="for less than two ticks, which nobody confirms",
        ),
        pytest.param(
            body(HOLD, until="2026-03-14T06:00:01Z"),
            400,
            "2026-03-14T06:00:01Z is too late; no hold may be longer than 4d, until 2026-03-14T06:00:00Z",
            id="beyond max_hold",
        ),
        pytest.param(body(HOLD, until="9999-12-31T23:59:59Z"), 400, "is too late", id="the end of time"),
        pytest.param(body(HOLD, until="left out", for_s=315360000), 400, "is too late", id="for ten years"),
        pytest.param(body(HOLD, until="left out", for_s=10**30), 400, "for_s 1000000", id="longer than a date can hold"),
        pytest.param(body(HOLD, until="left out", for_s=True), 400, "for_s True is no number of seconds", id="for true"),
        pytest.param(
            body(HOLD, until="left out", for_s=-1), 400, "for_s -1 is no number of seconds", id="for less than nothing"
        ),
        pytest.param(
            body(HOLD, until="left out", for_s=1.5), 400, "for_s 1.5 is no number of seconds", id="for a part of a second"
        ),
        pytest.param(
            body(HOLD, scope="job/mart", id="x"),
            409,
            "job/mart is held by x until 2026-03-10T07:00:00Z already",
            id="a hold of that name is there",
        ),
        pytest.param(
            body(HOLD, scope="window/weekly", id="20260317T080000Z"),
            400,
            "id 20260317T080000Z is kept for the opening that the window's schedule makes",
            id="the name of an opening, which would shorten it, or released close it",
        ),
        pytest.param(
            body(HOLD, scope="window/weekly", id="patch"),
            409,
            "window/weekly patch was released; hold it by another id",
            id="the name of a hold of a window that was released",
        ),
        pytest.param(
            body(EXTEND, until="2026-03-10T06:30:00Z"),
            409,
            "job/mart x is held until 2026-03-10T07:00:00Z, later than that; release it",
            id="an extension to an earlier end",
        ),
        pytest.param(body(EXTEND, until="2026-03-15T06:30:00Z"), 400, "is too late", id="an extension beyond max_hold"),
        pytest.param(
            body(EXTEND, id="y"), 404, "no hold of job/mart called y is active; its holds: x", id="an extension of nothing"
        ),
        pytest.param(body(RELEASE, id="left out"), 400, "id None is none", id="a release of no name"),
        pytest.param(
            body(RELEASE, scope="job/fetch"), 404, "no hold of job/fetch called x is active", id="a release of nothing"
        ),
        pytest.param(
            body(RELEASE, scope="backfill/mart", id="flag"),
            409,
            "backfill/mart is on by its flag, which Terraform writes; run make backfill-off NAME=mart",
            id="a release of a flag",
        ),
        pytest.param(b'{"message": {"data": "?"}}', 400, "the message holds no incident", id="a message that is no base64"),
        pytest.param(b'{"message": 1}', 400, "the message holds no incident", id="a message that is a number"),
    ],
)
def test_a_bad_request_is_refused_in_a_sentence_and_changes_nothing(asked: bytes, code: int, sentence: str) -> None:
    above = sky()
    before = dict(above.objects)
    with pytest.raises(Rejected) as refused:
        above.ask(asked)
    assert refused.value.code == code
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert above.objects == before
    assert above.paused() == {"off"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "post"])
def test_another_method_is_refused(method: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse_request(method, body(HOLD))
    assert refused.value.code == 405


@pytest.mark.parametrize("seconds", [0, 1, 599, 600])
def test_the_shortest_hold_may_take_a_tick_to_confirm(seconds: int) -> None:
    """Its end is fixed before the question, and reaches the coordinator after the answer."""
    above = sky()
    request = HoldRequest(
        scope="job/fetch", until=above.now.replace(microsecond=0) + timedelta(minutes=20), reason="r", owner="o"
    )
    id, end = checked_hold(request, above.declared, [], [], above.now)
    above.now += timedelta(seconds=seconds)
    above.ask(body(HOLD, id=id, until=format_instant(end)))
    assert above.names("holds/job/fetch/") == [f"holds/job/fetch/{id}@2026-03-10T06:20:00Z.json"]


@pytest.mark.parametrize("until", ["06:19:59", "06:10:00"])
def test_who_asks_has_no_slack(until: str) -> None:
    """Else an end could be confirmed that the coordinator refuses."""
    above = sky()
    request = HoldRequest(scope="job/fetch", until=at(f"2026-03-10 {until}"), reason="r", owner="o")
    with pytest.raises(Rejected, match="is too soon"):
        checked_hold(request, above.declared, [], [], above.now)


def test_without_a_declaration_a_hold_is_refused() -> None:
    above = sky()
    del above.objects["declaration/current.json"]
    with pytest.raises(Rejected, match=r"nothing is changed: there is no declaration in the bucket") as refused:
        above.ask(body(HOLD))
    assert refused.value.code == 409
    assert above.names("holds/") == [MART]


def envelope(incident: object) -> bytes:
    data = base64.b64encode(json.dumps({"version": "1.2", "incident": incident}).encode()).decode()
    return json.dumps({"message": {"data": data, "messageId": "1"}, "subscription": "s"}).encode()


def test_an_incident() -> None:
    incident = {
        "incident_id": "0.abc",
        "state": "open",
        "policy_name": "Conflicts",
        "policy_user_labels": {"interlock": "breaker", "owner": "data"},
        "metric": {"type": "logging.googleapis.com/user/x", "labels": {"table": "my-project:d.mart"}},
    }
    assert parse_request("POST", envelope(incident)) == Incident(
        id="0.abc", open=True, breaker=True, policy="Conflicts", table="d.mart", named="my-project:d.mart"
    )


@pytest.mark.parametrize("state", ["acknowledged", None, 1])
def test_an_incident_is_open_or_closed(state: object) -> None:
    with pytest.raises(Rejected):
        parse_request("POST", envelope({"state": state}))


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("d.mart", "d.mart"),
        ("my-project:d.mart", "d.mart"),
        ("my-project.d.mart", "d.mart"),
        ("example.com:my-project:d.mart", "d.mart"),
        ("p:my_raw.Odds-2", "my_raw.Odds-2"),
        ("p:d.mart$20260310", "d.mart"),
        ("", None),
        ("mart", None),
        ("d.mart/../x", None),
        ("d.", None),
        ("d.mart\n", None),
    ],
)
def test_a_table_as_messages_write_it(text: str, table: str | None) -> None:
    assert parse_table(text) == table
