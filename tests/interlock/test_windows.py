"""When windows are open, with the instants written out: half-open, in their zones, across changes of the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from interlock.cron import Cron
from interlock.windows import next_opening, open_at, openings
from tests.interlock.cloud import at


@dataclass(frozen=True, kw_only=True)
class Window:
    schedule: Cron
    time_zone: str
    duration: timedelta
    name: str = "w"


def window(schedule: str, zone: str = "Etc/UTC", minutes: int = 120) -> Window:
    return Window(schedule=Cron.parse(schedule), time_zone=zone, duration=timedelta(minutes=minutes))


WEEKLY = window("0 8 * * 2")
NEW_YORK, SANTIAGO, LORD_HOWE = "America/New_York", "America/Santiago", "Australia/Lord_Howe"


@pytest.mark.parametrize(
    ("now", "ids"),
    [
        pytest.param("2026-03-10 07:59:59.999999", [], id="closed just before its start"),
        pytest.param("2026-03-10 08:00:00", ["20260310T080000Z"], id="open at its start"),
        pytest.param("2026-03-10 09:59:59.999999", ["20260310T080000Z"], id="open just before its end"),
        pytest.param("2026-03-10 10:00:00", [], id="closed at its end"),
        pytest.param("2026-03-11 08:30:00", [], id="closed on another day"),
    ],
)
def test_a_window_is_half_open(now: str, ids: list[str]) -> None:
    assert [opening.id for opening in open_at(WEEKLY, at(now))] == ids


@pytest.mark.parametrize(
    ("schedule", "zone", "minutes", "after", "start", "end"),
    [
        pytest.param("30 2 * * *", NEW_YORK, 120, "2026-03-07 12:00", "2026-03-08 07:00", "2026-03-08 09:00",
                     id="02:30 does not exist in spring: it opens when the gap ends, and is no shorter"),
        pytest.param("0 1 * * *", NEW_YORK, 120, "2026-03-07 12:00", "2026-03-08 06:00", "2026-03-08 08:00",
                     id="across the spring change it is open for two hours of time, until 04:00 on the wall"),
        pytest.param("30 1 * * *", NEW_YORK, 120, "2026-10-31 12:00", "2026-11-01 05:30", "2026-11-01 07:30",
                     id="01:30 comes twice in autumn: it opens the first time, until 02:30 on the wall"),
        pytest.param("30 2 * * *", NEW_YORK, 120, "2026-11-01 05:30", "2026-11-01 07:30", "2026-11-01 09:30",
                     id="after the autumn change the wall is an hour later in UTC"),
        pytest.param("30 2 * * *", NEW_YORK, 120, "2026-07-01 00:00", "2026-07-01 06:30", "2026-07-01 08:30",
                     id="in summer"),
        pytest.param("0 0 * * *", SANTIAGO, 60, "2026-09-05 12:00", "2026-09-06 04:00", "2026-09-06 05:00",
                     id="midnight does not exist in Chile's spring"),
        pytest.param("15 2 * * *", LORD_HOWE, 60, "2026-10-03 00:00", "2026-10-03 15:30", "2026-10-03 16:30",
                     id="a gap of half an hour"),
        pytest.param("0 8 * * 2", "Etc/UTC", 1440, "2026-03-10 08:00", "2026-03-17 08:00", "2026-03-18 08:00",
                     id="the next is after, not at"),
    ],
)  # fmt: skip
def test_the_next_opening(schedule: str, zone: str, minutes: int, after: str, start: str, end: str) -> None:
    opening = next_opening(window(schedule, zone, minutes), at(after))
    assert (opening.start, opening.end) == (at(start), at(end))


def test_a_schedule_that_follows_the_clock_opens_in_both_passes_of_a_repeated_hour() -> None:
    hourly = window("30 * * * *", NEW_YORK, 5)
    found = openings(hourly, at("2026-11-01 05:00"), at("2026-11-01 07:00"))
    assert [opening.start for opening in found] == [at("2026-11-01 05:30"), at("2026-11-01 06:30")]


def test_openings_that_overlap_an_interval_and_no_others() -> None:
    found = list(openings(WEEKLY, at("2026-03-10 10:00"), at("2026-03-24 08:00")))
    assert [opening.id for opening in found] == ["20260317T080000Z"]
    touching = list(openings(WEEKLY, at("2026-03-10 09:59:59"), at("2026-03-24 08:00:01")))
    assert [opening.id for opening in touching] == ["20260310T080000Z", "20260317T080000Z", "20260324T080000Z"]


def test_a_window_that_opens_again_before_it_closes_has_two_openings() -> None:
    overlapping = window("0,30 * * * *", minutes=45)
    assert [o.id for o in open_at(overlapping, at("2026-03-10 08:40"))] == ["20260310T080000Z", "20260310T083000Z"]
