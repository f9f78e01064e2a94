"""Minute sets against plain sets, and the minutes of a schedule against its fires, changes of the clock included."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.cron import Cron, CronError, zone
from interlock.timing.minutes import MINUTE, Minutes, Span, fire_minutes
from tests.interlock.cloud import at
from tests.interlock.test_cron_fires import random_expression

START = datetime(2026, 3, 1, tzinfo=UTC)
CHANGES = {
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "America/Havana": ("2026-03-08T05:00Z", "2026-11-01T05:00Z"),  # midnight is skipped, and comes twice
    "America/Santiago": ("2026-04-05T03:00Z", "2026-09-06T04:00Z"),  # the day's last hour comes twice
    "America/Nuuk": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),  # the day's last hour is skipped
    "America/St_Johns": ("2010-03-14T03:31Z", "2010-11-07T02:31Z"),  # at 00:01, back into the day before
    "Asia/Beirut": ("2026-03-28T22:00Z", "2026-10-24T21:00Z"),
    "Australia/Lord_Howe": ("2026-04-04T15:00Z", "2026-10-03T15:30Z"),  # half an hour
    "Pacific/Chatham": ("2026-04-04T14:00Z", "2026-09-26T14:00Z"),  # at 03:45 and 02:45
    "Antarctica/Troll": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),  # two hours
    "Antarctica/Casey": ("2020-10-03T16:01Z", "2021-03-13T13:00Z"),  # three hours, the first at 00:01
    "Asia/Kathmandu": ("1985-12-31T18:30Z",),  # from 5:30 to 5:45
    "Pacific/Apia": ("2011-12-30T10:00Z",),  # a whole day is skipped
    "Africa/Monrovia": ("1972-01-07T00:44Z",),  # until then 44 minutes and 30 seconds behind
    "Etc/UTC": ("2026-03-08T07:00Z",),
}
"""Zones, each with instants near which its clock changes, if ever."""

places = st.frozensets(st.integers(0, 200), max_size=30)


def span(minutes: int, start: datetime = START) -> Span:
    return Span(start=start, end=start + minutes * MINUTE)


def minutes(found: frozenset[int], length: int) -> Minutes:
    return Minutes.of((START + place * MINUTE for place in found), span(length))


@settings(max_examples=200, derandomize=True)
@given(
    seed=st.integers(0, 1_000_000),
    near=st.sampled_from([(name, change) for name, changes in CHANGES.items() for change in changes]),
    offset=st.integers(-3 * 24 * 60, 2 * 24 * 60),
    length=st.integers(0, 2 * 24 * 60),
)
def test_the_minutes_of_a_schedule_are_those_of_its_fires(seed: int, near: tuple[str, str], offset: int, length: int) -> None:
    try:
        schedule = Cron.parse(random_expression(random.Random(seed)))  # noqa: S311
    except CronError:
        return
    where, around = zone(near[0]), span(length, datetime.fromisoformat(near[1]) + offset * MINUTE)
    fires = schedule.fires_between(around.start, around.end, where)
    assert list(fire_minutes(schedule, where, around)) == sorted({fire.replace(second=0) for fire in fires})


@pytest.mark.parametrize(
    ("text", "place", "start", "expected"),
    [
        pytest.param("30 23 * * SAT", "America/Nuuk", "2026-03-29 00:00", ["2026-03-29 01:00"],
                     id="what is skipped before midnight fires on the next day, which is no day of the schedule"),
        pytest.param("*/15 0 * * *", "Australia/Lord_Howe", "2026-10-04 12:00", ["2026-10-04 13:30", "2026-10-04 13:45"],
                     id="the hour after midnight that cronsim reaches half an hour late, a day after the change"),
        pytest.param("*/15 0 * * *", "Australia/Lord_Howe", "2026-10-04 13:10",
                     ["2026-10-04 13:30", "2026-10-04 13:45", "2026-10-05 13:00"],
                     id="the same, of a span that begins on the day after the change"),
        pytest.param("0 6 * * *", "America/New_York", "2026-03-07 12:00", ["2026-03-08 10:00"],
                     id="a day of 23 hours"),
        pytest.param("45 5 * * *", "Asia/Kathmandu", "2026-03-07 12:00", ["2026-03-08 00:00"],
                     id="a zone off by 45 minutes"),
    ],
)  # fmt: skip
def test_days_around_a_change_of_the_clock(text: str, place: str, start: str, expected: list[str]) -> None:
    found = fire_minutes(Cron.parse(text), zone(place), span(24 * 60, at(start)))
    assert list(found) == [at(instant) for instant in expected]


@given(a=places, b=places, length=st.integers(0, 200))
def test_sets_combine_as_sets(a: frozenset[int], b: frozenset[int], length: int) -> None:
    one, other = minutes(a, length), minutes(b, length)
    a, b = (frozenset(place for place in found if place < length) for found in (a, b))
    for combined, plain in ((one | other, a | b), (one & other, a & b), (one - other, a - b)):
        assert list(combined) == [START + place * MINUTE for place in sorted(plain)]
        assert (len(combined), bool(combined)) == (len(plain), bool(plain))
        assert combined == minutes(plain, length)


@given(a=places, length=st.integers(1, 200), first=st.integers(-15_000, 15_000), more=st.integers(-100, 15_000))
def test_around_is_every_minute_so_far_from_one_of_the_set(a: frozenset[int], length: int, first: int, more: int) -> None:
    """Seconds count: what begins 30 seconds before a minute does not begin in its minute."""
    earliest, end = timedelta(seconds=first), timedelta(seconds=first + more)
    inside = [place for place in a if place < length]
    expected = [n for n in range(length) if any(earliest <= (n - place) * MINUTE < end for place in inside)]
    assert list(minutes(a, length).around(earliest, end).places()) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0, [3], id="what takes no time is there in its own minute"),
        pytest.param(60, [3], id="a minute ends before the next"),
        pytest.param(61, [3, 4], id="one second more is in the next minute too"),
        pytest.param(600, [3, 4, 5, 6, 7], id="up to the end of the span"),
    ],
)
def test_lengthened(seconds: int, expected: list[int]) -> None:
    assert list(minutes(frozenset({3}), 8).lengthened(timedelta(seconds=seconds)).places()) == expected


@given(a=places, length=st.integers(0, 200), seconds=st.integers(-9_000, 9_000))
def test_delayed_is_each_minute_later(a: frozenset[int], length: int, seconds: int) -> None:
    expected = sorted({p + seconds // 60 for p in a if p < length and 0 <= p + seconds // 60 < length})
    assert list(minutes(a, length).delayed(timedelta(seconds=seconds)).places()) == expected


@given(a=places, length=st.integers(0, 200), start=st.integers(-100, 200), other=st.integers(0, 200))
def test_within_another_span_the_instants_stay(a: frozenset[int], length: int, start: int, other: int) -> None:
    there = span(other, START + start * MINUTE)
    found = minutes(a, length)
    assert list(found.within(there)) == [instant for instant in found if there.start <= instant < there.end]


@pytest.mark.parametrize("combine", [Minutes.__or__, Minutes.__and__, Minutes.__sub__])
def test_sets_of_different_spans_do_not_combine(combine: Callable[[Minutes, Minutes], Minutes]) -> None:
    with pytest.raises(ValueError, match="don't combine"):
        combine(minutes(frozenset(), 5), minutes(frozenset(), 6))


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        pytest.param("2026-03-01T00:00", "2026-03-02T00:00Z", "is not in UTC", id="naive"),
        pytest.param("2026-03-01T00:00Z", "2026-03-02T00:00+01:00", "is not in UTC", id="of another zone"),
        pytest.param("2026-03-01T00:00:01Z", "2026-03-02T00:00Z", "is not a whole minute", id="seconds"),
        pytest.param("2026-03-01T00:00Z", "2026-02-28T00:00Z", "before it starts", id="backwards"),
        pytest.param("1969-03-01T00:00Z", "2026-02-28T00:00Z", "1970 to 9000", id="too long ago"),
    ],
)
def test_a_span_is_of_whole_minutes_in_utc(start: str, end: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Span(start=datetime.fromisoformat(start), end=datetime.fromisoformat(end))
