"""Seasons: when they are open, what they close, and which month field says the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from interlock.cron import Cron, CronError, zone
from interlock.seasons import (
    ENDLESS,
    MonthDay,
    Season,
    closings,
    dated,
    days,
    fires_between,
    in_field,
    is_endless,
    keeps,
    merged,
    next_closing,
    next_fire,
    rendered,
    season_of,
    whole_months,
    yearly,
)
from tests.interlock.cloud import at

LOS_ANGELES, NEW_YORK, UTC_ZONE = "America/Los_Angeles", "America/New_York", "Etc/UTC"
ZONES = [LOS_ANGELES, NEW_YORK, UTC_ZONE, "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"]
CUP = dated(
    "cup",
    [
        *days(date(2026, 10, 20), date(2027, 6, 20), LOS_ANGELES),
        *days(date(2027, 10, 19), date(2028, 6, 19), LOS_ANGELES),
    ],
)


@dataclass(frozen=True, kw_only=True)
class Job:
    schedule: Cron
    season: Season | None = None
    time_zone: str = LOS_ANGELES


def day(text: str) -> MonthDay:
    month, number = text.split("-")
    return MonthDay(month=int(month), day=int(number))


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        pytest.param("2026-10-20 06:59:59.999999", False, id="closed before the first day begins in its zone"),
        pytest.param("2026-10-20 07:00", True, id="open from the first day's midnight on"),
        pytest.param("2027-06-21 06:59:59.999999", True, id="open until the last day is over"),
        pytest.param("2027-06-21 07:00", False, id="closed from the midnight after it on"),
        pytest.param("2027-10-19 07:00", True, id="open in its next year"),
        pytest.param("2028-06-20 07:00", False, id="closed after the last that is declared"),
        pytest.param("2040-01-01 00:00", False, id="and for good"),
        pytest.param("2001-01-01 00:00", False, id="closed before the first that is declared"),
    ],
)
def test_a_season_is_open_on_its_days_both_included(now: str, is_open: bool) -> None:
    assert CUP.is_open(at(now)) is is_open


def test_between_two_years_it_is_closed_once() -> None:
    assert list(closings(CUP, at("2027-07-01"), at("2027-07-02"))) == [(at("2027-06-21 07:00"), at("2027-10-19 07:00"))]


def test_a_closing_without_an_end_is_said_in_pieces_that_have_one() -> None:
    last = at("2028-06-20 07:00")
    assert list(closings(CUP, at("2029-07-01"), at("2030-07-01"))) == [
        (last + ENDLESS, last + 2 * ENDLESS),
        (last + 2 * ENDLESS, last + 3 * ENDLESS),
    ]
    assert list(closings(CUP, at("2026-10-01"), at("2026-10-02"))) == [(at("2025-10-20 07:00"), at("2026-10-20 07:00"))]


@pytest.mark.parametrize(
    ("after", "closing"),
    [
        pytest.param("2027-01-01", ("2027-06-21 07:00", "2027-10-19 07:00"), id="within a season"),
        pytest.param("2027-06-21 07:00", ("2028-06-20 07:00", "2029-06-20 07:00"), id="after, not at"),
        pytest.param("2026-01-01", ("2027-06-21 07:00", "2027-10-19 07:00"), id="before the first"),
        pytest.param("2028-06-20 07:00", ("2029-06-20 07:00", "2030-06-20 07:00"), id="when it is closed for good"),
    ],
)
def test_the_next_closing(after: str, closing: tuple[str, str]) -> None:
    assert next_closing(CUP, at(after)) == (at(closing[0]), at(closing[1]))


@pytest.mark.parametrize(
    ("first", "last", "zone_name", "now", "is_open"),
    [
        pytest.param("03-01", "10-31", NEW_YORK, "2027-03-01 05:00", True, id="from the first of March"),
        pytest.param("03-01", "10-31", NEW_YORK, "2027-03-01 04:59", False, id="not before it"),
        pytest.param("03-01", "10-31", NEW_YORK, "2026-11-01 03:59", True, id="to the end of October"),
        pytest.param("03-01", "10-31", NEW_YORK, "2026-11-01 04:00", False, id="not after it"),
        pytest.param("11-15", "03-02", UTC_ZONE, "2027-01-01 00:00", True, id="over the New Year"),
        pytest.param("11-15", "03-02", UTC_ZONE, "2027-03-03 00:00", False, id="over the New Year, to its last day"),
        pytest.param("11-01", "02-29", UTC_ZONE, "2027-02-28 23:59", True, id="the end of February in a common year"),
        pytest.param("11-01", "02-29", UTC_ZONE, "2027-03-01 00:00", False, id="and not March"),
        pytest.param("11-01", "02-29", UTC_ZONE, "2028-02-29 12:00", True, id="the leap day in a leap year"),
        pytest.param("11-01", "02-28", UTC_ZONE, "2028-02-29 12:00", False, id="which 02-28 leaves out"),
        pytest.param("02-29", "05-31", UTC_ZONE, "2027-02-28 23:59", False, id="from the leap day on is from March on"),
        pytest.param("02-29", "05-31", UTC_ZONE, "2028-02-29 00:00", True, id="in a leap year a day earlier"),
        pytest.param("02-29", "02-29", UTC_ZONE, "2028-02-29 12:00", True, id="the leap day alone"),
        pytest.param("02-29", "02-29", UTC_ZONE, "2027-03-01 00:00", False, id="which a common year has not"),
        pytest.param("07-04", "07-04", UTC_ZONE, "2027-07-04 12:00", True, id="one day"),
    ],
)
def test_a_season_of_every_year(first: str, last: str, zone_name: str, now: str, is_open: bool) -> None:
    assert yearly("s", day(first), day(last), zone_name).is_open(at(now)) is is_open


@pytest.mark.parametrize(
    ("first", "last", "endless"),
    [("01-01", "12-31", True), ("03-01", "02-29", True), ("03-01", "02-28", False), ("01-02", "12-31", False)],
)
def test_a_season_that_never_closes_is_none(first: str, last: str, endless: bool) -> None:
    assert is_endless(yearly("s", day(first), day(last), NEW_YORK)) is endless


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("03-01", "10-31", {3, 4, 5, 6, 7, 8, 9, 10}),
        ("11-01", "03-31", {11, 12, 1, 2, 3}),
        ("12-01", "02-29", {12, 1, 2}),
        ("12-01", "02-28", set()),
        ("03-02", "10-31", set()),
        ("03-01", "10-30", set()),
        ("04-01", "04-30", {4}),
        ("05-01", "04-30", set(range(1, 13))),
    ],
)
def test_what_consists_of_months(first: str, last: str, months: set[int]) -> None:
    assert whole_months(day(first), day(last)) == months


@pytest.mark.parametrize(
    ("months", "field"),
    [
        ({3, 4, 5}, "3-5"),
        ({11, 12, 1, 2, 3}, "11-12,1-3"),
        ({12, 1}, "12,1"),
        ({4}, "4"),
        ({1, 5, 6, 7, 12}, "5-7,12,1"),
        (set(range(1, 13)), "1-12"),
    ],
)
def test_months_as_a_field(months: set[int], field: str) -> None:
    assert in_field(frozenset(months)) == field
    assert Cron.parse(f"0 0 * {field} *").months == months


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        pytest.param("0 6 * * *", "0 6 * 3-10 *", id="a star becomes the months"),
        pytest.param("0 6 * 4-9 *", "0 6 * 4-9 *", id="fewer months stay as they are"),
        pytest.param("0 6 * 9-12 *", "0 6 * 9-10 *", id="others are left to those of both"),
        pytest.param("0 6 * OCT,NOV *", "0 6 * 10 *", id="names too"),
        pytest.param(
            "every 5 minutes synchronized", "every 5 minutes synchronized", id="English has no months: a hold says it"
        ),
        pytest.param("5/15 * * * *", "5/15 * * * *", id="and so of what nobody knows"),
    ],
)
def test_a_season_of_months_is_said_by_the_schedule(schedule: str, said: str) -> None:
    season = yearly("baseball", day("03-01"), day("10-31"), NEW_YORK)
    found = rendered(season, Cron.read(schedule), NEW_YORK)
    assert found.text == said
    assert keeps(season, found, NEW_YORK) is (schedule != said or "4-9" in schedule)


def test_a_schedule_without_any_of_its_months_never_fires() -> None:
    season = yearly("baseball", day("03-01"), day("10-31"), NEW_YORK)
    with pytest.raises(CronError, match=r'"0 6 \* 1-2 \*" has none of the months of the season baseball, 3-10'):
        rendered(season, Cron.read("0 6 * 1-2 *"), NEW_YORK)


def test_months_of_another_zone_do_not_say_it() -> None:
    season = yearly("baseball", day("03-01"), day("10-31"), NEW_YORK)
    schedule = Cron.parse("0 6 * * *")
    assert rendered(season, schedule, UTC_ZONE) == schedule
    assert not keeps(season, Cron.parse("0 6 * 3-10 *"), UTC_ZONE)


@pytest.mark.parametrize(
    ("entry", "season"), [("cup", "cup"), ("cup-2026", "cup"), ("cup-26", "cup-26"), ("cup-2026-a", "cup-2026-a")]
)
def test_the_season_of_an_entry(entry: str, season: str) -> None:
    assert season_of(entry) == season


def test_what_fires_between_is_inside_and_so_is_what_fires_next() -> None:
    job = Job(schedule=Cron.parse("0 0 * * *"), season=CUP)
    around = list(fires_between(job, at("2027-06-19 12:00"), at("2027-10-20 12:00")))
    assert around == [at("2027-06-20 07:00"), at("2027-10-19 07:00"), at("2027-10-20 07:00")]
    assert next_fire(job, at("2027-06-20 07:00")) == at("2027-10-19 07:00")
    assert next_fire(job, at("2028-06-19 07:00")) is None
    assert next_fire(job, at("2020-01-01")) == at("2026-10-20 07:00")


INSTANTS = st.datetimes(datetime(2021, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
MINUTE_OF = st.integers(0, 59)


@st.composite
def seasons(draw: st.DrawFn) -> Season:
    """Of one to five openings."""
    ends = sorted(draw(st.lists(INSTANTS, min_size=2, max_size=10, unique=True)))
    openings = list(zip(ends[::2], ends[1::2], strict=False))
    found = dated("s", openings)
    assume(found.openings)
    return found


@given(seasons(), INSTANTS, INSTANTS)
def test_closings_and_openings_share_out_all_of_time(season: Season, one: datetime, other: datetime) -> None:
    start, end = min(one, other), max(one, other) + timedelta(seconds=1)
    closed = list(closings(season, start, end))
    assert all(begins < ends and begins < end and ends > start for begins, ends in closed)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(closed))
    both = merged([*closed, *season.openings])
    assert any(begins <= start and ends >= end for begins, ends in both)
    for instant in (start, end - datetime.resolution, *(edge for closing in closed for edge in closing)):
        if start <= instant < end:
            assert season.is_open(instant) is not any(begins <= instant < ends for begins, ends in closed)
    following = next_closing(season, start)
    assert following[0] > start
    assert not season.is_open(following[0])


@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from(ZONES),
    st.integers(0, 23),
    MINUTE_OF,
    st.sampled_from(["1-2,28-31", "1", "15,31", "29-30"]),  # a month's ends, where a season begins and ends
)
def test_a_month_field_fires_when_a_hold_would_let_it_over_three_years(
    first: int, last: int, zone_name: str, hour: int, minute: int, days_of_month: str
) -> None:
    ends = MonthDay(month=last, day=[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][last - 1])
    season = yearly("s", MonthDay(month=first, day=1), ends, zone_name)
    assume(not is_endless(season))
    schedule = Cron.parse(f"{minute} {hour} {days_of_month} * *")
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
    try:
        said = list(rendered(season, schedule, zone_name).fires_between(start, end, zone(zone_name)))
    except CronError:
        said = []  # 29-30 of February alone
    held = [fire for fire in schedule.fires_between(start, end, zone(zone_name)) if season.is_open(fire)]
    assert said == held
    assert list(fires_between(Job(schedule=schedule, season=season, time_zone=zone_name), start, end)) == held


MONTH_DAYS = st.builds(MonthDay, month=st.sampled_from([2, 3, 12]), day=st.sampled_from([1, 28, 29]))


@given(MONTH_DAYS, MONTH_DAYS)
def test_every_opening_of_every_year_has_a_length_and_is_apart_from_the_next(first: MonthDay, last: MonthDay) -> None:
    openings = yearly("s", first, last, UTC_ZONE).openings
    assert all(opens < closes for opens, closes in openings)
    assert all(closes < opens for (_, closes), (opens, _) in pairwise(openings))
