"""The strip of a day, character by character, and its ruler, across changes of the clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cron import Cron, zone
from interlock.drawing.strip import HEIGHTS, HELD, HIGHEST, LEGEND, NOTHING, SHADED, ruler, strip
from interlock.timing.minutes import Day
from tests.interlock.cloud import at

UTC_DAY = Day(date=date(2026, 1, 13), zone=zone("Etc/UTC"))
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)


def new_york(day: date) -> Day:
    return Day(date=day, zone=zone("America/New_York"))


@pytest.mark.parametrize(
    ("day", "hours", "start"),
    [
        pytest.param(UTC_DAY, 24, "2026-01-13 00:00", id="in UTC"),
        pytest.param(new_york(date(2026, 7, 1)), 24, "2026-07-01 04:00", id="in summer"),
        pytest.param(new_york(SPRING), 23, "2026-03-08 05:00", id="the clock jumps"),
        pytest.param(new_york(AUTUMN), 25, "2026-11-01 04:00", id="the clock goes back"),
        pytest.param(Day(date=date(2026, 9, 6), zone=zone("America/Santiago")), 23, "2026-09-06 04:00",
                     id="midnight does not exist: it starts with the change"),
        pytest.param(Day(date=date(2025, 11, 2), zone=zone("America/Havana")), 25, "2025-11-02 04:00",
                     id="midnight comes twice: it starts with the first"),
        pytest.param(Day(date=date(2026, 4, 4), zone=zone("America/Santiago")), 25, "2026-04-04 03:00",
                     id="the hour before midnight comes twice"),
        pytest.param(Day(date=date(2011, 12, 30), zone=zone("Pacific/Apia")), 0, "2011-12-30 10:00",
                     id="a day that Samoa left out"),
    ],
)  # fmt: skip
def test_a_day_is_as_long_as_its_clocks_show(day: Day, hours: float, start: str) -> None:
    assert day.start == at(start)
    assert day.end - day.start == timedelta(hours=hours)
    assert len(strip([], day)) == len(ruler(day)) == hours * 2


@pytest.mark.parametrize(
    ("day", "line"),
    [
        pytest.param(UTC_DAY, "00  02  04  06  08  10  12  14  16  18  20  22  ", id="an ordinary day"),
        pytest.param(new_york(SPRING), "00    04  06  08  10  12  14  16  18  20  22  ", id="02:00 does not exist"),
        pytest.param(new_york(AUTUMN), "00    02  04  06  08  10  12  14  16  18  20  22  ", id="01:00 comes twice"),
        pytest.param(Day(date=date(2026, 10, 4), zone=zone("Australia/Lord_Howe")),
                     "00     04  06  08  10  12  14  16  18  20  22  ", id="a change by half an hour, at 02:00"),
    ],
)  # fmt: skip
def test_the_ruler_shows_the_hours_of_the_clocks(day: Day, line: str) -> None:
    assert ruler(day) == line


@pytest.mark.parametrize("day", [UTC_DAY, new_york(AUTUMN)], ids=["an ordinary day", "a day with an hour that comes twice"])
def test_an_hour_stands_above_its_fires(day: Day) -> None:
    line = strip(Cron.parse("0 */2 * * *").fires_between(day.start, day.end, day.zone), day)
    assert [slot for slot, character in enumerate(line) if character != NOTHING] == [
        slot for slot in range(len(line)) if ruler(day)[slot : slot + 2].strip().isdigit() and ruler(day)[slot] != " "
    ][::2]


@pytest.mark.parametrize(
    ("fires", "characters"),
    [(0, "·"), (1, "▂"), (2, "▃"), (3, "▄"), (4, "▄"), (6, "▅"), (7, "▆"), (10, "▆"), (15, "▇"), (16, "█"), (30, "█")],
)
def test_the_height_is_the_number_of_fires_in_the_half_hour(fires: int, characters: str) -> None:
    assert strip([at("2026-01-13 06:00") + timedelta(minutes=n) for n in range(fires)], UTC_DAY)[12] == characters


def cut(fires: list[str], closed: list[tuple[str, str]]) -> str:
    """The strip from 08:00 to 11:00."""
    intervals = [(at(f"2026-01-13 {start}"), at(f"2026-01-13 {end}")) for start, end in closed]
    return strip([at(f"2026-01-13 {fire}") for fire in fires], UTC_DAY, intervals)[16:22]


@pytest.mark.parametrize(
    ("fires", "closed", "characters"),
    [
        pytest.param([], [("08:30", "10:00")], "·░░░··", id="closed, and nothing would fire"),
        pytest.param(["09:15"], [("08:30", "10:00")], "·░x░··", id="closed when it would fire"),
        pytest.param(["08:00", "10:00"], [("08:30", "10:00")], "▂░░░▂·", id="it fires before and after"),
        pytest.param(["08:30"], [("08:30", "09:00")], "·x····", id="closed at its start"),
        pytest.param(["09:00"], [("08:30", "09:00")], "·░▂···", id="open at its end"),
        pytest.param(["08:45"], [("08:50", "09:00")], "·▂····", id="it fires in a half hour that closes later"),
        pytest.param(["08:45", "08:55"], [("08:50", "09:00")], "·x····", id="one fire of two is held: that is what matters"),
        pytest.param([], [("08:40", "08:41")], "·░····", id="closed for a minute"),
        pytest.param([], [("08:30", "08:30")], "······", id="closed for no time"),
    ],
)
def test_what_is_closed_is_shaded_and_what_does_not_start_is_marked(
    fires: list[str], closed: list[tuple[str, str]], characters: str
) -> None:
    assert cut(fires, closed) == characters


def test_the_legend_explains_every_character() -> None:
    assert all(character in LEGEND for character in [NOTHING, SHADED, HELD, HIGHEST, *dict(HEIGHTS).values()])


INSTANTS = st.datetimes(datetime(2026, 1, 12), datetime(2026, 1, 15)).map(lambda instant: instant.replace(tzinfo=UTC_DAY.zone))


@given(st.lists(INSTANTS), st.lists(st.tuples(INSTANTS, INSTANTS)))
def test_any_fires_and_any_intervals_give_a_line_of_one_width(
    fires: list[datetime], closed: list[tuple[datetime, datetime]]
) -> None:
    line = strip(fires, UTC_DAY, closed)
    assert len(line) == 48
    assert line == strip(sorted(fires, reverse=True), UTC_DAY, closed[::-1])
