"""Declared against actual: what is drift and what is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from interlock.actual import ActualJob
from interlock.catalog import Catalog, Json
from interlock.graph import scopes
from interlock.holding import Holding
from interlock.holds import parse_object_name
from interlock.terraform.drift import Comparison, compare
from tests.interlock.catalogs import GOOD, load
from tests.interlock.cloud import environment
from tests.interlock.live_jobs import actual_of

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
WRITER = GOOD.replace("[append]", "[mutate]")
RUNNING = load(WRITER)
PAUSED = load(WRITER.replace("    runs:", "    paused: {reason: off-season, owner: data, review: 2027-01-15}\n    runs:"))
ENV = environment()
UNDECIDED = load(WRITER.replace("    runs:", "    paused: {undecided: true, review: 2027-01-15}\n    runs:"))
AS_DECLARED = actual_of(RUNNING.jobs["fetch"], ENV)
HELD = ["backfills/games@2026-11-24T00:00:00Z.json"]
ENDED = ["backfills/games@2026-11-23T20:00:00Z.json"]


def compared(
    catalog: Catalog,
    jobs: Iterable[ActualJob],
    names: Iterable[str] = (),
    now: datetime = NOW,
    unseen: Iterable[str] = (),
) -> Comparison:
    objects = tuple(hold for name in names if (hold := parse_object_name(name)))
    windows = tuple(catalog.windows.values())
    holding = Holding(now=now, scopes=scopes(catalog), identities=catalog.identities, objects=objects, windows=windows)
    return compare(catalog, ENV, jobs, holding, frozenset(unseen))


def changed(**fields: Json) -> ActualJob:
    """The job as it is declared but for these fields of the API."""
    resource = AS_DECLARED.resource | fields
    return replace(AS_DECLARED, resource=resource, schedule=str(resource["schedule"]), time_zone=str(resource["timeZone"]))


@pytest.mark.parametrize(
    ("catalog", "holds", "actual", "state", "drift"),
    [
        pytest.param(RUNNING, [], {}, "ENABLED", [], id="it runs as declared"),
        pytest.param(RUNNING, HELD, {"state": "PAUSED"}, "PAUSED", [], id="it is held and paused"),
        pytest.param(RUNNING, HELD, {}, "ENABLED", ["ENABLED, should be PAUSED"], id="it is held and runs"),
        pytest.param(RUNNING, ENDED, {"state": "PAUSED"}, "PAUSED", ["PAUSED, should be ENABLED"], id="its hold has ended"),
        pytest.param(RUNNING, [], {"state": "PAUSED"}, "PAUSED", ["PAUSED, should be ENABLED"], id="somebody paused it"),
        pytest.param(PAUSED, [], {"state": "PAUSED"}, "PAUSED", [], id="it is declared paused"),
        pytest.param(PAUSED, [], {}, "ENABLED", ["ENABLED, should be PAUSED"], id="somebody resumed it"),
        pytest.param(RUNNING, [], {"state": "DISABLED"}, "DISABLED", ["DISABLED, should be ENABLED"], id="Google disabled it"),
        pytest.param(UNDECIDED, [], {"state": "PAUSED"}, "PAUSED", [], id="it is undecided and paused"),
        pytest.param(UNDECIDED, [], {}, "ENABLED", [], id="it is undecided and runs"),
        pytest.param(UNDECIDED, HELD, {}, "ENABLED", ["ENABLED, should be PAUSED"], id="it is undecided, held, and runs"),
    ],
)
def test_a_job_of_the_catalog(catalog, holds, actual, state, drift) -> None:  # type: ignore[no-untyped-def]
    result = compared(catalog, [replace(AS_DECLARED, **actual)], holds)
    (status,) = result.jobs
    assert (status.state, [*map(str, status.drift)], result.unknown) == (state, drift, ())
    assert result.drifted == bool(drift)


HTTP = AS_DECLARED.resource["httpTarget"]
assert isinstance(HTTP, dict)


@pytest.mark.parametrize(
    ("fields", "drift"),
    [
        pytest.param(
            {"schedule": "1 * * * *", "timeZone": "UTC"},
            ['schedule "1 * * * *", declared "0 * * * *"', "zone UTC, declared Etc/UTC"],
            id="it runs at another time",
        ),
        pytest.param({"httpTarget": {**HTTP, "uri": "https://evil.example/x"}}, ["URL not as declared"], id="another host"),
        pytest.param(
            {"httpTarget": {**HTTP, "headers": {"X": "y"}}, "description": "other", "attemptDeadline": "60s"},
            ["deadline, description, headers not as declared"],
            id="settings",
        ),
        pytest.param(
            {"httpTarget": {**HTTP, "uri": "https://evil.example/x", "httpMethod": "GET"}, "schedule": "1 * * * *"},
            ["URL not as declared", 'schedule "1 * * * *", declared "0 * * * *"', "method not as declared"],
            id="the target comes first, the settings last",
        ),
    ],
)
def test_a_job_that_somebody_changed(fields: dict[str, Json], drift: list[str]) -> None:
    (status,) = compared(RUNNING, [changed(**fields)]).jobs
    assert [*map(str, status.drift)] == drift


def test_a_job_whose_target_nobody_shows_is_compared_in_the_rest() -> None:
    resource = {key: value for key, value in AS_DECLARED.resource.items() if key != "httpTarget"}
    (status,) = compared(RUNNING, [replace(AS_DECLARED, resource={**resource, "description": "other"})]).jobs
    assert (status.target_shown, status.parts) == (False, ("description",))
    (status,) = compared(RUNNING, [AS_DECLARED]).jobs
    assert (status.target_shown, status.parts) == (True, ())


def test_a_job_of_a_region_that_could_not_be_listed_is_unseen_and_not_missing() -> None:
    result = compared(RUNNING, [], unseen=["us-west2"])
    assert (result.jobs[0].state, result.drifted) == ("UNSEEN", False)


@pytest.mark.parametrize(
    ("until", "overdue"),
    [
        pytest.param("2026-11-24", False, id="before its day"),
        pytest.param("2026-11-23", False, id="on its day"),
        pytest.param("2026-11-22", True, id="when its day is over"),
    ],
)
def test_a_job_that_the_catalog_leaves_out_is_drift_only_after_its_day(until: str, overdue: bool) -> None:
    entry = f"unmanaged: {{us-east1/legacy: {{reason: the old team, owner: ana, until: {until}}}}}\n"
    legacy = replace(AS_DECLARED, name="legacy", region="us-east1")
    result = compared(load(WRITER + entry), [AS_DECLARED, legacy])
    assert [(each.job.identity, each.overdue) for each in result.left_out] == [("us-east1/legacy", overdue)]
    assert (result.unknown, result.drifted) == ((), overdue)


def test_a_job_that_the_cloud_does_not_have() -> None:
    result = compared(RUNNING, [])
    assert (result.jobs[0].state, [*map(str, result.jobs[0].drift)]) == ("MISSING", ["missing in us-west2"])
    assert result.drifted


def test_jobs_that_the_catalog_does_not_know_are_drift_in_order() -> None:
    others = [replace(AS_DECLARED, name=name) for name in ("zeta", "alpha")]
    result = compared(RUNNING, [*others, AS_DECLARED])
    assert [job.name for job in result.unknown] == ["alpha", "zeta"]
    assert result.jobs[0].drift == ()
    assert result.drifted


def test_a_job_in_another_region_is_missing_here_and_unknown_there() -> None:
    result = compared(RUNNING, [replace(AS_DECLARED, region="us-east1")])
    assert (result.jobs[0].state, [job.region for job in result.unknown]) == ("MISSING", ["us-east1"])


def test_a_hold_of_an_unknown_scope_holds_nothing_here() -> None:
    hold = "holds/window/gone/x@2026-11-24T00:00:00Z.json"
    assert not compared(RUNNING, [AS_DECLARED], [hold]).drifted


@pytest.mark.parametrize(
    ("name", "state", "shown"),
    [
        pytest.param("interlock-tick", "ENABLED", [], id="a timer of Interlock is no stranger"),
        pytest.param("interlock-tick", "PAUSED", ["interlock-tick"], id="one that somebody paused is for people to see"),
        pytest.param("tick", "ENABLED", ["tick"], id="a stranger"),
    ],
)
def test_jobs_that_the_catalog_does_not_know(name: str, state: str, shown: list[str]) -> None:
    stranger = replace(AS_DECLARED, name=name, state=state)
    assert [job.name for job in compared(RUNNING, [AS_DECLARED, stranger]).unknown] == shown


@pytest.mark.parametrize(
    ("minutes", "state", "drift"),
    [
        pytest.param(0, "ENABLED", [], id="a window has just opened, and the coordinator looks within a tick"),
        pytest.param(9, "PAUSED", [], id="it has looked"),
        pytest.param(10, "ENABLED", ["ENABLED, should be PAUSED"], id="a tick has passed, and it has not"),
    ],
)
def test_a_window_that_opens_pauses_its_jobs_within_a_tick(minutes: int, state: str, drift: list[str]) -> None:
    entry = "{schedule: '0 20 * * *', duration: 1h, covers: [job/fetch], reason: r, owner: o, time_zone: Etc/UTC}"
    window = f"windows:\n  evening: {entry}\n"
    actual = replace(AS_DECLARED, state=state)
    (status,) = compared(load(WRITER + window), [actual], now=NOW + timedelta(minutes=minutes)).jobs
    assert [hold.scope for hold in status.effective.held_by] == ["window/evening"]
    assert [*map(str, status.drift)] == drift
