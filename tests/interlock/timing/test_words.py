"""Schedules in words."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from interlock.cron import Cron, CronError
from interlock.timing.words import in_words


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("15 6 * * *", "At 06:15 every day"),
        ("15,45 * * * *", "At minutes 15 and 45 of every hour"),
        ("* * * * *", "Every minute"),
        ("*/15 18-23,0-2 * * *", "Every 15th minute past every hour from 18 through 23 and every hour from 0 through 2"),
        ("0 8 * * 2", "At 08:00 on Tuesday"),
        ("0 8 * * 7", "At 08:00 on Sunday"),
        ("45 18 * * 0,6", "At 18:45 on Sunday and Saturday"),
        ("0 9-17/2 * * MON-FRI", "At minute 0 past every second hour from 9 through 17 on Monday through Friday"),
        ("0 12 * 5-9 *", "At 12:00 in every month from May through September"),
        ("0 0 29 2 *", "At 00:00 on February 29"),
        ("*/15 * * * *", "Every 15th minute of every hour"),
        ("*/45 * * * *", "At minutes 0 and 45 of every hour"),
        ("*/7 * * * *", "Every seventh minute from 0 through 56 of every hour"),
        ("0 */5 * * *", "At minute 0 past every fifth hour from 0 through 20"),
        ("*/30 */7 * * *", "Every 30th minute past hours 0, 7, 14, and 21"),
        ("0 0 31 * *", "At 00:00 on the 31st day of every month, in months that have it"),
        ("0 0 29-31 * *", "At 00:00 on every day of month from 29 through 31, in months that have it"),
        ("0 0 22 * *", "At 00:00 on the 22nd day of every month"),
        ("0 0 31 1,3 *", "At 00:00 on the 31st day of January and March"),
        ("0 0 */10 * *", "At 00:00 on the first, the 11th, the 21st, and the 31st day of month, in months that have it"),
        ("0 0 */2 * *", "At 00:00 on every second day of month from 1 through 31"),
        ("0 0 1-31/10 * *", "At 00:00 on every 10th day of month from 1 through 31, in months that have it"),
        ("0 0 25-31/2 2,4 *",
         "At 00:00 on every second day of month from 25 through 31 in February and April, in months that have it"),
        ("0 0 30 2,4 *", "At 00:00 on the 30th day of February and April, in months that have it"),
        ("0 0 28-31 2 *", "At 00:00 on every day of month from 28 through 31 in February, as far as that month has them"),
        ("17 2 * 11 *", "At 02:17 every day in November"),
        ("*/30 * * 2 MON", "Every 30th minute of every hour on Monday in February"),
        ("0 0 */2 11 *", "At 00:00 on every second day of month from 1 through 31 in November, as far as that month has them"),
        ("0 0 28-31 1 *", "At 00:00 on every day of month from 28 through 31 in January"),
        ("0 0 5-27/11 2 *", "At 00:00 on every 11th day of month from 5 through 27 in February"),
        ("0 0 * * */2", "At 00:00 on Sunday, Tuesday, Thursday, and Saturday"),
        ("0 0 1 */5 *", "At 00:00 on the first day of January, June, and November"),
    ],
)  # fmt: skip
def test_in_words(schedule: str, words: str) -> None:
    assert in_words(Cron.parse(schedule)) == words


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("0 9 1-7 * 1", "At 09:00 on every day of month from 1 through 7 or on Monday"),
        ("0 0 1 1 MON", "At 00:00 on the first day of month or on Monday in January"),
        ("0  9 * * mon", "At 09:00 on Monday"),
        ("every 5 minutes", "every 5 minutes"),
        ("1st,third mon of  month 04:05", "1st,third mon of month 04:05"),
        ("5/15 * * * *", "At times that nobody knows"),
    ],
)
def test_in_words_what_only_jobs_that_exist_have(schedule: str, words: str) -> None:
    assert in_words(Cron.read(schedule)) == words


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: f"{pair[0]}-{pair[1]}")
    step = st.tuples(st.just("*") | span, st.integers(1, 9)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.just("*") | st.lists(number.map(str) | span | step, min_size=1, max_size=4).map(",".join)


@given(st.tuples(fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12), fields(0, 7)).map(" ".join))
def test_every_schedule_that_we_accept_has_words_on_one_line(text: str) -> None:
    try:
        schedule = Cron.parse(text)
    except CronError:
        return
    assert in_words(schedule).isprintable()


DAYS = dict(enumerate((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), start=1))


@given(st.lists(st.integers(1, 31), min_size=1, max_size=4, unique=True), st.sets(st.integers(1, 12), min_size=2, max_size=6))
def test_a_day_that_a_month_lacks_is_never_promised(days: list[int], months: set[int]) -> None:
    assume(min(days) <= max(DAYS[month] for month in months))
    schedule = Cron.parse(f"0 0 {','.join(map(str, days))} {','.join(map(str, sorted(months)))} *")
    lacks = any(max(days) > DAYS[month] for month in months)
    assert ("in months that have it" in in_words(schedule)) is lacks
