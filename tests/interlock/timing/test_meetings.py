"""At which distances jobs collide is what a search over their starts finds, on whichever days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.access import Severity
from interlock.catalog import Catalog
from interlock.timing.collisions import CollisionKind, CollisionSearch
from interlock.timing.fires import Fires
from interlock.timing.meetings import Met, how_far, meetings, meets_itself
from interlock.timing.minutes import MINUTE, Span
from interlock.timing.writes import Use
from tests.interlock.timing.test_collisions import STARTS, at, random_catalogs

PAIRED = (CollisionKind.TABLE, CollisionKind.ORDER)


@settings(max_examples=100, derandomize=True)
@given(found=random_catalogs(), start=st.sampled_from(STARTS), length=st.integers(60, 24 * 60))
def test_the_starts_at_told_distances_are_those_that_collide(found: Catalog, start: str, length: int) -> None:
    search, span = CollisionSearch(found), Span(start=at(start), end=at(start) + length * MINUTE)
    told = {(one.kind, one.subject, one.jobs): one for one in meetings(search)}
    collided = [one for one in search.over(span) if one.kind in PAIRED and len(one.jobs) == 2]
    assert {(one.kind, one.subject, one.jobs) for one in collided} <= told.keys()
    severities = [(one.severity or Severity.NONE, told[one.kind, one.subject, one.jobs].severity) for one in collided]
    assert all(now <= ever for now, ever in severities)
    by_key = {(one.kind, one.subject, one.jobs): one for one in collided}
    fires = Fires(Span(start=span.start - search.lookback, end=span.end))
    for key, one in told.items():
        pairs = _pairs(found, one, fires)
        if key in by_key:
            assert pairs
        elif not any(use.day for name in one.jobs for use in search.uses[one.subject[6:]].get(name, ())):
            # Who names a day meets at some of the distances between the least and the most only.
            assert not [pair for pair in pairs if span.start <= max(pair) < span.end - search.lookback]


def _pairs(catalog: Catalog, one: Met, fires: Fires) -> list[tuple[datetime, datetime]]:
    """The starts at the distances that are told."""
    first, second = ([*fires.of(catalog.jobs[name])] for name in one.jobs)
    return [(a, b) for a in first for b in second if one.apart.least <= (b - a) // MINUTE <= one.apart.most]


@settings(max_examples=100, derandomize=True)
@given(found=random_catalogs(), start=st.sampled_from(STARTS))
def test_who_collides_with_its_own_runs_is_found_among_those_that_may(found: Catalog, start: str) -> None:
    search, span = CollisionSearch(found), Span(start=at(start), end=at(start) + timedelta(days=1))
    alone = {(one.subject, one.jobs[0]): one for one in search.over(span) if one.kind in PAIRED and len(one.jobs) == 1}
    for table, users in search.uses.items():
        for name in users:
            wanted = alone.get((f"table/{table}", name))
            assert search.alone(name, table, span) == wanted
            assert meets_itself(search, table, name) or wanted is None


def test_two_writes_meet_when_one_begins_before_the_other_is_done() -> None:
    first = Use(after=timedelta(0), lasts=timedelta(minutes=5), kinds=frozenset())
    second = Use(after=timedelta(minutes=1), lasts=timedelta(minutes=2), kinds=frozenset())
    apart = how_far(first, second)
    assert (apart.least, apart.most) == (-2, 3)
    assert datetime(2026, 1, 1, tzinfo=UTC) + apart.most * MINUTE + second.after < datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
