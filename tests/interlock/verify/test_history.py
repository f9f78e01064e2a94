"""What was held when, from the versions of objects: half-open, ended by whatever came first."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.holds import active, format_instant, parse_object_name
from interlock.verify.history import HeldJob, Version, held_jobs, holds_between, marks_between, past_hold, told
from tests.interlock.cloud import at

NOW, SINCE = at("2026-03-10 12:00"), at("2026-03-09 12:00")
SCOPES = {"job/a": ("a",), "backfill/games": ("a", "b"), "all": ("a", "b", "c")}


def version(name: str, created: str, deleted: str | None = None) -> Version:
    return Version(name=name, generation=1, created=at(created), deleted=at(deleted) if deleted else None)


def flag(end: str, created: str, deleted: str | None = None) -> Version:
    return version(f"backfills/games@{format_instant(at(end))}.json", created, deleted)


@pytest.mark.parametrize(
    ("found", "stop"),
    [
        pytest.param(flag("2026-03-10 10:00", "2026-03-10 08:00"), "2026-03-10 10:00", id="left in place: until its end"),
        pytest.param(flag("2026-03-10 10:00", "2026-03-10 08:00", "2026-03-10 09:00"), "2026-03-10 09:00",
                     id="released early: until it was deleted"),
        pytest.param(flag("2026-03-10 10:00", "2026-03-10 08:00", "2026-03-11 09:00"), "2026-03-10 10:00",
                     id="tidied up later: until its end"),
        pytest.param(flag("2026-03-10 10:00", "2026-03-10 10:00"), None, id="written at its end: it never held"),
        pytest.param(version("backfills/games.json", "2026-03-10 08:00"), None, id="a name that states nothing"),
        pytest.param(version("ledger/held/a.json", "2026-03-10 08:00"), None, id="a mark of the ledger is no hold"),
    ],
)  # fmt: skip
def test_a_version_held_from_when_it_was_written(found: Version, stop: str | None) -> None:
    past = past_hold(found)
    assert (past.span.stop if past else None) == (at(stop) if stop else None)


@pytest.mark.parametrize(
    ("start", "stop", "meets"),
    [
        pytest.param("2026-03-09 10:00", "2026-03-09 12:00", False, id="over when the period begins"),
        pytest.param("2026-03-09 10:00", "2026-03-09 12:00:01", True, id="over a second later"),
        pytest.param("2026-03-10 11:59:59", "2026-03-10 14:00", True, id="begun just before now"),
        pytest.param("2026-03-10 12:00", "2026-03-10 14:00", False, id="begins now: nothing can have happened"),
    ],
)
def test_what_held_in_a_period_is_half_open(start: str, stop: str, meets: bool) -> None:
    assert bool(holds_between([flag(stop, start)], SINCE, NOW)) == meets


def jobs(*versions: Version) -> list[HeldJob]:
    holds = holds_between(versions, SINCE, NOW)
    return held_jobs(holds, marks_between(versions, SINCE, NOW), SCOPES, NOW)


def test_a_job_is_free_when_the_last_of_its_holds_is_over() -> None:
    a, b = jobs(
        flag("2026-03-10 10:00", "2026-03-09 20:00", "2026-03-10 06:00"),
        version("holds/job/a/x@2026-03-10T09:00:00Z.json", "2026-03-10 05:00"),
    )
    assert a == HeldJob(name="a", since=at("2026-03-09 20:00"), free=at("2026-03-10 09:00"), scopes=("backfill/games", "job/a"))
    assert (b.name, b.free, b.scopes) == ("b", at("2026-03-10 06:00"), ("backfill/games",))


def test_a_hold_that_is_extended_is_one_span() -> None:
    first = flag("2026-03-10 08:00", "2026-03-09 20:00", "2026-03-10 07:00:05")
    longer = flag("2026-03-10 18:00", "2026-03-10 07:00")
    assert [(job.name, job.free) for job in jobs(first, longer)] == [("a", None), ("b", None)]


def test_a_job_that_the_scope_does_not_cover_any_more_was_held_as_long_as_the_object_says_so() -> None:
    [past] = holds_between([flag("2026-03-10 10:00", "2026-03-10 08:00")], SINCE, NOW)
    hold = told(past, {"jobs": ["gone"], "owner": "ana"})
    assert [job.name for job in held_jobs([hold], [], SCOPES, NOW)] == ["a", "b", "gone"]


def test_the_ledger_tells_of_jobs_that_no_hold_explains_and_when_each_was_resumed() -> None:
    a, b, c = jobs(
        flag("2026-03-10 08:00", "2026-03-10 06:00"),
        version("ledger/held/a.json", "2026-03-10 06:03", "2026-03-10 08:03:10"),
        version("ledger/held/b.json", "2026-03-10 06:03"),
        version("ledger/held/c.json", "2026-03-10 06:03"),
    )
    assert (a.free, a.scopes) == (at("2026-03-10 08:03:10"), ("backfill/games",))
    assert b.free == at("2026-03-10 08:00"), "its missed run waits to be made up for; it is not held any more"
    assert (c.free, c.scopes, c.since) == (None, (), at("2026-03-10 06:03"))


INSTANTS = st.integers(-48, 24).map(lambda hours: NOW + timedelta(hours=hours))
NAMES = st.builds(lambda scope, end: f"holds/{scope}/x@{format_instant(end)}.json", st.sampled_from(sorted(SCOPES)), INSTANTS)
VERSIONS = st.builds(
    lambda name, created, lived: Version(
        name=name, generation=1, created=created, deleted=None if lived is None else created + timedelta(hours=lived)
    ),
    NAMES,
    INSTANTS,
    st.none() | st.integers(1, 48),
)


@given(st.lists(VERSIONS, max_size=6), st.integers(0, 23).map(lambda hours: SINCE + timedelta(hours=hours)))
def test_whoever_was_held_at_an_instant_is_told_of_and_was_not_free_before(versions: list[Version], then: datetime) -> None:
    there = (v.name for v in versions if v.created <= then and (v.deleted is None or then < v.deleted))
    held = {job for hold in active(filter(None, map(parse_object_name, there)), then) for job in SCOPES[hold.scope]}
    found = {job.name: job for job in held_jobs(holds_between(versions, SINCE, NOW), [], SCOPES, NOW)}
    assert held <= found.keys()
    assert all(found[job].since <= then and (free is None or free > then) for job in held for free in [found[job].free])
