"""Seasons at run time: a job is paused outside of its own, without an object that says so, and nothing of that is missed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interlock.declaration import Declaration
from interlock.runtime.declaration_file import OBJECT, DeclarationError, parse, to_json
from interlock.runtime.ledger import held_name
from interlock.runtime.report import Report
from interlock.runtime.requests import Rejected
from tests.interlock.cloud import BACKFILLS, HEAD, JOBS, WINDOWS, Cloud, at, declaration, records

EARLIER = Path(__file__).parents[2] / "e2e/upgrade/7fadadb"
MARK = held_name("fetch")
SEASONAL = HEAD + JOBS.replace("runs: [raw]}", "runs: [raw], season: cup}") + WINDOWS + BACKFILLS
THE_DAYS = "  cup-2026: {from: 2026-03-01, until: 2026-03-10}\n  cup-2027: {from: 2026-03-13, until: 2026-03-20}\n"
QUIET = {"job_paused", "job_resumed", "reconciled", "run_caught_up", "hold_written", "hold_ended"}
"""Events that nobody is alarmed by."""


def declared(entries: str = THE_DAYS, schedule: str = "15 * * * *") -> Declaration:
    """The job `fetch` is of a season that is closed on the 11th and 12th."""
    return declaration(SEASONAL.replace('"15 * * * *"', f'"{schedule}"', 1) + f"seasons:\n{entries}")


def cloud(now: str, declared: Declaration) -> Cloud:
    sky = Cloud(now=at(now), declared=declared)
    sky.fire("fetch", "2026-03-10 23:15")
    return sky


def deployed(sky: Cloud, declared: Declaration, when: str) -> None:
    """A deploy writes what is declared now."""
    sky.now = at(when)
    sky.put(OBJECT, to_json(declared).encode())


def assert_nobody_is_alarmed(*reports: Report) -> None:
    assert {record.event for report in reports for record in report.records} <= QUIET


def test_at_its_end_the_coordinator_pauses_what_it_held_and_writes_no_hold() -> None:
    sky = cloud("2026-03-10 23:50", declared())
    before = sky.reconcile()
    assert "fetch" not in sky.paused()
    closing, quiet = sky.reconcile("2026-03-11 00:00"), sky.reconcile("2026-03-11 00:10")
    assert "fetch" in sky.paused()
    assert sky.names() == [MARK]
    (record,) = records(closing, "job_paused")
    assert (record.job, record.hold, record.until) == ("fetch", "season/cup", at("2026-03-13"))
    assert [record.event for record in quiet.records] == ["reconciled"]
    assert_nobody_is_alarmed(before, closing, quiet)


@pytest.mark.parametrize(
    ("schedule", "opened", "runs"),
    [
        pytest.param("15 * * * *", "2026-03-13 00:10", 0, id="no run of it was due yet"),
        pytest.param("0 0 * * *", "2026-03-13 00:10", 1, id="the run at its first instant, which no tick could let start"),
        pytest.param("45 * * * *", "2026-03-13 03:10", 1, id="a tick that is hours late"),
    ],
)
def test_at_its_beginning_nothing_is_caught_up_but_what_is_inside(schedule: str, opened: str, runs: int) -> None:
    sky = cloud("2026-03-11 00:00", declared(schedule=schedule))
    reports = [sky.reconcile(), sky.reconcile(opened)]
    assert "fetch" not in sky.paused()
    assert sky.names() == []
    assert sky.runs == ["fetch"] * runs
    assert_nobody_is_alarmed(*reports)


def test_a_backfill_over_the_opening_costs_the_runs_inside_the_season_alone() -> None:
    sky = cloud("2026-03-11 00:00", declared())
    sky.reconcile()
    sky.put("backfills/mart@2026-03-13T04:30:00Z.json")
    sky.put("holds/job/fetch/x@2026-03-13T04:20:00Z.json", b'{"reason": "r", "owner": "o"}')
    sky.reconcile("2026-03-12 12:00")
    sky.reconcile("2026-03-13 00:00")
    assert "fetch" in sky.paused()
    del sky.objects["backfills/mart@2026-03-13T04:30:00Z.json"]
    report = sky.reconcile("2026-03-13 04:30")
    assert sky.runs == ["fetch"]
    (record,) = records(report, "run_caught_up")
    assert record.why == "once, for 5 missed since 2026-03-13T00:00:00Z"


def test_a_hold_over_the_closing_costs_the_runs_until_it_and_they_are_made_up_for_when_it_opens() -> None:
    sky = cloud("2026-03-10 20:00", declared())
    sky.fire("fetch", "2026-03-10 19:15")
    sky.put("holds/job/fetch/x@2026-03-11T05:00:00Z.json")
    sky.reconcile()
    ended = sky.reconcile("2026-03-11 05:10")
    assert "fetch" in sky.paused()
    assert sky.runs == []
    opened = sky.reconcile("2026-03-13 00:00")
    assert sky.runs == ["fetch"]
    (record,) = records(opened, "run_caught_up")
    assert record.numbers == (("missed", 4),)
    assert_nobody_is_alarmed(ended, opened)


def test_an_extension_of_a_closed_season_lets_its_jobs_run_and_makes_up_for_nothing() -> None:
    sky = cloud("2026-03-11 00:00", declared())
    sky.reconcile()
    deployed(sky, declared(THE_DAYS.replace("until: 2026-03-10", "until: 2026-03-12")), "2026-03-11 12:00")
    reports = [sky.reconcile(), sky.reconcile("2026-03-11 12:10")]
    assert "fetch" not in sky.paused()
    assert sky.runs == []
    assert sky.names() == []
    assert_nobody_is_alarmed(*reports)


def test_a_job_that_leaves_its_closed_season_runs_and_makes_up_for_nothing() -> None:
    sky = cloud("2026-03-11 00:00", declared())
    sky.reconcile()
    deployed(sky, declaration(), "2026-03-11 12:00")
    report = sky.reconcile()
    assert "fetch" not in sky.paused()
    assert sky.runs == []
    assert sky.names() == []
    assert_nobody_is_alarmed(report)


def test_the_first_run_of_a_year_that_was_declared_while_it_was_closed_is_not_lost() -> None:
    first, _ = THE_DAYS.splitlines(keepends=True)
    sky = cloud("2026-03-11 00:00", declared(first, schedule="0 0 * * *"))
    sky.reconcile()
    deployed(sky, declared(schedule="0 0 * * *"), "2026-03-12 12:00")
    sky.reconcile()
    sky.reconcile("2026-03-13 00:00")
    report = sky.reconcile("2026-03-13 00:10")
    assert sky.runs == ["fetch"]
    assert_nobody_is_alarmed(report)


def test_a_deploy_that_declares_a_closed_season_is_nobodys_fault() -> None:
    sky = cloud("2026-03-11 12:00", declaration())
    sky.reconcile()
    sky.put(MARK, b'{"job": "fetch", "since": "2026-03-11T11:50:00Z"}')
    deployed(sky, declared(), "2026-03-11 12:05")
    reports = [sky.reconcile(), sky.reconcile("2026-03-11 12:20")]
    assert "fetch" in sky.paused()
    assert_nobody_is_alarmed(*reports)


def test_a_job_that_somebody_enables_out_of_season_is_said_and_paused_again() -> None:
    sky = cloud("2026-03-11 00:00", declared())
    sky.reconcile()
    sky.states["fetch"] = "ENABLED"
    report = sky.reconcile("2026-03-11 03:00")
    assert [record.job for record in records(report, "enabled_while_held")] == ["fetch"]
    assert "fetch" in sky.paused()


def test_a_season_that_never_opens_again_stays_closed() -> None:
    first, _ = THE_DAYS.splitlines(keepends=True)
    sky = cloud("2026-03-11 00:00", declared(first))
    reports = [sky.reconcile(), sky.reconcile("2027-03-11 00:00"), sky.reconcile("2029-12-31 23:59")]
    assert "fetch" in sky.paused()
    assert sky.names() == [MARK]
    assert_nobody_is_alarmed(*reports)


def test_an_object_that_pretends_to_hold_a_season_holds_nothing_and_is_said() -> None:
    sky = cloud("2026-03-10 12:00", declared())
    sky.fire("fetch", "2026-03-10 11:15")
    sky.put("holds/season/cup/x@2026-03-11T05:00:00Z.json")
    sky.put("ledger/released/season/cup/20260311T000000Z@2026-03-13T00:00:00Z.json")
    report = sky.reconcile()
    assert "fetch" not in sky.paused()
    assert [record.hold for record in records(report, "object_unreadable")] == ["holds/season/cup/x@2026-03-11T05:00:00Z.json"]
    sky.reconcile("2026-03-11 00:00")
    assert "fetch" in sky.paused()


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "hold", "for_s": 7200, "reason": "r", "owner": "o"},
        {"action": "extend", "id": "20260311T000000Z", "for_s": 7200},
        {"action": "release", "id": "20260311T000000Z"},
    ],
    ids=lambda asked: asked["action"],
)
def test_nobody_holds_extends_or_releases_a_season(asked: dict[str, object]) -> None:
    sky = cloud("2026-03-11 12:00", declared())
    with pytest.raises(Rejected, match="'season/cup' opens and closes by its declaration alone; write other days"):
        sky.ask(json.dumps(asked | {"scope": "season/cup"}).encode())


def test_the_declaration_says_seasons_by_their_instants_and_only_where_there_are_any() -> None:
    said = json.loads(to_json(declared()))
    assert said["seasons"] == {
        "cup": [["2026-03-01T00:00:00Z", "2026-03-11T00:00:00Z"], ["2026-03-13T00:00:00Z", "2026-03-21T00:00:00Z"]]
    }
    assert said["scopes"]["season/cup"] == ["fetch"]
    assert parse(to_json(declared()).encode()) == declared()
    assert "seasons" not in json.loads(to_json(declaration()))
    assert parse(to_json(declaration()).encode()) == declaration()


def test_what_an_earlier_commit_has_deployed_is_read_as_before_there_were_seasons() -> None:
    stack = json.loads((EARLIER / "stacks/schedules/cdk.tf.json").read_text())
    content = stack["resource"]["google_storage_bucket_object"]["declaration"]["content"].replace("$${", "${")
    assert parse(content.encode()).seasons == {}


@pytest.mark.parametrize(
    "openings",
    [
        None,
        "x",
        [],
        [[]],
        [["2026-03-01T00:00:00Z"]],
        [["2026-03-01T00:00:00Z", "2026-02-30T00:00:00Z"]],
        [["2026-03-01T00:00:00Z", 7]],
        [["2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"]],
        [["2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"]],
        [["2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"], ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]],
        [["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"], ["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]],
        [{"from": "2026-03-01T00:00:00Z"}],
    ],
)
def test_a_season_that_is_not_understood_in_full_is_not_acted_upon(openings: object) -> None:
    said = json.loads(to_json(declared()))
    said["seasons"]["cup"] = openings
    with pytest.raises(DeclarationError, match=r"seasons\.cup: is no season; it wants a list of from and until when"):
        parse(json.dumps(said).encode())
