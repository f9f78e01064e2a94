"""Schedules in words."""

from __future__ import annotations

import pytest
from hypothesis import given
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
    ],
)
def test_in_words(schedule: str, words: str) -> None:
    assert in_words(Cron.parse(schedule)) == words


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
