"""Instants as people type them, across changes of the clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.timing.until import parse_duration, parse_end, parse_since
from interlock.zones import zone as named

NEW_YORK = named("America/New_York")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        pytest.param("2h", "2026-11-23T18:00:00.5", "2026-11-23T20:00", id="how long is from now, in whole seconds"),
        pytest.param("23:00", "2026-11-23T18:00", "2026-11-24T04:00", id="a time is the next one today"),
        pytest.param("12:59", "2026-11-23T18:00", "2026-11-24T17:59", id="a time that has passed is tomorrow's"),
        pytest.param("13:00", "2026-11-23T18:00", "2026-11-24T18:00", id="now is not after now"),
        pytest.param("9:05", "2026-11-23T18:00", "2026-11-24T14:05", id="an hour may have one digit"),
        pytest.param("00:30", "2026-11-24T04:59", "2026-11-24T05:30", id="just after midnight in the zone"),
        pytest.param("02:30", "2026-03-08T05:00", "2026-03-09T06:30", id="a time that the clock skips is the next day's"),
        pytest.param("01:30", "2026-11-01T05:00", "2026-11-01T05:30", id="a time that comes twice is the first"),
        pytest.param("01:30", "2026-11-01T05:45", "2026-11-01T06:30", id="or the second when the first has passed"),
        pytest.param("2026-11-24 07:00", "2026-11-23T18:00", "2026-11-24T12:00", id="a date and time are of the zone"),
        pytest.param("2026-11-24T07:00:30", "2026-11-23T18:00", "2026-11-24T12:00:30", id="also with a T and seconds"),
        pytest.param("2026-11-01 01:30", "2026-11-01T05:45", "2026-11-01T06:30", id="a dated time that comes twice"),
        pytest.param("2026-11-24T07:00:00Z", "2026-11-23T18:00", "2026-11-24T07:00", id="RFC 3339 in UTC"),
        pytest.param("2026-11-24T07:00:00-08:00", "2026-11-23T18:00", "2026-11-24T15:00", id="RFC 3339 with an offset"),
        pytest.param("2026-11-24T07:00:00.9Z", "2026-11-23T18:00", "2026-11-24T07:00", id="whole seconds"),
        pytest.param("2020-01-01 00:00", "2026-11-23T18:00", "2020-01-01T05:00", id="the past is for others to refuse"),
    ],
)
def test_an_end(text: str, now: str, expected: str) -> None:
    assert parse_end(text, utc(now), NEW_YORK) == utc(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no time; write how long, like 2h"),
        ("24:00", "'24:00' is no time"),
        ("tomorrow", "'tomorrow' is no time"),
        ("2026-02-30 07:00", "'2026-02-30 07:00' is no time"),
        ("2026-11-24", "'2026-11-24' has no zone"),
        ("2026-03-08 02:30", "2026-03-08 02:30 is skipped by the clock of America/New_York; name another time"),
        ("\u0662\u0663:\u0660\u0660", "is no time"),
    ],
)
def test_what_is_no_end(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_end(text, utc("2026-11-23T18:00"), NEW_YORK)


@given(
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Etc/UTC", "Pacific/Apia", "Africa/Casablanca"]),
)
def test_a_time_is_that_time_on_the_clock_and_the_first_such_after_now(
    hour: int, minute: int, now: datetime, zone: str
) -> None:
    place = named(zone)
    end = parse_end(f"{hour:02}:{minute:02}", now, place)
    assert now < end < now + timedelta(days=2, hours=2)
    shown = end.astimezone(place)
    assert (shown.hour, shown.minute, shown.second) == (hour, minute, 0)
    second = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    earlier = (second + timedelta(minutes=15 * step) for step in range(int((end - second) / timedelta(minutes=15)) + 1))
    assert not any((at.astimezone(place).hour, at.astimezone(place).minute) == (hour, minute) for at in earlier if at < end)


@pytest.mark.parametrize(
    ("text", "minutes"), [("45m", 45), ("2h", 120), ("1h30m", 90), ("4d", 5760), ("1d1h1m", 1501), ("0h5m", 5)]
)
def test_a_duration(text: str, minutes: int) -> None:
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "0m", "2", "h", "-2h", "2h ", "1m1h", "90s", "1.5h", "99999d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration; write one like 45m, 2h, 1h30m or 4d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        pytest.param("24h", "2026-11-23T18:00", "2026-11-22T18:00", id="so long ago"),
        pytest.param("2d", "2026-11-23T18:00", "2026-11-21T18:00", id="so many days ago"),
        pytest.param("13:00", "2026-11-23T18:00", "2026-11-23T18:00", id="now has come"),
        pytest.param("13:01", "2026-11-23T18:00", "2026-11-22T18:01", id="a time that has not come is yesterday's"),
        pytest.param("02:30", "2026-03-08T12:00", "2026-03-07T07:30", id="a time that the clock skipped is the day before's"),
        pytest.param("01:30", "2026-11-01T12:00", "2026-11-01T06:30", id="of a time that came twice the second"),
        pytest.param("01:30", "2026-11-01T06:00", "2026-11-01T05:30", id="of which only the first has come"),
        pytest.param("2026-11-22 07:00", "2026-11-23T18:00", "2026-11-22T12:00", id="a date and time of the zone"),
        pytest.param("2026-11-22T07:00:00Z", "2026-11-23T18:00", "2026-11-22T07:00", id="RFC 3339"),
    ],
)
def test_an_instant_in_the_past(text: str, now: str, expected: str) -> None:
    assert parse_since(text, utc(now), NEW_YORK) == utc(expected)


@pytest.mark.parametrize("text", ["2026-11-24 07:00", "yesterday", "0h", "", "25:00", "-1h"])
def test_what_is_no_instant_in_the_past_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is in the future|is no time|is no duration"):
        parse_since(text, utc("2026-11-23T18:00"), NEW_YORK)
