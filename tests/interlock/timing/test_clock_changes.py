"""Changes of the clock, with the instants written out, and what becomes of a schedule there."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import tzdata
from hypothesis import given
from hypothesis import strategies as some

from interlock.cron import Cron, zone
from interlock.timing.clock_changes import STEP, changes, named_between, what_happens
from interlock.zones import names
from tests.interlock.cloud import at

NEW_YORK, LORD_HOWE, SANTIAGO = "America/New_York", "Australia/Lord_Howe", "America/Santiago"
JUMP, BACK = "2026-03-08", "2026-11-01"


def found(name: str, start: str, end: str) -> list[tuple[str, str]]:
    return [(f"{change.at:%Y-%m-%d %H:%M:%S}", str(change)) for change in changes(zone(name), at(start), at(end))]


@pytest.mark.parametrize(
    ("name", "start", "end", "expected"),
    [
        pytest.param(NEW_YORK, "2026-01-01", "2027-01-01",
                     [("2026-03-08 07:00:00", "the clocks jump from 02:00 to 03:00"),
                      ("2026-11-01 06:00:00", "the clocks go back from 02:00 to 01:00")], id="a year of New York"),
        pytest.param(LORD_HOWE, "2026-10-01", "2026-11-01",
                     [("2026-10-03 15:30:00", "the clocks jump from 02:00 to 02:30")], id="half an hour"),
        pytest.param(SANTIAGO, "2026-09-01", "2026-10-01",
                     [("2026-09-06 04:00:00", "the clocks jump from 00:00 to 01:00")], id="at midnight"),
        pytest.param("Etc/UTC", "2026-01-01", "2027-01-01", [], id="UTC never"),
        pytest.param(NEW_YORK, "2026-03-08 07:00:00", "2026-03-08 07:00:01",
                     [("2026-03-08 07:00:00", "the clocks jump from 02:00 to 03:00")], id="at the start"),
        pytest.param(NEW_YORK, "2026-03-08 07:00:01", "2026-03-09", [], id="before the start"),
        pytest.param(NEW_YORK, "2026-03-07", "2026-03-08 07:00:00", [], id="at the end"),
    ],
)  # fmt: skip
def test_the_changes_of_an_interval(name: str, start: str, end: str, expected: list[tuple[str, str]]) -> None:
    assert found(name, start, end) == expected


def test_no_two_changes_of_any_zone_are_so_near_that_one_is_not_seen() -> None:
    """By the data themselves, from their first year on: https://www.rfc-editor.org/rfc/rfc9636"""
    nearest = min(later - earlier for name in names() for earlier, later in pairwise(_instants_of_changes(name)))
    assert timedelta(seconds=nearest) > 2 * STEP


def _instants_of_changes(name: str) -> list[int]:
    """Seconds since 1970, of the second block of a zone's file, which has 64 bits for each."""
    content = (Path(tzdata.__file__).parent / "zoneinfo" / name).read_bytes()
    header = ">20x6l"
    utc, standard, leaps, instants, types, letters = struct.unpack_from(header, content)
    second = 44 + utc + standard + 8 * leaps + 5 * instants + 6 * types + letters
    utc, standard, leaps, instants, types, letters = struct.unpack_from(header, content, second)
    at = second + 44
    times = struct.unpack_from(f">{instants}q", content, at)
    kinds = content[at + 8 * instants : at + 9 * instants]
    offsets = [ahead for ahead, _ in struct.iter_unpack(">l2s", content[at + 9 * instants : at + 9 * instants + 6 * types])]
    ahead = [offsets[0], *(offsets[kind] for kind in kinds)]
    return [time for time, (before, after) in zip(times, pairwise(ahead), strict=True) if before != after]


@pytest.mark.parametrize(
    ("schedule", "name", "day", "said"),
    [
        pytest.param("30 2 * * *", NEW_YORK, JUMP, ["02:30 does not exist that day; it fires at 03:00"], id="skipped"),
        pytest.param("15,45 2 * * *", NEW_YORK, JUMP, ["02:15 and 02:45 do not exist that day; it fires at 03:00"],
                     id="two skipped become one fire"),
        pytest.param("*/10 * * * *", NEW_YORK, JUMP,
                     ["02:00, 02:10, 02:20 and 3 more do not exist that day, and nothing fires for them"],
                     id="what follows the clock has no fire for what is skipped"),
        pytest.param("0 2,3 * * *", NEW_YORK, JUMP, ["02:00 does not exist that day, and nothing fires for it"],
                     id="the fire at the end of the gap is one that it has anyway"),
        pytest.param("30 4 * * *", NEW_YORK, JUMP, [], id="later that day"),
        pytest.param("30 2 * * 1", NEW_YORK, JUMP, [], id="on another day of the week"),
        pytest.param("30 1 * * *", NEW_YORK, BACK, ["01:30 comes twice that day, and it fires the first time"], id="repeated"),
        pytest.param("15,45 * * * *", NEW_YORK, BACK, ["01:15 and 01:45 come twice that day, and it fires both times"],
                     id="what follows the clock fires in both passes"),
        pytest.param("30 2 * * *", NEW_YORK, BACK, [], id="after the repeated hour"),
        pytest.param("15 2 * * *", LORD_HOWE, "2026-10-04", ["02:15 does not exist that day; it fires at 02:30"],
                     id="half an hour"),
        pytest.param("0 0 * * *", SANTIAGO, "2026-09-06", ["00:00 does not exist that day; it fires at 01:00"], id="midnight"),
    ],
)  # fmt: skip
def test_what_happens_to_a_schedule(schedule: str, name: str, day: str, said: list[str]) -> None:
    place, noon = zone(name), at(f"{day} 12:00")
    (change,) = changes(place, noon - timedelta(days=1), noon + timedelta(days=1))
    assert what_happens(Cron.parse(schedule), place, change) == said


@given(
    schedule=some.sampled_from(
        [
            "*/7 * * * *",
            "30 2 * * *",
            "0 0 1 * *",
            "15 0-3 * * 1-5",
            "59 23 29 2 *",
            "0 9 1,15 * 3",
            "every 90 minutes synchronized",
        ]
    ),
    first=some.datetimes(datetime(2024, 2, 26), datetime(2024, 3, 4)),
    minutes=some.integers(0, 3_000),
)
def test_a_schedule_names_the_times_at_which_it_fires_where_no_clock_changes(
    schedule: str, first: datetime, minutes: int
) -> None:
    cron, last = Cron.read(schedule), first + timedelta(minutes=minutes)
    fires = cron.fires_between(first.replace(tzinfo=UTC), last.replace(tzinfo=UTC), UTC)
    assert named_between(cron, first, last) == [fire.replace(tzinfo=None) for fire in fires]
