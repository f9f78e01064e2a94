"""Reconcile: what it pauses and resumes, in which order, what it says, and what it does when the outside fails or moves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from interlock.holds import Hold, hold_content, hold_name
from interlock.runtime.declaration_file import OBJECT, to_json
from interlock.runtime.ledger import held_content, held_name
from interlock.runtime.outside import OF_ONE, PATIENCE
from interlock.runtime.ports import Refused, Unknown
from interlock.runtime.reconcile import MAX_ROUNDS, reconcile
from interlock.runtime.report import Report
from tests.interlock.cloud import BACKFILLS, HEAD, JOBS, Cloud, at, declaration, records

MORNING = "2026-03-10 06:00"
FLAG = "backfills/mart@2026-03-10T09:00:00Z.json"
WEEKLY = "holds/window/weekly/20260310T080000Z@2026-03-10T10:00:00Z.json"
SCRAPERS = {"fetch", "also", "off"}


def cloud(now: str = MORNING) -> Cloud:
    return Cloud(now=at(now))


def held(where: Cloud, scope: str, until: str, *, id: str = "x", jobs: tuple[str, ...] = ()) -> str:
    """Puts a runtime hold into the bucket; its name."""
    name = hold_name(scope, id, at(until))
    hold = Hold(
        scope=scope, id=id, end=at(until), object_name=name, reason="r", owner="o", jobs=frozenset(jobs), start=where.now
    )
    where.put(name, hold_content(hold))
    return name


def said(report: Report) -> list[str]:
    """The records but the last, as `event job hold`."""
    return [" ".join(part for part in (r.event, r.job, r.hold) if part) for r in report.records[:-1]]


def test_nothing_to_do_changes_nothing_and_says_that_all_is_well() -> None:
    quiet = cloud()
    report = quiet.reconcile()
    assert (report.settled, report.rounds) == (True, 1)
    assert [record.as_json() for record in report.records] == [
        {
            "severity": "INFO",
            "event": "reconciled",
            "why": "0 of 4 jobs are held, 0 could not be changed",
            "message": "reconciled: 0 of 4 jobs are held, 0 could not be changed",
            "jobs": 4,
            "held": 0,
            "paused": 1,
            "failed": 0,
        }
    ]
    assert {kind for kind, _ in quiet.calls} == {"list", "read", "jobs"}
    assert quiet.log == list(report.records)


def test_a_hold_pauses_what_it_covers_after_the_ledger_says_so() -> None:
    sky = cloud()
    held(sky, "job/fetch", "2026-03-10 07:00")
    report = sky.reconcile()
    assert sky.paused() == {"fetch", "off"}
    changes = [call for call in sky.calls if call[0] in ("create", "pause")]
    assert changes == [("create", "ledger/held/fetch.json"), ("pause", "fetch")]
    record = records(report, "job_paused")[0]
    assert record.as_json() == {
        "severity": "INFO",
        "event": "job_paused",
        "hold": "job/fetch",
        "job": "fetch",
        "why": "held by job/fetch",
        "message": "job_paused: fetch job/fetch: held by job/fetch",
        "until": "2026-03-10T07:00:00Z",
    }
    assert json.loads(sky.objects["ledger/held/fetch.json"][1]) == {"job": "fetch", "since": "2026-03-10T06:00:00Z"}


def test_a_job_runs_again_when_the_last_of_its_holds_has_ended_and_one_that_is_declared_paused_never() -> None:
    sky = cloud()
    held(sky, "service/scrapers", "2026-03-10 06:40", id="a")
    held(sky, "all", "2026-03-10 06:50", id="b")
    paused = {}
    for when in ("06:00", "06:39", "06:40", "06:49", "06:50", "06:51"):
        sky.reconcile(f"2026-03-10 {when}")
        paused[when] = sky.paused()
    everything = {*SCRAPERS, "mart"}
    assert paused == {"06:00": everything, "06:39": everything, "06:40": everything, "06:49": everything,
                      "06:50": {"off"}, "06:51": {"off"}}  # fmt: skip
    assert sky.names("holds/") == []


def test_a_window_opens_and_closes_by_itself_at_a_late_tick_too() -> None:
    sky = cloud("2026-03-10 07:59")
    assert said(sky.reconcile()) == []
    report = sky.reconcile("2026-03-10 08:07")
    assert sky.names("holds/") == [WEEKLY]
    assert json.loads(sky.objects[WEEKLY][1]) == {
        "id": "20260310T080000Z",
        "jobs": ["also", "fetch", "off"],
        "identities": ["us-west2/also", "us-west2/fetch", "us-west2/off"],
        "owner": "data",
        "reason": "deploys",
        "scope": "window/weekly",
        "start": "2026-03-10T08:00:00Z",
        "tables": [],
        "until": "2026-03-10T10:00:00Z",
    }
    assert said(report) == [
        "hold_written window/weekly",
        "job_paused also window/weekly",
        "job_paused fetch window/weekly",
    ]
    assert sky.reconcile("2026-03-10 08:17").rounds == 1
    assert sky.paused() == SCRAPERS
    sky.reconcile("2026-03-10 10:00")
    assert sky.paused() == {"off"}
    assert sky.names("holds/") == [WEEKLY], "it stays while clocks may differ"
    assert said(sky.reconcile("2026-03-10 10:10"))[0] == "hold_ended window/weekly"
    assert sky.names("holds/") == []


def test_a_tombstone_keeps_a_window_closed_and_finishes_a_release_that_died() -> None:
    sky = cloud("2026-03-10 08:00")
    sky.reconcile()
    tombstone = "ledger/released/window/weekly/20260310T080000Z@2026-03-10T10:00:00Z.json"
    sky.put(tombstone)
    sky.reconcile("2026-03-10 08:10")
    assert sky.names("holds/") == []
    assert sky.paused() == {"off"}
    sky.reconcile("2026-03-10 09:59")
    assert sky.names("holds/") == []
    assert tombstone in sky.names()
    sky.reconcile("2026-03-10 10:10")
    assert tombstone not in sky.names()


def test_a_flag_holds_and_is_never_deleted_and_its_end_is_said() -> None:
    sky = cloud("2026-03-10 06:00")
    sky.put(FLAG, b'{"jobs": ["mart"]}')
    assert said(sky.reconcile()) == ["job_paused mart backfill/mart"]
    ending = sky.reconcile("2026-03-10 07:01")
    assert said(ending) == ["hold_ending backfill/mart"]
    assert ending.records[0].why.endswith("if the backfill is not done, extend it: make backfill-on NAME=mart FOR=2h")
    assert said(sky.reconcile("2026-03-11 09:00"))[-1] == "hold_overdue backfill/mart"
    assert sky.paused() == {"off"}
    assert FLAG in sky.names()


def test_a_job_stays_held_that_the_object_named_when_it_was_written() -> None:
    sky = cloud()
    name = held(sky, "window/gone", "2026-03-10 07:00", jobs=("mart", "unknown"))
    report = sky.reconcile()
    assert sky.paused() == {"mart", "off"}
    assert said(report) == ["job_paused mart window/gone", f"object_unreadable {name}"]


@pytest.mark.parametrize(
    ("content", "paused"),
    [
        pytest.param(b"\xff", {"fetch", "off"}, id="bytes that are no text"),
        pytest.param(b'{"jobs": "mart"}', {"fetch", "off"}, id="jobs that are no list"),
        pytest.param(b'{"jobs": [1, null, "mart"]}', {"fetch", "mart", "off"}, id="a list with strangers in it"),
        pytest.param(b"[" * 100_000, {"fetch", "off"}, id="a bomb of brackets"),
    ],
)
def test_contents_are_a_strangers_input(content: bytes, paused: set[str]) -> None:
    sky = cloud()
    sky.put("holds/job/fetch/x@2026-03-10T07:00:00Z.json", content)
    assert sky.reconcile().settled
    assert sky.paused() == paused


def test_a_name_that_states_nothing_covers_nothing_and_is_said() -> None:
    sky = cloud()
    sky.put("holds/all/x@tomorrow.json")
    assert said(sky.reconcile()) == ["object_unreadable holds/all/x@tomorrow.json"]
    assert sky.paused() == {"off"}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param({"mart": "PAUSED"}, ["paused_without_hold mart", "job_resumed mart"], id="somebody paused one"),
        pytest.param(
            {"off": "ENABLED"}, ["enabled_while_held off", "job_paused off"], id="somebody enabled one that is declared paused"
        ),
        pytest.param({"fetch": "DISABLED"}, ["job_broken fetch"], id="the system disabled one"),
        pytest.param({"fetch": "UPDATE_FAILED"}, ["job_broken fetch"], id="an update failed"),
        pytest.param({"interlock-tick": "PAUSED", "stranger": "PAUSED"}, [], id="jobs of others are not touched"),
    ],
)
def test_what_is_found_is_said_and_put_right_where_that_is_ours(states: dict[str, str], expected: list[str]) -> None:
    sky = cloud()
    sky.states |= states
    assert said(sky.reconcile()) == expected
    broken = {
        name: state for name, state in states.items() if state not in ("PAUSED", "ENABLED") or name not in sky.declared.jobs
    }
    assert sky.states == {"fetch": "ENABLED", "also": "ENABLED", "mart": "ENABLED", "off": "PAUSED", **broken}


def test_a_missing_job_is_said() -> None:
    sky = cloud()
    del sky.states["mart"]
    (record,) = records(sky.reconcile(), "job_broken")
    assert record.why == "us-west2 has no such job; run make deploy"


def test_a_job_that_is_enabled_while_it_is_held_is_paused_again() -> None:
    sky = cloud()
    held(sky, "job/fetch", "2026-03-10 08:00")
    sky.reconcile()
    sky.states["fetch"] = "ENABLED"
    assert said(sky.reconcile("2026-03-10 06:10")) == ["enabled_while_held fetch job/fetch", "job_paused fetch job/fetch"]


@pytest.mark.parametrize(
    ("written", "since"),
    [
        pytest.param("2026-03-10 05:20", "2026-03-10T05:20:00Z", id="when the flag was written, however long nobody looked"),
        pytest.param(None, "2026-03-10T06:25:00Z", id="the last tick, where nobody says when that was"),
    ],
)
def test_a_job_that_terraform_paused_counts_as_held_since(written: str | None, since: str) -> None:
    sky = cloud("2026-03-10 06:35")
    sky.put(FLAG, b'{"jobs": ["mart"]}')
    sky.written[FLAG] = at(written) if written else None
    sky.states["mart"] = "PAUSED"
    assert said(sky.reconcile()) == []
    assert json.loads(sky.objects["ledger/held/mart.json"][1])["since"] == since


def test_a_job_that_waits_for_its_catch_up_was_not_enabled_by_hand_when_the_next_hold_comes() -> None:
    sky = cloud()
    first = held(sky, "job/fetch", "2026-03-10 06:20", id="a")
    sky.reconcile()
    del sky.objects[first]
    sky.states["fetch"] = "ENABLED"
    held(sky, "all", "2026-03-10 09:00", id="b")
    sky.written["holds/all/b@2026-03-10T09:00:00Z.json"] = at("2026-03-10 06:18")
    assert "job_paused fetch all" in said(report := sky.reconcile("2026-03-10 06:20"))
    assert not records(report, "enabled_while_held")
    sky.states["fetch"] = "ENABLED"
    assert said(sky.reconcile("2026-03-10 06:30")) == ["enabled_while_held fetch all", "job_paused fetch all"]


@pytest.mark.parametrize(
    ("paused", "change"),
    [
        pytest.param(False, "job_resumed off", id="declared to run, and not resumed yet"),
        pytest.param(True, "job_paused fetch", id="declared paused, and not paused yet"),
    ],
)
def test_while_a_deploy_changes_what_is_declared_no_job_was_changed_by_hand(paused: bool, change: str) -> None:
    sky = cloud()
    sky.reconcile()
    name = "fetch" if paused else "off"
    jobs = {**sky.declared.jobs, name: replace(sky.declared.jobs[name], paused=paused)}
    sky.put(OBJECT, to_json(replace(sky.declared, jobs=jobs)).encode())
    assert said(sky.reconcile("2026-03-10 06:01")) == [change]
    sky.states[name] = "ENABLED" if paused else "PAUSED"
    assert len(said(sky.reconcile("2026-03-10 06:11"))) == 2, "and by then somebody has"


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(lambda sky: sky.objects.pop(OBJECT), id="there is none"),
        pytest.param(lambda sky: sky.put(OBJECT, b"{}"), id="it is empty"),
        pytest.param(lambda sky: sky.put(OBJECT, b"\xff\xfe"), id="it is no text"),
        pytest.param(
            lambda sky: sky.put(OBJECT, sky.objects[OBJECT][1].replace(b'"paused": false', b'"paused": "no"').replace(
                b'"paused":false', b'"paused":"no"')), id="one value in it is wrong"
        ),
    ],
)  # fmt: skip
def test_without_a_declaration_nothing_is_touched(break_it: Callable[[Cloud], object]) -> None:
    sky = cloud("2026-03-10 08:30")
    held(sky, "all", "2026-03-10 09:00")
    break_it(sky)
    before, states = dict(sky.objects), dict(sky.states)
    report = sky.reconcile()
    assert not report.settled
    assert [record.event for record in report.records] == ["reconcile_failed"]
    assert (sky.objects, sky.states) == (before, states)


def busy_until(seconds: float, sky: Cloud, kind: str, subject: str, code: int = 409) -> None:
    """Makes a call be refused until so many seconds were slept."""

    def fails(call: tuple[str, str]) -> None:
        if call == (kind, subject) and sky.slept < seconds:
            raise Refused(code, "sync mutate calls cannot be queued")

    sky.fails = fails


@pytest.mark.parametrize("code", [409, 429, 500, 503])
def test_a_refusal_that_passes_within_seconds_is_waited_out(code: int) -> None:
    sky = cloud()
    held(sky, "service/scrapers", "2026-03-10 07:00")
    busy_until(10, sky, "pause", "fetch", code)
    report = sky.reconcile()
    assert report.settled
    assert sky.paused() == SCRAPERS
    assert 10 <= sky.slept <= (PATIENCE / OF_ONE).total_seconds()


def test_one_job_that_fails_does_not_stop_the_others_and_is_tried_at_the_next_tick() -> None:
    sky = cloud()
    held(sky, "service/scrapers", "2026-03-10 07:00")

    def fails(call: tuple[str, str]) -> None:
        if call == ("pause", "also"):
            raise Refused(403, "no permission")

    sky.fails = fails
    report = sky.reconcile()
    assert not report.settled
    assert sky.paused() == {"fetch", "off"}
    (failure,) = records(report, "action_failed")
    assert (failure.job, failure.why, failure.severity) == ("also", "can't pause it: no permission", "ERROR")
    assert dict(report.records[-1].numbers)["failed"] == 1
    sky.fails = str
    assert sky.reconcile("2026-03-10 06:10").settled
    assert sky.paused() == SCRAPERS


def test_patience_is_shared_by_all_calls_of_a_request() -> None:
    sky = cloud()
    held(sky, "all", "2026-03-10 07:00")

    def fails(call: tuple[str, str]) -> None:
        if call[0] == "pause":
            raise Unknown("no answer")

    sky.fails = fails
    outside = sky.outside()

    def sleep(seconds: float) -> None:
        sky.slept += seconds
        sky.now += timedelta(seconds=seconds)

    report = reconcile(replace(outside, sleep=sleep))
    assert len(records(report, "action_failed")) == 3
    assert sky.slept <= PATIENCE.total_seconds()


@pytest.mark.parametrize("kind", ["list", "read", "jobs"])
@pytest.mark.parametrize("failure", [Refused(403, "no permission"), Unknown("no answer")], ids=["refused", "no answer"])
def test_what_can_t_be_seen_is_not_acted_upon(kind: str, failure: Exception) -> None:
    sky = cloud()
    held(sky, "all", "2026-03-10 07:00")

    def fails(call: tuple[str, str]) -> None:
        if call[0] == kind:
            raise failure

    sky.fails = fails
    report = sky.reconcile()
    assert not report.settled
    assert report.records[-1].event == "reconcile_failed"
    assert sky.paused() == {"off"}


def test_a_hold_that_comes_while_jobs_are_paused_is_seen_in_the_next_round() -> None:
    sky = cloud()
    held(sky, "job/fetch", "2026-03-10 07:00")

    def fails(call: tuple[str, str]) -> None:
        if call == ("pause", "fetch"):
            held(sky, "job/mart", "2026-03-10 07:00")

    sky.fails = fails
    report = sky.reconcile()
    assert (report.settled, report.rounds) == (True, 2)
    assert sky.paused() == {"fetch", "mart", "off"}


def test_holds_that_never_stand_still_are_given_up_and_said() -> None:
    sky = cloud()

    def fails(call: tuple[str, str]) -> None:
        if call[0] == "jobs":
            held(sky, "job/mart", "2026-03-10 07:00", id=f"x{sky.generation}")

    sky.fails = fails
    report = sky.reconcile()
    assert (report.settled, report.rounds) == (False, MAX_ROUNDS)
    assert report.records[-1].event == "reconcile_failed"


def test_a_new_declaration_is_acted_upon_though_it_comes_in_between() -> None:
    sky = cloud()
    pause = "paused: {reason: r, owner: o, review: 2030-01-01}"
    less = declaration(HEAD + JOBS.replace("runs: [mart]", f"runs: [mart], {pause}") + BACKFILLS)

    def fails(call: tuple[str, str]) -> None:
        if call[0] == "jobs":
            sky.fails = str
            sky.put(OBJECT, to_json(less).encode())

    sky.fails = fails
    assert sky.reconcile().rounds == 2
    assert sky.paused() == {"mart", "off"}


def test_the_mark_of_a_job_that_is_not_declared_to_run_any_more_is_forgotten() -> None:
    sky = cloud()
    for job in ("gone", "off"):
        sky.put(held_name(job), held_content(job, at("2026-03-10 03:00")))
    assert sky.reconcile().settled
    assert sky.names() == []
    assert sky.runs == []


def test_a_run_that_cloud_scheduler_did_not_start_is_missed_and_said() -> None:
    sky = cloud("2026-03-10 06:21")
    for job in sky.states:
        sky.fire(job, "2026-03-10 04:46")
    (record,) = records(sky.reconcile(), "run_missed")
    assert (record.job, record.severity) == ("fetch", "WARNING")
    assert record.why == "it should have fired at 2026-03-10T06:15:00Z; its last attempt was 2026-03-10T04:46:00Z"


@pytest.mark.parametrize(
    ("deployed", "missed"),
    [
        pytest.param("2026-03-10 06:04", ["fetch"], id="more than a tick before that fire"),
        pytest.param("2026-03-10 06:10", [], id="so lately that the job may not have been resumed yet"),
        pytest.param("2026-03-10 06:16", [], id="after that fire, when the job may have been declared paused"),
    ],
)
def test_no_run_is_missed_before_a_deploy_could_have_its_say(deployed: str, missed: list[str]) -> None:
    sky = cloud("2026-03-10 06:21")
    sky.fire("fetch", "2026-03-10 04:46")
    sky.written[OBJECT] = at(deployed)
    assert [record.job for record in records(sky.reconcile(), "run_missed")] == missed
