"""A backfill that is turned on at a time: asked for ahead, opened by the coordinator then, taken back before or after."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from interlock.holds import malformed, parse_object_name
from interlock.runtime.callers import Caller, Part
from interlock.runtime.checking import MAX_AHEAD
from interlock.runtime.requests import Rejected
from tests.interlock.cloud import BACKFILLS, HEAD, JOBS, TICK, Cloud, at, declaration, records
from tests.interlock.runtime.test_requests import body

NOW = "2026-03-10 06:00"
PLAN = {
    "action": "hold", "scope": "backfill/mart", "at": "2026-03-10T06:24:00Z", "for_s": 7200, "reason": "reload", "owner": "ann"
}  # fmt: skip
ID = "20260310T062400Z"
PLANNED = f"ledger/planned/backfill/mart/{ID}@2026-03-10T08:24:00Z.json"
OPENED = f"holds/backfill/mart/{ID}@2026-03-10T08:24:00Z.json"
TOMBSTONE = f"ledger/released/backfill/mart/{ID}@2026-03-10T08:24:00Z.json"
RELEASE = {"action": "release", "scope": "backfill/mart", "id": ID, "owner": "ann", "reason": "not today"}
ANN = Caller(email="ann@acme.dev", part=Part.OPERATOR)
EVE = Caller(email="eve@acme.dev", part=Part.OPERATOR)


def cloud(when: str = NOW) -> Cloud:
    return Cloud(now=at(when), declared=declaration(HEAD + JOBS + BACKFILLS))


def planned(caller: Caller = ANN) -> Cloud:
    sky = cloud()
    sky.ask(body(PLAN), caller=caller)
    return sky


def test_what_is_planned_lies_where_it_holds_nothing_and_older_readers_take_no_notice() -> None:
    sky = planned()
    assert sky.paused() == {"off"}
    assert sky.names() == [PLANNED]
    assert json.loads(sky.objects[PLANNED][1]) == {
        "scope": "backfill/mart",
        "id": ID,
        "start": "2026-03-10T06:24:00Z",
        "until": "2026-03-10T08:24:00Z",
        "reason": "reload",
        "owner": "ann",
        "asked_by": "ann@acme.dev",
    }
    assert malformed([PLANNED]) == []
    assert parse_object_name(PLANNED) is None


def test_it_holds_from_its_first_instant_and_is_opened_at_the_next_look() -> None:
    sky = planned()
    assert records(sky.reconcile("2026-03-10 06:23:59"), "hold_written") == []
    assert sky.paused() == {"off"}
    [opened] = records(sky.reconcile("2026-03-10 06:30"), "hold_written")
    assert opened.why == "as ann, asked by ann@acme.dev has planned: reload"
    assert sky.paused() == {"mart", "off"}
    said = json.loads(sky.objects[OPENED][1])
    assert (said["start"], said["until"], said["owner"]) == ("2026-03-10T06:24:00Z", "2026-03-10T08:24:00Z", "ann")
    assert (said["asked_by"], said["jobs"], said["tables"]) == ("ann@acme.dev", ["mart"], ["d.mart"])


def test_a_coordinator_that_is_an_hour_late_holds_until_the_end_that_was_asked_for() -> None:
    sky = planned()
    [opened] = records(sky.reconcile("2026-03-10 07:24"), "hold_written")
    assert opened.until == at("2026-03-10 08:24")
    assert sky.paused() == {"mart", "off"}
    assert json.loads(sky.objects["ledger/held/mart.json"][1])["since"] == "2026-03-10T07:24:00Z", "until then it ran"
    sky.reconcile("2026-03-10 08:30")
    assert sky.paused() == {"off"}


def test_it_ends_by_itself_and_leaves_nothing() -> None:
    sky = planned()
    sky.reconcile("2026-03-10 06:30")
    assert [record.hold for record in records(sky.reconcile("2026-03-10 06:40"), "hold_ending")] == ["backfill/mart"]
    sky.reconcile("2026-03-10 08:30")
    sky.reconcile("2026-03-10 08:40")
    assert sky.paused() == {"off"}
    assert sky.names() == []


def test_of_a_plan_whose_whole_time_the_coordinator_has_slept_through_nothing_is_left() -> None:
    sky = planned()
    report = sky.reconcile("2026-03-11 06:00")
    assert records(report, "hold_written") == []
    assert sky.names() == []


@pytest.mark.parametrize(
    ("when", "left"),
    [
        pytest.param("2026-03-10 06:10", [], id="before its time: no tombstone, so that it can be planned anew"),
        pytest.param("2026-03-10 06:23:50", [TOMBSTONE], id="when another instance may see it begun"),
        pytest.param("2026-03-10 06:25", [TOMBSTONE], id="at its time, before it is opened"),
        pytest.param("2026-03-10 06:31", [TOMBSTONE], id="once it is open"),
    ],
)
def test_it_is_taken_back(when: str, left: list[str]) -> None:
    sky = planned()
    if when > "2026-03-10 06:30":
        sky.reconcile("2026-03-10 06:30")
    [released] = records(sky.ask(body(RELEASE), when, caller=ANN), "hold_released")
    assert released.why == "ann: not today"
    assert sky.names() == left
    sky.reconcile("2026-03-10 06:40")
    assert sky.paused() == {"off"}
    assert [name for name in sky.names() if name.startswith("holds/")] == []
    sky.reconcile("2026-03-10 09:00")
    assert sky.names() == []


def test_an_instance_that_saw_the_plan_before_it_was_taken_back_opens_it_for_no_longer_than_a_look() -> None:
    sky = planned()
    sky.ask(body(RELEASE), "2026-03-10 06:25", caller=ANN)
    sky.put(OPENED, b'{"jobs": ["mart"]}')  # by the slow one
    sky.reconcile("2026-03-10 06:26")
    assert sky.names("holds/") == []
    assert sky.paused() == {"off"}


def test_the_same_plan_again_is_that_plan_and_another_one_is_refused() -> None:
    sky = planned()
    sky.ask(body(PLAN), "2026-03-10 06:01", caller=ANN)
    assert sky.names() == [PLANNED]
    with pytest.raises(Rejected, match="is planned for 2026-03-10T06:24:00Z already, until 2026-03-10T08:24:00Z, for ann"):
        sky.ask(body(PLAN, for_s=10800), caller=ANN)
    with pytest.raises(Rejected, match="already"):
        sky.ask(body(PLAN), caller=EVE)
    sky.ask(body(PLAN, at="2026-03-10T06:25:00Z"), caller=EVE)
    assert len(sky.names("ledger/planned/")) == 2


def test_only_who_planned_it_takes_it_back_without_force() -> None:
    sky = planned()
    with pytest.raises(Rejected, match=r"is of ann, asked by ann@acme\.dev, and that takes one of coordinator\.admins"):
        sky.ask(body(RELEASE), caller=EVE)
    report = sky.ask(body(RELEASE, with_force=True), caller=EVE)
    assert len(records(report, "hold_forced")) == 1
    assert sky.names() == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        pytest.param({"at": "2026-03-10T06:00:00Z"}, "2026-03-10T06:00:00Z is in the past", id="now"),
        pytest.param({"at": "02:24"}, "at '02:24' is no instant; write one like", id="no instant"),
        pytest.param({"at": "2026-04-10T06:00:01Z"}, "is too far ahead; plan it no later than 2026-04-10T06:00:00Z", id="far"),
        pytest.param({"for_s": 60}, "is too soon", id="shorter than two ticks"),
        pytest.param({"for_s": 5 * 86400}, "is too late; no hold may be longer than", id="longer than a hold may be"),
        pytest.param({"scope": "backfill/none"}, "nothing deployed knows the scope backfill/none", id="an unknown backfill"),
        pytest.param({"scope": "job/mart"}, "job/mart can't be planned ahead; only a backfill can", id="no backfill"),
        pytest.param({"id": "mine"}, "has no id and no run of its own", id="an id"),
        pytest.param({"run": "laptop, process 1"}, "has no id and no run of its own", id="a run"),
        pytest.param({"reason": "left out"}, "reason is missing", id="no reason"),
    ],
)
def test_what_may_not_be_planned_is_refused_in_a_sentence(wrong: dict[str, object], sentence: str) -> None:
    sky = cloud()
    with pytest.raises(Rejected, match=sentence):
        sky.ask(body(PLAN, **wrong))
    assert sky.names() == []


def test_it_can_be_extended_once_it_is_open() -> None:
    sky = planned()
    extend = {"action": "extend", "scope": "backfill/mart", "id": ID, "for_s": 4 * 3600}
    with pytest.raises(Rejected, match="no hold of backfill/mart called"):
        sky.ask(body(extend), caller=ANN)
    sky.reconcile("2026-03-10 06:30")
    sky.ask(body(extend), caller=ANN)
    assert sky.names("holds/") == [f"holds/backfill/mart/{ID}@2026-03-10T10:30:00Z.json"]
    sky.reconcile("2026-03-10 09:00")
    assert sky.names() == ["holds/backfill/mart/" + ID + "@2026-03-10T10:30:00Z.json", "ledger/held/mart.json"]


def test_its_end_counts_from_its_beginning_whatever_its_object_states() -> None:
    sky = cloud()
    sky.put(f"ledger/planned/backfill/mart/{ID}@2026-05-10T08:24:00Z.json", b"{")
    sky.reconcile("2026-03-10 06:30")
    [name] = sky.names("holds/")
    assert name == f"holds/backfill/mart/{ID}@2026-03-14T06:24:00Z.json"


def test_rubbish_beside_it_and_a_backfill_that_is_gone_are_said_and_hold_nothing() -> None:
    sky = cloud()
    rubbish = f"ledger/planned/job/mart/{ID}@2026-03-10T08:24:00Z.json"
    backwards = f"ledger/planned/backfill/mart/{ID}@2026-03-10T06:00:00Z.json"
    gone = f"ledger/planned/backfill/gone/{ID}@2026-03-10T08:24:00Z.json"
    for name in (rubbish, backwards, gone):
        sky.put(name)
    report = sky.reconcile("2026-03-10 06:30")
    assert [record.hold for record in records(report, "object_unreadable")] == [backwards, rubbish, gone]
    assert sky.names("holds/") == []
    assert sky.paused() == {"off"}


def test_as_many_can_be_planned_as_can_be_held() -> None:
    sky = cloud()
    for number in range(1_000):
        sky.put(f"ledger/planned/backfill/mart/20260311T00{number // 60:02}{number % 60:02}Z@2026-03-12T08:24:00Z.json")
    with pytest.raises(Rejected, match="there are 1,000 holds"):
        sky.ask(body(PLAN))


def test_a_catch_up_run_is_not_made_into_it() -> None:
    """As of a window: it would be under way when the backfill begins."""
    sky = cloud("2026-03-10 06:20")
    sky.ask(body({"action": "hold", "scope": "job/mart", "until": "2026-03-10T06:45:00Z", "reason": "r", "owner": "o"}))
    sky.ask(body(PLAN, at="2026-03-10T06:50:00Z"))
    report = sky.reconcile("2026-03-10 06:46")
    assert sky.runs == []
    assert ["backfill/mart opens at 2026-03-10T06:50:00Z" in record.why for record in records(report, "run_waiting")] == [True]


def test_it_may_be_planned_as_far_ahead_as_anybody_looks() -> None:
    sky = cloud()
    start = sky.now + MAX_AHEAD
    sky.ask(body(PLAN, at=f"{start:%Y-%m-%dT%H:%M:%SZ}"))
    assert len(sky.names("ledger/planned/")) == 1
    sky.now = start + TICK + timedelta(seconds=1)
    sky.reconcile()
    assert sky.paused() == {"mart", "off"}
