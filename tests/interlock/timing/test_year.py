"""A year is looked at minute by minute: its days by any clock, and its collisions, are those of a walk over all fires."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.catalog import Catalog
from interlock.cron import Cron, zone
from interlock.timing.collisions import Collision, CollisionKind, CollisionSearch, collisions, differing
from interlock.timing.minutes import DAY, MINUTE, Day, Minutes, fire_minutes
from interlock.timing.year import Year
from tests.interlock.timing.naive_collisions import Naive
from tests.interlock.timing.test_collisions import jobs

YEAR = Year(first=date(2026, 11, 29))
PLACES = ["Etc/UTC", "America/New_York", "Australia/Lord_Howe", "America/Nuuk", "Africa/Cairo", "Pacific/Kiritimati"]
"""Changes at 02:00, by half an hour, just before midnight and at midnight; a zone that is 14 hours ahead."""
DATED = [
    *("30 2 * 3-10 *", "0 6 * 4-11 *", "15 6 1,15 * *", "55 23 31 * *", "5 0 1 * *", "30 2 13 * 5", "0 6 29 2 *"),
    *(
        "0 6 * * *",
        "30 1 * * *",
        "0 * 14 3 *",
        "20 6 */7 * *",
        "10 6 * 10-11 1-5",
        "first monday of month 06:00",
        "59 23 * * 0",
    ),
]
firsts = st.dates(date(2024, 2, 20), date(2028, 3, 10))
schedules = st.sampled_from(DATED) | st.builds(
    "{} {} * {} {}".format,
    st.sampled_from([0, 15, 30, 58]),
    st.integers(0, 4),
    st.sampled_from(["*", "3-10", "11", "10-11", "1,3,5"]),
    st.sampled_from(["*", "1", "6,0"]),
)


def expected_days(minutes: Minutes, year: Year, place: str) -> list[int]:
    found = dict.fromkeys(year.dates, 0)
    for instant in minutes:
        if (day := instant.astimezone(zone(place)).date()) in found:
            found[day] += 1
    return [*found.values()]


# Days


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        pytest.param("2026-11-29", "2027-11-28", 365, id="over no leap day"),
        pytest.param("2027-03-01", "2028-02-29", 366, id="over a leap day"),
        pytest.param("2028-02-29", "2029-02-28", 366, id="from a leap day on"),
    ],
)
def test_a_year_has_each_of_its_dates_once(first: str, last: str, days: int) -> None:
    year = Year(first=date.fromisoformat(first))
    assert (year.dates[-1].isoformat(), len(year.dates)) == (last, days)
    assert len({(day.month, day.day) for day in year.dates}) == days


def test_a_year_is_the_same_all_day_long() -> None:
    assert Year.of(datetime(2026, 11, 29, tzinfo=UTC)) == Year.of(datetime(2026, 11, 29, 23, 59, tzinfo=UTC)) == YEAR


@settings(max_examples=60, derandomize=True)
@given(first=firsts, schedule=schedules, fires_in=st.sampled_from(PLACES), place=st.sampled_from(PLACES))
def test_the_minutes_of_each_day_are_counted_by_any_clock(first: date, schedule: str, fires_in: str, place: str) -> None:
    year = Year(first=first)
    minutes = fire_minutes(Cron.read(schedule), zone(fires_in), year.span)
    counts = expected_days(minutes, year, place)
    assert [*year.a_day(minutes, zone(place))] == counts
    days = year.days(minutes, zone(place))
    assert [*year.listed(days)] == [day for day, times in zip(year.dates, counts, strict=True) if times]
    assert len(year.on(days, minutes, zone(place))) == sum(counts)


@settings(max_examples=30, derandomize=True)
@given(first=firsts, place=st.sampled_from(PLACES), wanted=st.sets(st.integers(0, 364)))
def test_the_minutes_of_some_days_are_those_between_their_midnights(first: date, place: str, wanted: set[int]) -> None:
    year, here = Year(first=first), zone(place)
    everything = Minutes(span=year.span, bits=year.span.all_bits)
    found = year.on(sum(1 << number for number in wanted), everything, here)
    assert year.listed(year.days(found, here)) == tuple(year.dates[number] for number in sorted(wanted))
    lengths = (Day(date=year.dates[number], zone=here) for number in wanted)
    assert len(found) == sum((day.end - day.start) // MINUTE for day in lengths)


def test_the_days_under_each_clock_leave_out_those_of_a_change() -> None:
    clock = YEAR.clock(zone("America/New_York"), zone("America/New_York"))
    assert clock is not None
    assert YEAR.listed(YEAR.all_days & ~clock.winter & ~clock.summer) == (date(2027, 3, 14), date(2027, 11, 7))
    assert (date(2027, 1, 1) in YEAR.listed(clock.winter), date(2027, 7, 1) in YEAR.listed(clock.summer)) == (True, True)


@pytest.mark.parametrize(
    "place", [pytest.param("Etc/UTC", id="no change"), pytest.param("Africa/Casablanca", id="a month of another clock")]
)
def test_a_zone_without_two_seasons_has_no_clock_to_name(place: str) -> None:
    assert YEAR.clock(zone(place), zone(place)) is None


# Collisions


def by_key(found: tuple[Collision, ...]) -> dict[object, set[datetime]]:
    return {(collision.kind, collision.subject, collision.jobs): set(collision.times) for collision in found}


@st.composite
def dated_catalogs(draw: st.DrawFn) -> Catalog:
    """A few jobs with seasons, in several zones, that write for seconds or for days."""
    expect = draw(st.sampled_from(["95s", "40m", "26h", "100h"]))
    one = f"one: {{service: wide, expect: {expect}, tables: {{raw.t: [mutate]}}}}"
    two = "two: {service: web, after: [one], tables: {raw.t: [read, append], raw.u: [truncate]}}"
    services, runs = st.sampled_from(["web", "wide"]), st.sampled_from(["one", "two", ""])
    lines = (f"{name}|0 6 * * *|{draw(services)}|{draw(runs)}" for name in "abc")
    found = jobs(*lines, processors=f"{{{one}, {two}}}")
    return replace(
        found,
        jobs={
            name: replace(job, schedule=Cron.read(draw(schedules)), time_zone=draw(st.sampled_from(PLACES)))
            for name, job in found.jobs.items()
        },
    )


@settings(max_examples=80, derandomize=True)
@given(catalog=dated_catalogs(), first=firsts)
def test_the_collisions_of_a_year_are_those_of_a_walk_over_its_fires(catalog: Catalog, first: date) -> None:
    span = Year(first=first).span
    naive = Naive(catalog, span)
    naive.find_fires()
    assert by_key(collisions(catalog, span)) == naive.walk()


@settings(max_examples=25, derandomize=True)
@given(before=dated_catalogs(), after=dated_catalogs(), kept=st.sets(st.sampled_from("abc")))
def test_what_two_catalogs_have_in_common_hides_nothing_that_differs(before: Catalog, after: Catalog, kept: set[str]) -> None:
    after = replace(before, jobs={name: (before if name in kept else after).jobs[name] for name in before.jobs})
    old, new = (by_key(found) for found in differing(CollisionSearch(before), CollisionSearch(after), YEAR.span))
    all_old, all_new = (by_key(collisions(catalog, YEAR.span)) for catalog in (before, after))
    differ = {key for key in all_old.keys() | all_new.keys() if all_old.get(key) != all_new.get(key)}
    assert {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)} == differ
    assert {key: old.get(key) for key in differ} == {key: all_old.get(key) for key in differ}
    assert {key: new.get(key) for key in differ} == {key: all_new.get(key) for key in differ}


def test_of_two_equal_catalogs_nothing_is_searched() -> None:
    both = jobs("a|0 6 * * *|web|", "b|0 6 * * *|web|")
    assert differing(CollisionSearch(both), CollisionSearch(both), YEAR.span) == ((), ())


def test_a_write_that_lasts_for_days_collides_on_the_day_after_a_season() -> None:
    late = jobs(
        "a|0 6 31 10 *|wide|slow",
        "b|0 18 1 11 *|web|slow",
        processors="{slow: {service: wide, expect: 48h, tables: {raw.t: [mutate]}}}",
    )
    (found,) = (one for one in collisions(late, YEAR.span) if one.kind is CollisionKind.TABLE)
    assert [instant.date() for instant in found.times] == [date(2027, 11, 1)]
    assert timedelta(0) < CollisionSearch(late).lookback <= 7 * DAY
