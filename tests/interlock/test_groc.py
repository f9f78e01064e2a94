"""App Engine's English: what its grammar has, and when that fires."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.cron import Cron, zone
from interlock.groc import parse

ETC_UTC, NEW_YORK = zone("Etc/UTC"), zone("America/New_York")
START, DAY = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1)
NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
WEEKDAYS = ("sun", "monday", "tue", "wednesday", "thu", "friday", "sat")
MONTHS = ("jan", "february", "mar", "april", "may", "jun", "july", "aug", "september", "oct", "nov", "december")
ORDINALS = ("first", "2nd", "third", "4th", "fifth")


def fires(text: str, start: datetime = START, end: datetime = NEXT_YEAR) -> list[str]:
    return [f"{at:%Y-%m-%d %H:%M}" for at in Cron.read(text).fires_between(start, end, ETC_UTC)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        pytest.param("first sunday of month 12:00", ["2026-01-04 12:00", "2026-02-01 12:00"], id="the first Sunday"),
        pytest.param("2nd,3rd tue,wed,thu of feb,aug 13:50", ["2026-02-10 13:50", "2026-02-11 13:50"], id="two weeks"),
        pytest.param("every wed of december 00:00", ["2026-12-02 00:00", "2026-12-09 00:00"], id="a weekday of a month"),
        pytest.param("1st friday of quarter 9:00", ["2026-01-02 09:00", "2026-04-03 09:00"], id="a quarter's first month"),
        pytest.param(
            "second,4th tue,thursday of 3rd month of quarter 18:30", ["2026-03-10 18:30", "2026-03-12 18:30"], id="its third"
        ),
        pytest.param("1,3,4,7,11,18,29 of jan,jul 12:34", ["2026-01-01 12:34", "2026-01-03 12:34"], id="days of two months"),
        pytest.param("03 of month 12:34", ["2026-01-03 12:34", "2026-02-03 12:34"], id="a day of every month"),
        pytest.param("every day 09:00", ["2026-01-01 09:00", "2026-01-02 09:00"], id="every day"),
        pytest.param("every sun,tue,thu 9:00", ["2026-01-01 09:00", "2026-01-04 09:00"], id="some weekdays"),
        pytest.param("1st,third mon of month 04:05", ["2026-01-05 04:05", "2026-01-19 04:05"], id="two ordinals"),
        pytest.param("2nd day of month 04:05", ["2026-01-02 04:05", "2026-02-02 04:05"], id="an ordinal day is a date"),
        pytest.param("5th thu of month 04:05", ["2026-01-29 04:05", "2026-04-30 04:05"], id="a fifth, in months that have it"),
        pytest.param("Every  MON , tue  09:00", ["2026-01-05 09:00", "2026-01-06 09:00"], id="capitals and spaces"),
    ],
)
def test_the_examples_of_google_s_pages_fire(text: str, first: list[str]) -> None:
    assert fires(text)[:2] == first


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("every 2 hours from 10:00 to 14:00", ["10:00", "12:00", "14:00"], id="the end is included"),
        pytest.param("every 3 hours from 10:00 to 14:00", ["10:00", "13:00"], id="an end that is not reached"),
        pytest.param("every 7 mins from 09:50 to 10:10", ["09:50", "09:57", "10:04"], id="across an hour"),
        pytest.param("every 8 hours synchronized", ["00:00", "08:00", "16:00"], id="synchronized"),
        pytest.param("every 24 hours synchronized", ["00:00"], id="once a day, synchronized"),
        pytest.param("every 26 hours from 10:00 to 14:00", ["10:00"], id="an interval longer than its range"),
    ],
)
def test_an_interval_with_a_range_counts_from_its_start(text: str, day: list[str]) -> None:
    assert fires(text, START, START + DAY) == [f"2026-01-01 {time}" for time in day]


@pytest.mark.parametrize(
    "text",
    [
        "every 12 hours",
        "every minute",
        "every 60 minutes on mon,wed",
        "every 5 minutes from 22:00 to 02:00",
        "every 5 minutes synchronized on mon",
    ],
)
def test_an_interval_without_a_range_has_no_instants_that_anybody_knows(text: str) -> None:
    assert Cron.read(text).unknown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "every",
        "every day",
        "monday 09:00",
        "every mon 24:00",
        "every mon 9",
        "mon 1st of month 09:00",
        "1 9 * * *",
        "1 of 09:00",
    ],
)
def test_what_the_grammar_does_not_have_is_no_english(text: str) -> None:
    assert parse(text) is None


def test_an_interval_of_minutes_fires_as_the_cron_of_the_same_interval_on_days_of_23_and_25_hours() -> None:
    for change in (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)):
        english, cron = Cron.read("every 10 minutes synchronized"), Cron.parse("*/10 * * * *")
        both = [list(one.fires_between(change, change + 2 * DAY, NEW_YORK)) for one in (english, cron)]
        assert both[0] == both[1]


def nth(day: datetime) -> int:
    """Which of its weekday's days in the month it is."""
    return sum(1 for n in range(1, day.day + 1) if day.replace(day=n).weekday() == day.weekday())


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.sets(st.integers(1, 5), max_size=3),
    st.sets(st.integers(0, 6), min_size=1, max_size=3),
    st.sets(st.integers(1, 12), max_size=4),
    st.integers(0, 1439),
)
def test_weekdays_fire_as_a_calendar_counts_them(ordinals: set[int], weekdays: set[int], months: set[int], at: int) -> None:
    which = ",".join(ORDINALS[n - 1] for n in ordinals) or "every"
    days = ",".join(WEEKDAYS[n] for n in weekdays)
    of = f" of {','.join(MONTHS[n - 1] for n in months)}" if months else ""
    found = Cron.read(f"{which} {days}{of} {at // 60}:{at % 60:02}")
    expected = [
        day
        for day in (START + n * DAY for n in range(365))
        if (day.weekday() + 1) % 7 in weekdays
        and (not months or day.month in months)
        and (not ordinals or nth(day) in ordinals)
    ]
    assert list(found.fires_between(START, NEXT_YEAR, ETC_UTC)) == [day + timedelta(minutes=at) for day in expected]
    assert [day for day in (START + n * DAY for n in range(365)) if found.fires_on(day.date())] == expected
    assert found.times == {at}


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.sets(st.integers(1, 31), min_size=1), st.sets(st.integers(1, 12), min_size=1))
def test_days_of_months_fire_where_they_are(days: set[int], months: set[int]) -> None:
    dates = [datetime(2028, m, d, tzinfo=UTC) for m in sorted(months) for d in sorted(days) if d <= monthrange(2028, m)[1]]
    if dates:
        text = f"{','.join(map(str, days))} of {','.join(MONTHS[n - 1] for n in months)} 00:00"
        leap = datetime(2028, 1, 1, tzinfo=UTC)
        assert list(Cron.read(text).fires_between(leap, leap + 366 * DAY, ETC_UTC)) == dates


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.integers(1, 300), st.lists(st.integers(0, 1439), min_size=2, max_size=2, unique=True).map(sorted))
def test_a_range_fires_every_so_many_minutes_from_its_start_to_its_end(every: int, ends: list[int]) -> None:
    start, end = (f"{at // 60:02}:{at % 60:02}" for at in ends)
    found = Cron.read(f"every {every} minutes from {start} to {end}")
    expected, at = [], ends[0]
    while at <= ends[1]:
        expected.append(START + timedelta(minutes=at))
        at += every
    assert list(found.fires_between(START, START + DAY, ETC_UTC)) == expected
