"""Schedules of jobs that exist: what Cloud Scheduler takes beyond the safe dialect, and when that fires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.cron import Cron, CronError, instead, zone

ETC_UTC = zone("Etc/UTC")
START, DAY = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1)
YEAR = 365
WORDS = ("every", "1st", "5", "day", "mon", "of", "month", "quarter", "09:00", "hours", "from", "to", "synchronized", ",")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        pytest.param("15,45 * * * *", "15,45 * * * *", id="the dialect itself"),
        pytest.param("0  9 * *   1", "0 9 * * 1", id="several spaces in a place"),
        pytest.param(" 0 9 * * 1\t", "0 9 * * 1", id="spaces around it"),
        pytest.param("0 9 * * mon-Fri", "0 9 * * MON-FRI", id="names that are not in upper case"),
        pytest.param("0-10/11 9 * * *", "0 9 * * *", id="a step beyond its range, up to the largest value of the field"),
        pytest.param("0 9 * * */7", "0 9 * * 0", id="a step beyond the week"),
        pytest.param("0 9 */31 * *", "0 9 1 * *", id="a step beyond the month"),
        pytest.param("0 *,5 * * *", "0 * * * *", id="a star inside a list"),
    ],
)
def test_what_has_one_reading_fires_by_it(text: str, same: str) -> None:
    found, expected = Cron.read(text), Cron.parse(same)
    assert (found.text, found.is_known) == (text, True)
    days = START, START + 60 * DAY
    assert list(found.fires_between(*days, ETC_UTC)) == list(expected.fires_between(*days, ETC_UTC))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("5/15 * * * *", "what the minute '5/15' means", id="a step after a number"),
        pytest.param("0 2,5/6 * * *", "what the hour '2,5/6' means", id="a step after a number, in a list"),
        pytest.param("0 9 */2 * MON", "how the day field '*/2' goes with another one", id="a step beside another day field"),
        pytest.param("0 9 1 * */2", "how the day field '*/2' goes with another one", id="a step of the week beside a day"),
        pytest.param("0 9 *,1 * 1", "how the day field '*,1' goes with another one", id="a star in a list beside a day"),
        pytest.param("every 5 minutes", "from the end of the last run", id="an interval"),
        pytest.param("every 24 hours", "from the end of the last run", id="an interval of a day"),
    ],
)
def test_what_no_document_decides_is_kept_as_text_and_never_fires(text: str, why: str) -> None:
    found = Cron.read(text)
    assert found.text == text
    assert not found.is_known
    assert why in found.unknown
    assert found.next_fire(START, ETC_UTC) is None
    assert not list(found.fires_between(START, START + YEAR * DAY, ETC_UTC))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("0 22-3 * * *", "allowed is '0 22,23,0-3 * * *'", id="a range over midnight"),
        pytest.param("0 11-5/2 * * *", "allowed is '0 11,13,15,17,19,21,23,1,3,5 * * *'", id="one with a step"),
        pytest.param("0 8 * 11-5/2 *", "allowed is '0 8 * 11,1,3,5 *'", id="one over the new year, with a step"),
        pytest.param("0 8 * * FRI-SUN", "allowed is '0 8 * * 5,6,0'", id="one to Sunday by name"),
        pytest.param("0  8 * nov-feb  *", "allowed is '0 8 * 11,12,1,2 *'", id="one with spaces and in lower case"),
        pytest.param("5-5 * * * *", "the number alone, `5`", id="a range from a number to itself"),
        pytest.param("60 * * * *", "'60', a number out of range", id="a number out of range"),
        pytest.param("0 0 9 * * 1", "has no seconds", id="six fields"),
        pytest.param("@hourly", "a shorthand", id="a shorthand"),
        pytest.param("0 0 L * *", "has no `L`", id="L"),
        pytest.param("0 0 * * 1#2", "has the character '#'", id="the second Monday in another cron's way"),
        pytest.param("0 0 31 2 *", "so it never fires", id="a date that never comes"),
        pytest.param("0 0  31 2 *", "so it never fires", id="a date that never comes, with two spaces"),
        pytest.param("*/60 * * * *", "a step from 1 to 59", id="a step that is larger than any value of its field"),
        pytest.param("every now and then", "App Engine's English", id="English that is none of App Engine's"),
        pytest.param("every 7 hours synchronized", "does not divide a day evenly", id="synchronized, and not a part of a day"),
        pytest.param("30 of feb 00:00", "a day that is in none of its months", id="30 February in English"),
        pytest.param("every 0 minutes", "an interval of nothing", id="an interval of nothing"),
        pytest.param("1st mon of 4th month of quarter 09:00", "a month that no quarter has", id="the 4th month of a quarter"),
    ],
)
def test_what_cloud_scheduler_does_not_take_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CronError) as caught:
        Cron.read(text)
    assert reason in str(caught.value)
    assert str(caught.value).isprintable()


@settings(max_examples=500, derandomize=True)
@given(
    st.text(max_size=40)
    | st.text("0123456789*,/- LW#?@JANMONSUjan", max_size=30)
    | st.lists(st.text("0159*,/-"), min_size=5, max_size=5).map("  ".join)
    | st.lists(st.sampled_from(WORDS)).map(" ".join)
)
def test_any_text_is_read_or_refused_with_a_reason_and_reads_the_same_again(text: str) -> None:
    try:
        found = Cron.read(text)
    except CronError as error:
        assert str(error).isprintable()  # noqa: PT017
    else:
        assert Cron.read(found.text) == found
        assert (found.next_fire(START, ETC_UTC) is None) == (not found.is_known)


NUMBERS = st.sets(st.integers(1, 31), min_size=1, max_size=5), st.sets(st.integers(0, 6), min_size=1, max_size=4)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(*NUMBERS, st.sets(st.integers(1, 12), min_size=1, max_size=12))
def test_two_restricted_day_fields_are_an_inclusive_or(days: set[int], weekdays: set[int], months: set[int]) -> None:
    """ "The job runs on the first day of the month and on every Saturday of the month"."""
    fields = (",".join(map(str, sorted(numbers))) for numbers in (days, months, weekdays))
    found = Cron.read(f"30 9 {' '.join(fields)}")
    dates = [START + n * DAY for n in range(YEAR)]
    naive = [at for at in dates if at.month in months and (at.day in days or (at.weekday() + 1) % 7 in weekdays)]
    expected = [at.replace(hour=9, minute=30) for at in naive]
    assert list(found.fires_between(START, START + YEAR * DAY, ETC_UTC)) == expected
    assert [at for at in dates if found.fires_on(at.date())] == naive


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("0  9 * * mon", '"0 9 * * MON" says the same', id="spaces and lower case"),
        pytest.param("every 5 minutes synchronized", '"*/5 * * * *" says the same', id="English with instants"),
        pytest.param("every mon,tue,wed 9:05", '"5 9 * * 1-3" says the same', id="weekdays in English"),
        pytest.param("every 5 minutes", '"*/5 * * * *" fires as often, at times that are known', id="an interval"),
        pytest.param("every 7 minutes", "", id="an interval that no cron has"),
        pytest.param("1st mon of month 09:00", "", id="the first Monday, which unix-cron can't say"),
        pytest.param("every 5 minutes from 10:00 to 14:00", "", id="what takes two lines of cron"),
        pytest.param("0 9 1 * MON", "", id="two day fields"),
        pytest.param("5/15 * * * *", "", id="what nobody knows the meaning of"),
    ],
)
def test_what_to_write_in_place_of_it(text: str, said: str) -> None:
    assert instead(text) == said
