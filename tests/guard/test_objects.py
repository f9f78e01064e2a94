"""Names and contents: the guard reads what Interlock writes, and as Interlock reads it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interlock_guard import objects
from interlock_guard.asking import Subject
from interlock_guard.objects import Hold, latest, parse_name, same_table, with_content

from interlock import holds as core
from interlock import names
from tests.guard.published import DOCS, SCHEMA
from tests.interlock.cloud import Cloud, at
from tests.stacks.worlds import BROKEN_NAMES, CONTENTS, World

NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)
FLAG = "backfills/tdza@2026-03-10T08:00:00Z.json"
HOLD = "holds/table/d.mart/x@2026-03-10T08:00:00Z.json"


def said(hold: Hold | core.Hold | None) -> tuple[object, ...] | None:
    return hold and (hold.scope, hold.id, hold.end, hold.object_name)


@pytest.mark.parametrize(
    "pattern", ["SLUG", "WRITTEN_SCOPE", "HOLD_ID", "END", "FLAG_PREFIX", "HOLD_PREFIX", "FLAG_OBJECT", "HOLD_OBJECT"]
)
def test_the_patterns_are_those_of_interlock(pattern: str) -> None:
    assert getattr(objects, pattern) == getattr(core, pattern)
    assert objects.TABLE == names.TABLE


@given(st.randoms(use_true_random=True))  # seeded, and not drawn number by number
def test_names_and_contents_around_every_edge_are_read_alike(random) -> None:  # type: ignore[no-untyped-def]
    world = World(random)
    parsed = [(parse_name(name), core.parse_object_name(name)) for name in [*world.names, *BROKEN_NAMES]]
    assert [said(ours) for ours, _ in parsed] == [said(theirs) for _, theirs in parsed]
    active = [hold for hold in latest(ours for ours, _ in parsed if ours) if hold.end > world.now]
    assert [said(hold) for hold in active] == [said(h) for h in core.active([h for _, h in parsed if h], world.now)]


@pytest.mark.parametrize("content", CONTENTS)
def test_contents_are_read_alike(content: str) -> None:
    ours, theirs = parse_name(FLAG), core.parse_object_name(FLAG)
    assert ours
    assert theirs
    try:
        says = json.loads(content)
    except ValueError:
        says = None
    full = with_content(ours, content.encode())
    if not isinstance(says, dict):
        assert full is None
        return
    expected = core.with_content(theirs, says)
    assert full
    assert (full.jobs, full.tables) == (expected.jobs, expected.tables)
    assert (full.reason, full.owner) == (expected.reason or "", expected.owner or "")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"null", b"7", b'"jobs"'])
def test_content_that_is_no_json_object_is_none(content: bytes) -> None:
    hold = parse_name(HOLD)
    assert hold
    assert with_content(hold, content) is None


def test_the_page_shows_the_very_patterns() -> None:
    page = (DOCS / "flags.md").read_text(encoding="utf-8").splitlines()
    assert objects.FLAG_OBJECT in page
    assert objects.HOLD_OBJECT in page
    defs = SCHEMA["$defs"]
    assert defs["hold"]["properties"]["scope"]["pattern"] == f"^(?:{objects.WRITTEN_SCOPE})$"
    assert defs["hold"]["properties"]["id"]["pattern"] == f"^(?:{objects.HOLD_ID})$"
    assert defs["flag"]["properties"]["backfill"]["pattern"] == f"^(?:{objects.SLUG})$"
    assert defs["instant"]["pattern"] == f"^(?:{objects.END})$"
    assert defs["tables"]["items"]["pattern"] == f"^(?:{objects.TABLE})$"


def hold(scope: str, **content: object) -> Hold:
    named = parse_name(f"holds/{scope}/x@2026-03-10T08:00:00Z.json")
    assert named
    full = with_content(named, json.dumps(content).encode())
    assert full
    return full


@pytest.mark.parametrize(
    ("held", "job", "tables", "covered"),
    [
        pytest.param(hold("all"), None, [], True, id="all covers who asks about nothing"),
        pytest.param(hold("service/web", jobs=["fetch"]), "fetch", [], True, id="a job in the content"),
        pytest.param(hold("service/web", jobs=["fetch"]), "fetch-2", [], False, id="another job"),
        pytest.param(hold("job/fetch"), "fetch", [], True, id="a job in the name, whatever the content says"),
        pytest.param(hold("job/fetch"), None, ["d.raw"], False, id="a job's hold is not about tables"),
        pytest.param(
            hold("table/d.raw"), None, ["d.raw"], True, id="a table in the name, before there were tables in contents"
        ),
        pytest.param(hold("table/d.raw"), None, ["d.mart", "d.raw"], True, id="one of several tables"),
        pytest.param(hold("table/d.raw"), "fetch", ["d.mart"], False, id="neither"),
        pytest.param(hold("backfill/b", tables=["d.raw"]), None, ["d.raw"], True, id="a table in the content"),
        pytest.param(hold("backfill/b", jobs=["fetch"], tables=["d.raw"]), "kept", ["d.raw"], True, id="job or table"),
        pytest.param(hold("backfill/b"), None, ["d.raw"], False, id="a backfill from before there were tables"),
        pytest.param(hold("table/d.raw"), None, ["d.raw$20260310"], True, id="one partition of a table that is held"),
        pytest.param(hold("table/d.raw$20260310"), None, ["d.raw"], True, id="a table of which a partition is held"),
        pytest.param(hold("table/d.raw$20260310"), None, ["d.raw$20260311"], False, id="another partition"),
    ],
)
def test_what_covers_what(held: Hold, job: str | None, tables: list[str], covered: bool) -> None:
    assert held.covers(job, tables) is covered


TABLES = st.builds("{}.{}".format, st.text("aZ0_", min_size=1, max_size=9), st.text("aZ0_$-", min_size=1, max_size=9))
"""Of few letters, so that two of them are often the same, or partitions of the same."""


@given(TABLES, TABLES)
def test_a_table_is_the_same_either_way_round(one: str, other: str) -> None:
    assert re.fullmatch(objects.TABLE, one)
    assert same_table(one, one)
    assert same_table(one, other) is same_table(other, one)


@given(st.from_regex(objects.TABLE, fullmatch=True))
def test_what_can_be_held_can_be_asked_about(table: str) -> None:
    assert Subject.of(None, f"p.{table}").tables == (table,)


def test_what_is_held_is_what_the_coordinator_pauses() -> None:
    """Every scope, written by the coordinator: the guard says of each job just what the core does."""
    scopes = Cloud(now=NOW).declared.scopes
    for scope in scopes:
        sky = Cloud(now=at("2026-03-10 06:00"))
        sky.ask(json.dumps({"action": "hold", "scope": scope, "for_s": 7200, "reason": "r", "owner": "o"}).encode())
        [name] = sky.names("holds/")
        named = parse_name(name)
        assert named
        full = with_content(named, sky.objects[name][1])
        assert full
        assert {job for job in sky.declared.jobs if full.covers(job, ())} == set(scopes[scope])
        assert full.covers(None, ["d.mart"]) is (scope in ("all", "table/d.mart", "backfill/mart"))
