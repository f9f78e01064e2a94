"""Seasons as sets of minutes, and what they take out of collisions."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from interlock.seasons import dated, fires_between
from interlock.timing.collisions import collisions
from interlock.timing.minutes import MINUTE, Span
from interlock.timing.season_minutes import job_minutes, season_minutes
from tests.interlock.catalogs import load
from tests.interlock.cloud import HEAD, at

START = at("2026-03-01")
SPAN = Span(start=START, end=START + timedelta(days=2))
EDGES = st.lists(st.integers(-500, 3400), min_size=2, max_size=8, unique=True)
JOB = '{{description: d, schedule: "15 * * * *", target: {{service: marts}}, season: {season}}}'
TWO = (
    HEAD
    + "jobs:\n"
    + f"  one: {JOB.format(season='spring')}\n  other: {JOB.format(season='summer')}\n"
    + "seasons:\n  spring: {from: 2026-03-01, until: 2026-03-10}\n  summer: {from: 2026-03-10, until: 2026-03-20}\n"
)


@given(EDGES)
def test_a_minute_is_in_the_season_when_it_begins_inside(edges: list[int]) -> None:
    ends = [START + edge * MINUTE for edge in sorted(edges)]
    season = dated("s", list(zip(ends[::2], ends[1::2], strict=False)))
    expected = [at for at in (START + number * MINUTE for number in range(len(SPAN))) if season.is_open(at)]
    assert list(season_minutes(season, SPAN)) == expected


@given(st.integers(0, 30), st.integers(1, 10))
def test_the_minutes_of_a_job_are_its_fires(first: int, days: int) -> None:
    job = load(TWO).jobs["one"]
    span = Span(start=START + timedelta(days=first - 10), end=START + timedelta(days=first - 10 + days))
    assert list(job_minutes(job, span)) == list(fires_between(job, span.start, span.end))


def test_two_jobs_collide_on_the_days_on_which_both_fire_alone() -> None:
    catalog = load(TWO)
    (found,) = collisions(catalog, Span(start=START, end=START + timedelta(days=30)))
    assert found.jobs == ("one", "other")
    assert {time.date().isoformat() for time in found.times} == {"2026-03-10"}
