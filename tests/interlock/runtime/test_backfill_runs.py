"""The hold of a command: one at a time of a backfill, extended while it lives, said when nobody extends it or it fails."""

from __future__ import annotations

import json

import pytest

from interlock.runtime.callers import Caller, Part
from interlock.runtime.requests import Rejected
from tests.interlock.cloud import Cloud, at, records
from tests.interlock.runtime.test_requests import body

NOW = "2026-03-10 06:00"
WHERE = "laptop, process 4711"
HOLD = {"action": "hold", "scope": "backfill/mart", "id": "run-1", "for_s": 4 * 3600, "reason": "reload", "owner": "ann"}
RUN = HOLD | {"run": WHERE}
EXTEND = {"action": "extend", "scope": "backfill/mart", "id": "run-1", "for_s": 4 * 3600}
ANN = Caller(email="ann@acme.dev", part=Part.OPERATOR)
EVE = Caller(email="eve@acme.dev", part=Part.OPERATOR)


def running() -> Cloud:
    sky = Cloud(now=at(NOW))
    sky.ask(body(RUN), caller=ANN)
    return sky


def said(sky: Cloud) -> dict[str, object]:
    [name] = sky.names("holds/")
    found: dict[str, object] = json.loads(sky.objects[name][1])
    return found


def test_its_object_says_where_the_command_runs_and_extensions_keep_that() -> None:
    sky = running()
    assert said(sky)["run"] == WHERE
    assert "failed" not in said(sky)
    sky.ask(body(EXTEND), "2026-03-10 07:00", caller=ANN)
    assert (said(sky)["run"], said(sky)["until"], said(sky)["start"]) == (
        WHERE, "2026-03-10T11:00:00Z", "2026-03-10T06:00:00Z"
    )  # fmt: skip
    assert sky.paused() == {"mart", "off"}


def test_a_second_one_is_refused_with_who_runs_it_since_when() -> None:
    sky = running()
    sentence = (
        "backfill/mart is run by ann, asked by ann@acme.dev on laptop, process 4711 since 2026-03-10T06:00:00Z, held as run-1"
        " until 2026-03-10T10:00:00Z"
    )
    for caller in (ANN, EVE):
        with pytest.raises(Rejected, match=sentence):
            sky.ask(body(RUN, id="run-2"), "2026-03-10 06:30", caller=caller)
    assert len(sky.names("holds/")) == 1


def test_a_hold_for_no_command_and_that_of_a_failed_one_keep_nobody_from_running() -> None:
    sky = Cloud(now=at(NOW))
    sky.ask(body(RUN, id="people", run="left out"))
    sky.ask(body(RUN))
    sky.ask(body(EXTEND, failed="its exit code was 3", for_s=5 * 3600))
    sky.ask(body(RUN, id="run-2"))
    assert len(sky.names("holds/")) == 3


def test_one_that_failed_stays_held_and_is_said_at_every_look_until_it_ends() -> None:
    sky = running()
    report = sky.ask(body(EXTEND, failed="its exit code was 3", for_s=5 * 3600), "2026-03-10 06:10", caller=ANN)
    assert said(sky)["failed"] == "its exit code was 3"
    for again in (report, sky.reconcile("2026-03-10 06:20"), sky.reconcile("2026-03-10 11:00")):
        [failed] = records(again, "backfill_failed")
        assert (failed.severity, failed.hold) == ("ERROR", "backfill/mart")
        assert failed.why == (
            "its exit code was 3; it stays held until 2026-03-10T11:10:00Z. Run the same command again to go on, or end it: "
            ".venv/bin/interlock release backfill/mart run-1"
        )
        assert records(again, "hold_ending") == []
    assert records(sky.reconcile("2026-03-10 11:10"), "backfill_failed") == []
    assert sky.paused() == {"off"}


@pytest.mark.parametrize(
    ("length", "silent", "warned"),
    [
        pytest.param(4 * 3600, "2026-03-10 07:59", "2026-03-10 08:01", id="two hours before the end"),
        pytest.param(3600, "2026-03-10 06:29", "2026-03-10 06:31", id="of a shorter one half of its length"),
    ],
)
def test_that_nobody_extends_it_any_more_is_said_before_it_ends(length: int, silent: str, warned: str) -> None:
    sky = Cloud(now=at(NOW))
    sky.ask(body(RUN, for_s=length))
    assert records(sky.reconcile(silent), "hold_ending") == []
    [ending] = records(sky.reconcile(warned), "hold_ending")
    assert "its command on laptop, process 4711 has not extended it" in ending.why
    assert ending.why.endswith("is that gone, end it: .venv/bin/interlock release backfill/mart run-1")
    sky.ask(body(EXTEND))
    assert records(sky.reconcile(), "hold_ending") == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        pytest.param({"scope": "job/mart"}, "a run is of a backfill, and job/mart is none", id="no backfill"),
        pytest.param({"run": 7}, "run is missing", id="a run that is a number"),
        pytest.param({"run": "a\nb"}, "run is not one line", id="two lines"),
    ],
)
def test_what_is_no_run_is_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence):
        Cloud(now=at(NOW)).ask(body(RUN, **wrong))


def test_what_a_stranger_writes_there_counts_as_nothing() -> None:
    sky = Cloud(now=at(NOW))
    sky.put("holds/backfill/mart/x@2026-03-10T10:00:00Z.json", b'{"run": [1], "failed": {"a": 1}, "jobs": ["mart"]}')
    assert records(sky.reconcile(), "backfill_failed") == []
    sky.ask(body(RUN))
