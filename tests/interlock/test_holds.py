"""Holds: what object names state, when a hold is active, and the algebra of the effective state."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.catalog import DeclaredPause, Job
from interlock.holds import (
    Effective,
    Hold,
    active,
    effective,
    format_end,
    format_instant,
    malformed,
    parse_instant,
    parse_object_name,
    with_content,
)
from tests.interlock.catalogs import GOOD, load

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
PACIFIC, EASTERN = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/New_York")
JOB = load(GOOD).jobs["fetch"]
OFF_SEASON = DeclaredPause(reason="off-season", owner="data", review=date(2027, 1, 15))
SCOPES = {
    "backfill/games": ("fetch",),
    "job/other": ("other",),
    "all": ("fetch", "other"),
    "table/raw.games": ("fetch", "other"),
}

scope_names = st.sampled_from([*SCOPES, "window/gone"])
seconds = st.integers(min_value=-100, max_value=100)
declared_jobs = st.sampled_from([JOB, replace(JOB, paused=OFF_SEASON)])


@st.composite
def some_holds(draw: st.DrawFn) -> Hold:
    """A hold with its end near NOW, before, at or after it; few ids, so that extensions of one another come up."""
    scope, identity, end = draw(scope_names), draw(st.sampled_from("abc")), NOW + timedelta(seconds=draw(seconds))
    found = parse_object_name(f"holds/{scope}/{identity}@{format_instant(end)}.json")
    assert found is not None
    return found


lists_of_holds = st.lists(some_holds(), max_size=8)


def state(job: Job, holds: list[Hold]) -> Effective:
    return effective(job, SCOPES, holds, NOW)


@given(declared_jobs, lists_of_holds, some_holds())
def test_adding_a_hold_never_enables_a_job(job: Job, holds: list[Hold], more: Hold) -> None:
    assert state(job, [*holds, more]).paused >= state(job, holds).paused


@given(declared_jobs, lists_of_holds, st.randoms())
def test_neither_order_nor_duplicates_matter(job: Job, holds: list[Hold], random: Random) -> None:
    shuffled = holds + holds[: len(holds) // 2]
    random.shuffle(shuffled)
    assert state(job, shuffled) == state(job, holds)


@given(declared_jobs, lists_of_holds)
def test_releasing_all_holds_gives_the_declaration_back(job: Job, holds: list[Hold]) -> None:
    names = [hold.object_name for hold in holds]
    for name in names:
        holds = [hold for hold in holds if hold.object_name != name]
    assert state(job, holds).paused == (job.paused is not None)


@given(declared_jobs, lists_of_holds)
def test_a_job_is_paused_exactly_when_declared_so_or_covered_by_a_hold_that_is_active(job: Job, holds: list[Hold]) -> None:
    covered = any(job.name in SCOPES.get(hold.scope, ()) and hold.end > NOW for hold in holds)
    assert state(job, holds).paused == (job.paused is not None or covered)


@given(declared_jobs, lists_of_holds)
def test_the_explanation_agrees_with_the_state(job: Job, holds: list[Hold]) -> None:
    found = state(job, holds)
    sentence = found.explain(PACIFIC, NOW)
    assert found.paused == (sentence != "running")
    assert ("paused by declaration: off-season" in sentence) == (job.paused is not None)
    assert sentence.count("held by ") == len(found.held_by)
    assert all(f"held by {hold.scope} until " in sentence for hold in found.held_by)


@given(lists_of_holds)
def test_of_one_scope_and_id_the_latest_end_wins(holds: list[Hold]) -> None:
    in_force = {(hold.scope, hold.id): hold.end for hold in active(holds, NOW)}
    for key, same in itertools.groupby(sorted(holds, key=lambda h: (h.scope, h.id)), key=lambda h: (h.scope, h.id)):
        latest = max(hold.end for hold in same)
        assert in_force.get(key) == (latest if latest > NOW else None)


@given(some_holds())
def test_a_hold_is_its_object_name(hold: Hold) -> None:
    assert hold.object_name == f"holds/{hold.scope}/{hold.id}@{format_instant(hold.end)}.json"
    assert parse_object_name(hold.object_name) == hold


@given(st.text() | st.from_regex(r"(backfills|holds)/.{0,40}@.{0,25}\.json", fullmatch=True))
def test_no_text_raises_and_what_parses_states_itself(text: str) -> None:
    found = parse_object_name(text)
    assert (found is None) == (text in malformed([text]) or not text.startswith(("backfills/", "holds/")))
    if found is not None:
        assert text.endswith(f"@{format_instant(found.end)}.json")


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9999, 12, 31)))
def test_an_instant_survives_its_text_to_the_second(naive: datetime) -> None:
    instant = naive.replace(tzinfo=UTC)
    assert parse_instant(format_instant(instant)) == instant.replace(microsecond=0)


def test_the_end_is_not_included() -> None:
    hold = parse_object_name("backfills/games@2026-11-23T20:00:00Z.json")
    assert hold is not None
    assert active([hold], NOW - timedelta(microseconds=1)) == [hold]
    assert active([hold], NOW) == []


def test_a_flag_and_a_hold_of_the_same_scope_and_id_are_two() -> None:
    flag = parse_object_name("backfills/games@2026-11-24T00:00:00Z.json")
    hold = parse_object_name("holds/backfill/games/flag@2026-11-25T00:00:00Z.json")
    assert flag is not None
    assert hold is not None
    assert (flag.scope, flag.id) == (hold.scope, hold.id)
    assert active([flag, hold], NOW) == [flag, hold]


@pytest.mark.parametrize(
    ("name", "scope", "identity"),
    [
        pytest.param("backfills/tdza@2026-11-24T07:00:00Z.json", "backfill/tdza", "flag", id="a flag"),
        pytest.param("holds/all/7@2026-11-24T07:00:00Z.json", "all", "7", id="a hold of everything"),
        pytest.param(
            "holds/window/tuesday/2026-11-24@2026-11-24T07:00:00Z.json", "window/tuesday", "2026-11-24", id="a window"
        ),
        pytest.param(
            "holds/table/nba_raw.games$2026/x.y@2026-11-24T07:00:00Z.json", "table/nba_raw.games$2026", "x.y", id="a table"
        ),
        pytest.param("holds/job/a-b_C1/x@2026-11-24T07:00:00Z.json", "job/a-b_C1", "x", id="a job"),
        pytest.param("holds/service/s/x@2026-11-24T07:00:00Z.json", "service/s", "x", id="a service"),
        pytest.param("holds/platform/nba/x@2026-11-24T07:00:00Z.json", "platform/nba", "x", id="a platform"),
    ],
)
def test_names_that_state_a_hold(name: str, scope: str, identity: str) -> None:
    end = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert parse_object_name(name) == Hold(scope=scope, id=identity, end=end, object_name=name)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("backfills/tdza.json", id="no end"),
        pytest.param("backfills/@2026-11-24T07:00:00Z.json", id="no name"),
        pytest.param("backfills/tdza@2026-11-24T07:00:00Z", id="no suffix"),
        pytest.param("backfills/tdza@2026-11-24T07:00:00Z.json\n", id="a newline at the end"),
        pytest.param("backfills/tdza@2026-11-24T07:00:00Z.json/", id="a slash at the end"),
        pytest.param("backfills/a/b@2026-11-24T07:00:00Z.json", id="a folder in a flag"),
        pytest.param("backfills/-a@2026-11-24T07:00:00Z.json", id="a dash in front"),
        pytest.param("backfills/tdza@2026-11-24T07:00:00+00:00.json", id="an offset"),
        pytest.param("backfills/tdza@2026-11-24T07:00:00.000Z.json", id="a fraction of a second"),
        pytest.param("backfills/tdza@2026-11-24 07:00:00Z.json", id="a space for the T"),
        pytest.param("backfills/tdza@2026-02-30T07:00:00Z.json", id="30 February"),
        pytest.param("backfills/tdza@2026-11-24T24:00:00Z.json", id="hour 24"),
        pytest.param("backfills/tdza@2026-11-24T07:00:60Z.json", id="a leap second"),
        pytest.param("backfills/tdza@0000-11-24T07:00:00Z.json", id="year 0"),
        pytest.param("backfills/tdza@٢٠٢٦-11-24T07:00:00Z.json", id="digits that are not ASCII"),
        pytest.param("backfills/tdzä@2026-11-24T07:00:00Z.json", id="a letter that is not ASCII"),
        pytest.param("holds/x@2026-11-24T07:00:00Z.json", id="no scope"),
        pytest.param("holds/all@2026-11-24T07:00:00Z.json", id="no id"),
        pytest.param("holds/all/x/y@2026-11-24T07:00:00Z.json", id="too many parts"),
        pytest.param("holds/team/a/x@2026-11-24T07:00:00Z.json", id="an unknown kind of scope"),
        pytest.param("holds/table/games/x@2026-11-24T07:00:00Z.json", id="a table without its dataset"),
        pytest.param("holds/job/../x@2026-11-24T07:00:00Z.json", id="a way up"),
    ],
)
def test_names_under_our_prefixes_that_state_nothing_cover_nothing_and_are_named(name: str) -> None:
    assert parse_object_name(name) is None
    assert malformed(["backfills/ok@2026-11-24T07:00:00Z.json", name, "elsewhere/x"]) == [name]


@pytest.mark.parametrize(
    ("zone", "end", "sentence"),
    [
        pytest.param(PACIFIC, "2026-11-24T07:00:00Z", "23:00 PST (07:00 UTC)", id="within half a day: times alone"),
        pytest.param(
            PACIFIC, "2026-11-24T08:00:00Z", "2026-11-24 00:00 PST (2026-11-24 08:00 UTC)", id="half a day away: dates, too"
        ),
        pytest.param(PACIFIC, "2026-11-25T07:00:00Z", "2026-11-24 23:00 PST (2026-11-25 07:00 UTC)", id="the dates differ"),
        pytest.param(EASTERN, "2027-07-01T04:00:00Z", "2027-07-01 00:00 EDT (2027-07-01 04:00 UTC)", id="in summer"),
        pytest.param(ZoneInfo("Etc/UTC"), "2026-11-23T23:00:00Z", "23:00 UTC", id="a job in UTC, today"),
        pytest.param(ZoneInfo("UTC"), "2026-11-25T23:00:00Z", "2026-11-25 23:00 UTC", id="a job in UTC, later"),
    ],
)
def test_an_end_for_people(zone: ZoneInfo, end: str, sentence: str) -> None:
    instant = parse_instant(end)
    assert instant is not None
    assert format_end(instant, zone, NOW) == sentence


@pytest.mark.parametrize(
    ("job", "names", "sentence"),
    [
        pytest.param(JOB, [], "running", id="nothing"),
        pytest.param(replace(JOB, paused=OFF_SEASON), [], "paused by declaration: off-season", id="declared"),
        pytest.param(
            JOB, ["backfills/games@2026-11-24T07:00:00Z.json"], "held by backfill/games until 23:00 PST (07:00 UTC)", id="held"
        ),
        pytest.param(
            replace(JOB, paused=OFF_SEASON),
            ["holds/all/x@2026-11-24T07:00:00Z.json", "backfills/games@2026-11-24T06:00:00Z.json"],
            "paused by declaration: off-season; held by all until 23:00 PST (07:00 UTC); "
            "held by backfill/games until 22:00 PST (06:00 UTC)",
            id="declared, and held twice",
        ),
    ],
)
def test_why_a_job_is_paused_for_people(job: Job, names: list[str], sentence: str) -> None:
    holds = [hold for name in names if (hold := parse_object_name(name)) is not None]
    assert effective(job, SCOPES, holds, NOW).explain(PACIFIC, NOW) == sentence


def test_content_adds_reason_and_owner_and_nothing_that_is_no_text() -> None:
    hold = parse_object_name("backfills/games@2026-11-24T07:00:00Z.json")
    assert hold is not None
    full = with_content(hold, {"reason": "reprocess", "owner": "ana", "until": "never", "scope": "all"})
    assert full == replace(hold, reason="reprocess", owner="ana")
    assert with_content(hold, {"reason": ["x"], "owner": 5}) == hold


@pytest.mark.parametrize(
    ("scope", "jobs", "covered"),
    [
        pytest.param(
            "job/other", ["fetch"], True, id="the scope does not cover it any more, and did when the hold was written"
        ),
        pytest.param("job/other", ["other"], False, id="it never did"),
        pytest.param("all", [], True, id="the scope covers it now, and did not when the hold was written"),
        pytest.param("window/gone", ["fetch"], True, id="the scope is not known any more"),
        pytest.param("job/other", "fetch", False, id="jobs that are no list are none"),
        pytest.param("job/other", [["fetch"], 1, None], False, id="nor are things that are no names"),
    ],
)
def test_a_hold_covers_what_its_scope_does_and_did(scope: str, jobs: object, covered: bool) -> None:
    hold = parse_object_name(f"holds/{scope}/x@2026-11-24T00:00:00Z.json")
    assert hold is not None
    assert state(JOB, [with_content(hold, {"jobs": jobs})]).paused is covered
