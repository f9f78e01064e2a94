"""What a schedule does around a change of the clock, said without a walk, and where only a walk says it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from interlock.cron import Cron, zone
from interlock.timing.minutes import MINUTE
from interlock.timing.over_changes import minutes_over
from tests.interlock.cloud import at

SPRING, AUTUMN = "2026-03-08 05:00", "2026-11-01 04:00"
"""Midnight in New York on the days of its changes, in UTC: from 02:00 to 03:00 at 07:00, and back at 06:00."""


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        pytest.param("30 4 * * *", SPRING, ["08:30"], id="after a gap all is an hour earlier"),
        pytest.param("30 1 * * *", SPRING, ["06:30"], id="before a gap nothing is different"),
        pytest.param("15,30 2 * * *", SPRING, ["07:00"], id="what is skipped fires when the gap ends, once"),
        pytest.param("0 2,3 * * *", SPRING, ["07:00"], id="what is skipped, and what fires as the gap ends, are one"),
        pytest.param("*/30 2,3 * * *", SPRING, ["07:00", "07:30"], id="what follows the clock skips the gap"),
        pytest.param("30 1 * * *", AUTUMN, ["05:30"], id="what comes twice fires the first time"),
        pytest.param("0,30 1,2 * * *", AUTUMN, ["05:00", "05:30", "07:00", "07:30"], id="what comes after it is an hour later"),
        pytest.param("*/30 1 * * *", AUTUMN, ["05:00", "05:30", "06:00", "06:30"], id="what follows the clock fires twice"),
        pytest.param("30 1 * * MON", AUTUMN, [], id="on another day it does not fire"),
    ],
)  # fmt: skip
def test_over_a_change_by_whole_hours(text: str, start: str, expected: list[str]) -> None:
    begin = at(start)
    found = minutes_over(Cron.parse(text), zone("America/New_York"), begin, begin + timedelta(hours=20))
    assert found == sum(1 << (at(f"{start[:10]} {fire}") - begin) // MINUTE for fire in expected)


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        pytest.param("0,30 1 * * *", "2026-11-01 05:15", ["05:30"], id="from within the first pass"),
        pytest.param("0,30 1,2 * * *", "2026-11-01 06:15", ["07:00", "07:30"], id="from within the second pass"),
        pytest.param("30 2 * * *", "2026-03-08 07:00", ["07:00"], id="from the end of the gap on"),
    ],
)
def test_a_part_of_such_a_day(text: str, start: str, expected: list[str]) -> None:
    begin = at(start)
    found = minutes_over(Cron.parse(text), zone("America/New_York"), begin, begin + timedelta(hours=4))
    assert found == sum(1 << (at(f"{start[:10]} {fire}") - begin) // MINUTE for fire in expected)


@pytest.mark.parametrize(
    ("place", "start"),
    [
        pytest.param("Australia/Lord_Howe", "2026-10-03 13:30", id="half an hour"),
        pytest.param("Australia/Lord_Howe", "2026-10-04 13:00", id="the day after half an hour"),
        pytest.param("Pacific/Chatham", "2026-04-04 10:15", id="an hour, not at a whole one"),
        pytest.param("America/Havana", "2026-03-08 05:00", id="from midnight on"),
        pytest.param("America/Santiago", "2026-04-04 03:00", id="to midnight"),
        pytest.param("Pacific/Apia", "2011-12-29 10:00", id="a day that is left out"),
    ],
)
def test_only_a_walk_tells_of_a_change_by(place: str, start: str) -> None:
    assert minutes_over(Cron.parse("*/5 * * * *"), zone(place), at(start), at(start) + timedelta(hours=25)) is None
