"""Holds as objects: what names and contents state, and when a hold is active."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.holds import (
    Hold,
    active,
    decode,
    format_end,
    format_instant,
    hold_content,
    hold_name,
    malformed,
    parse_instant,
    parse_object_name,
    with_content,
)
from interlock.zones import zone as named
from tests.interlock.some_holds import NOW, lists_of_holds, some_holds

PACIFIC, EASTERN = named("America/Los_Angeles"), named("America/New_York")


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
            "holds/table/shop_raw.games$2026/x.y@2026-11-24T07:00:00Z.json", "table/shop_raw.games$2026", "x.y", id="a table"
        ),
        pytest.param("holds/job/a-b_C1/x@2026-11-24T07:00:00Z.json", "job/a-b_C1", "x", id="a job"),
        pytest.param("holds/service/s/x@2026-11-24T07:00:00Z.json", "service/s", "x", id="a service"),
        pytest.param("holds/platform/shop/x@2026-11-24T07:00:00Z.json", "platform/shop", "x", id="a platform"),
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
        pytest.param(named("Etc/UTC"), "2026-11-23T23:00:00Z", "23:00 UTC", id="a job in UTC, today"),
        pytest.param(named("UTC"), "2026-11-25T23:00:00Z", "2026-11-25 23:00 UTC", id="a job in UTC, later"),
    ],
)
def test_an_end_for_people(zone: ZoneInfo, end: str, sentence: str) -> None:
    instant = parse_instant(end)
    assert instant is not None
    assert format_end(instant, zone, NOW) == sentence


def test_content_adds_reason_and_owner_and_nothing_that_is_no_text() -> None:
    hold = parse_object_name("backfills/games@2026-11-24T07:00:00Z.json")
    assert hold is not None
    full = with_content(hold, {"reason": "reprocess", "owner": "ana", "until": "never", "scope": "all"})
    assert full == replace(hold, reason="reprocess", owner="ana")
    assert with_content(hold, {"reason": ["x"], "owner": 5}) == hold


@given(some_holds(), st.text(min_size=1), st.text(min_size=1), st.sets(st.text()), st.integers(0, 10**9))
def test_what_is_written_of_a_hold_is_read_back(hold: Hold, reason: str, owner: str, jobs: set[str], since: int) -> None:
    start = datetime.fromtimestamp(since, UTC)
    full = replace(hold, reason=reason, owner=owner, jobs=frozenset(jobs), tables=frozenset({"d.t"}), start=start)
    named = parse_object_name(hold_name(hold.scope, hold.id, hold.end))
    assert named is not None
    read = with_content(named, decode(hold_content(full)))
    assert (read, read.start) == (full, start)
