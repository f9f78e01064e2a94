"""Days in words: by example, and that the words, read again by themselves, mean the days and no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.cron import Cron, zone
from interlock.timing.days_in_words import ALWAYS, MONTHS, ORDINALS, WEEKDAYS, days_in_words, often
from interlock.timing.minutes import fire_minutes
from interlock.timing.year import Year

YEAR = Year(first=date(2026, 11, 29))
NEW_YORK, BERLIN, UTC, SYDNEY = "America/New_York", "Europe/Berlin", "Etc/UTC", "Australia/Sydney"


def meeting(one: tuple[str, str], other: tuple[str, str], year: Year = YEAR) -> str:
    """How often two schedules fire in one minute, by the clock of the first."""
    both = [fire_minutes(Cron.read(schedule), zone(place), year.span) for schedule, place in (one, other)]
    return str(often(both[0] & both[1], year, zone(one[1]), [zone(place) for _, place in (one, other)]))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("0 8 * * *", "0 * * * *", "7x a week", id="every day"),
        pytest.param("0 8 * * 1", "0 8 * * *", "1x a week on Mondays", id="a weekday"),
        pytest.param("0 8,9 * * 1,4", "0 * * * *", "4x a week on Mondays and Thursdays", id="two weekdays"),
        pytest.param("0 8 * * 1-5", "0 8 * * *", "5x a week on Mondays to Fridays", id="weekdays in a row"),
        pytest.param("0 8 * * 5-6,0,1", "0 8 * * *", "4x a week on Fridays to Mondays", id="a row over the end of a week"),
        pytest.param("0 8 * 3-10 *", "0 8 * 10-11 *", "7x a week in October", id="one month"),
        pytest.param("0 8 * 10-11 *", "0 8 * 3-12 *", "7x a week from October to November", id="months in a row"),
        pytest.param("0 8 * 10-12,1-3 *", "0 8 * * *", "7x a week from October to March", id="months over new year"),
        pytest.param("0 8 * 3,5,7-9 *", "0 8 * * *", "7x a week in March and May and from July to September", id="several"),
        pytest.param("0 8 * 3-10 1", "0 8 * * *", "1x a week on Mondays from March to October", id="weekdays of months"),
        pytest.param("0 8 1 * *", "0 8 * * *", "12 times a year, on the 1st of each month", id="a day of the month"),
        pytest.param("0 8 2,23 * *", "0 8 * * *", "24 times a year, on the 2nd and 23rd of each month", id="two of them"),
        pytest.param("0 8 1-7 * *", "0 8 * * *", "84 times a year, from the 1st to the 7th of each month", id="a row of them"),
        pytest.param(
            "0 8 1,15 3,9 *", "0 8 * * *", "4 times a year, on the 1st and 15th of March and September", id="few months"
        ),
        pytest.param(
            "0 8 31 * *", "0 8 * * *", "7 times a year, on the 31st of each month that has it", id="not in every month"
        ),
        pytest.param("0 8 13 * 5", "0 8 * * *", "63 times a year, on Fridays and on the 13th of each month", id="either day"),
        pytest.param(
            "first monday of month 08:00", "0 8 * * *", "12 times a year, on the first Monday of each month", id="first"
        ),
        pytest.param("0 8 14 3 *", "0 8 * * *", "only on 14 March 2027, when the clock changes", id="a day of a change"),
        pytest.param("0 8 15 3,5 *", "0 8 * * *", "only on 15 March 2027 and 15 May 2027", id="two days"),
        pytest.param("0 3 * * *", "30 2 * * *", "only on 14 March 2027, when the clock changes", id="a time that is skipped"),
        pytest.param(
            "30 2 * * *",
            "30 * * * *",
            "7x a week, but not on 14 March 2027, when the clock changes",
            id="all days but a change",
        ),
        pytest.param("0 8 * * 0", "0 8 */2 * *", "28 times a year", id="no pattern"),
        pytest.param("0 8 29 2 *", "0 8 * * *", "on no day", id="never"),
    ],
)
def test_how_often_two_jobs_meet_in_one_zone(one: str, other: str, expected: str) -> None:
    assert meeting((one, NEW_YORK), (other, NEW_YORK)) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(("0 8 * * *", NEW_YORK), ("0 13 * * *", UTC), "7x a week in winter", id="the clock of the first"),
        pytest.param(("0 12 * * *", UTC), ("0 8 * * *", NEW_YORK), "7x a week in summer", id="the clock of the other"),
        pytest.param(
            ("0 8 * * 1-5", NEW_YORK), ("0 13 * * *", UTC), "5x a week on Mondays to Fridays in winter", id="weekdays"
        ),
        pytest.param(
            ("0 8 * * *", SYDNEY), ("0 22 * * *", UTC), "7x a week in winter", id="in the south, where July is winter"
        ),
        pytest.param(
            ("0 8 * * *", NEW_YORK),
            ("0 12 * 10-11 *", UTC),
            "7x a week from 1 October 2027 to 6 November 2027",
            id="a clock and months, which make one time",
        ),
        pytest.param(
            ("0 8 * * *", NEW_YORK),
            ("0 14 * * *", BERLIN),
            "7x a week, but not from 14 March 2027 to 27 March 2027 and from 31 October 2027 to 6 November 2027",
            id="two clocks that change on other days",
        ),
        pytest.param(
            ("0 9 * * *", NEW_YORK),
            ("0 14 * * *", BERLIN),
            "7x a week from 14 March 2027 to 27 March 2027 and from 31 October 2027 to 6 November 2027",
            id="only while they differ",
        ),
    ],
)
def test_how_often_jobs_of_two_zones_meet(one: tuple[str, str], other: tuple[str, str], expected: str) -> None:
    assert meeting(one, other) == expected


def test_whose_winter_it_is_is_said_where_there_are_two() -> None:
    clock = YEAR.clock(zone(BERLIN), zone(UTC))
    assert clock is not None
    words = days_in_words(clock.winter, YEAR, zone(UTC), [zone(BERLIN), zone(NEW_YORK)])
    assert words.text == "in winter by the clock of Europe/Berlin"
    assert days_in_words(clock.winter, YEAR, zone(UTC), [zone(BERLIN)]).text == "in winter"


def test_a_part_of_the_year_that_begins_or_ends_with_it_has_one_end() -> None:
    first = sum(1 << number for number, day in enumerate(YEAR.dates) if day < date(2027, 2, 3))
    assert days_in_words(first, YEAR, zone(UTC), ()).text == "until 2 February 2027"
    assert days_in_words(YEAR.all_days & ~first, YEAR, zone(UTC), ()).text == "from 3 February 2027 on"


def test_what_has_no_pattern_is_counted_with_its_first_day() -> None:
    days = sum(1 << number for number in (3, 20, 21, 40, 90, 93, 200))
    words = days_in_words(days, YEAR, zone(UTC), ())
    assert (words.text, words.counted) == ("on 7 days, first 2026-12-02", True)


# The words read again

Days = frozenset[date]


def read_again(text: str, year: Year, clocks: list[str]) -> tuple[Days, Days]:
    """The days that the words say for sure, and those that they may say: a day of a change is in both seasons."""
    text, _, but = text.partition(", but not ")
    least, most = _said(text.removeprefix(ALWAYS).strip(), year, clocks)
    if but:
        missing, _ = _said(but.removesuffix(", when the clock changes"), year, clocks)
        return least - missing, most - missing
    return least, most


def _said(text: str, year: Year, clocks: list[str]) -> tuple[Days, Days]:
    everything = frozenset(year.dates)
    least, most = everything, everything
    if found := re.fullmatch(r"only on (.+?)(, when the clock changes)?", text):
        named = frozenset(map(_date, re.split(", | and ", found[1])))
        return named, named
    dates = r"(?:on|until|from) \d+ [A-Z]\w+ \d{4}(?: on| to \d+ \w+ \d{4})?"
    if found := re.search(rf"(?:^|\s)({dates}(?: and {dates})?)$", text):
        text = text[: found.start()]
        within = frozenset(day for part in re.split(r" and (?=on|until|from)", found[1]) for day in _from_to(part, everything))
        least, most = within, within
    if found := re.search(r"(?:^|\s)in (winter|summer)(?: by the clock of (\S+))?$", text):
        text = text[: found.start()]
        least, most = _season(found[1], found[2], year, clocks)
    names = "|".join(MONTHS)
    month = rf"(?:in (?:{names})(?:(?:, | and )(?:{names}))*|from (?:{names}) to (?:{names}))"
    if found := re.search(rf"(?:^|\s)({month}(?:(?:, | and ){month})*)$", text):
        text = text[: found.start()]
        within = frozenset(day for day in everything if day.month in _months(found[1]))
        least, most = least & within, most & within
    if found := re.search(rf" of ((?:{names})(?:(?:, | and )(?:{names}))*)$", text):
        text = text[: found.start()]
        within = frozenset(day for day in everything if MONTHS[day.month - 1] in found[1])
        least, most = least & within, most & within
    text = re.sub(r" of each month( that has (it|them))?$", "", text)
    wanted = _kind(text)
    return frozenset(filter(wanted, least)), frozenset(filter(wanted, most))


def _kind(text: str) -> Callable[[date], bool]:
    if not text:
        return lambda _: True
    if found := re.fullmatch(rf"on the ({'|'.join(ORDINALS)}) (\w+day)", text):
        place, weekday = ORDINALS.index(found[1]), WEEKDAYS.index(found[2])
        return lambda day: day.weekday() == weekday and (day.day - 1) // 7 == place
    numbers = [int(number) for number in re.findall(r"(\d+)(?:st|nd|rd|th)", text)]
    if text.startswith("from the"):
        return lambda day: numbers[0] <= day.day <= numbers[1]
    names = [WEEKDAYS.index(name) for name in re.findall(r"(\w+day)s", text)]
    if " to " in text:
        first, last = names
        names = [weekday % 7 for weekday in range(first, (last if last > first else last + 7) + 1)]
    assert re.fullmatch(r"on ([\w, ]+)", text), text
    return lambda day: day.weekday() in names or day.day in numbers


def _months(text: str) -> set[int]:
    found: set[int] = set()
    for first, last in re.findall(r"from (\w+) to (\w+)", text):
        low, high = MONTHS.index(first), MONTHS.index(last)
        found |= {month % 12 + 1 for month in range(low, (high if high > low else high + 12) + 1)}
    rest = re.sub(r"from (\w+) to (\w+)", "", text)
    return found | {number for number, name in enumerate(MONTHS, 1) if name in rest}


def _date(text: str) -> date:
    return datetime.strptime(text, "%d %B %Y").date()


def _from_to(text: str, everything: Days) -> Iterator[date]:
    verb, rest = text.split(" ", 1)
    first, _, last = rest.removesuffix(" on").partition(" to ")
    if verb == "on":
        yield _date(rest)
    elif verb == "until":
        yield from (day for day in everything if day <= _date(rest))
    else:
        yield from (day for day in everything if _date(first) <= day <= (_date(last) if last else day))


def _season(season: str, whose: str | None, year: Year, clocks: list[str]) -> tuple[Days, Days]:
    """By asking each day's noon, and its midnights, for the offset."""
    for name in [whose] if whose else clocks:
        place = zone(name)
        noons = {day: datetime.combine(day, datetime.min.time(), place) for day in year.dates}
        offsets = {at.utcoffset() or timedelta(0) for at in noons.values()}
        if len(offsets) == 2:
            wanted = min(offsets) if season == "winter" else max(offsets)
            now = {day for day, at in noons.items() if at.utcoffset() == wanted}
            around = {
                day for day in year.dates for near in (-1, 0, 1) if (day + near * timedelta(days=1) in now) is not (day in now)
            }
            return frozenset(now - around), frozenset(now | around)
    raise AssertionError(f"no season in {clocks}")


periods = st.sampled_from(["*", "*", "3-10", "4-11", "11", "10-11", "1,3,5", "12", "2"])
days_of = st.sampled_from(
    [("*", "*"), ("*", "*"), ("*", "1"), ("*", "1-5"), ("*", "0,3"), ("1", "*"), ("1,15", "*"), ("31", "*")]
)
either = st.sampled_from([("13", "5"), ("1-7", "*"), ("*/2", "*"), ("29", "*"), ("*", "0")])
whens = st.builds(
    lambda minute, hour, days, months, place: (f"{minute} {hour} {days[0]} {months} {days[1]}", place),
    st.sampled_from(["0", "30"]),
    st.sampled_from(["*", "2", "3", "6", "*/6", "8-14"]),
    days_of | either,
    periods,
    st.sampled_from([NEW_YORK, UTC, BERLIN, SYDNEY, "Australia/Lord_Howe", "America/Havana", "Africa/Casablanca"]),
).filter(lambda when: not re.search(r" 31 (11|2) ", when[0]))


@settings(max_examples=400, derandomize=True)
@given(one=whens, other=whens, first=st.dates(date(2025, 1, 1), date(2029, 1, 1)))
def test_the_words_mean_the_days_and_no_others(one: tuple[str, str], other: tuple[str, str], first: date) -> None:
    year = Year(first=first)
    both = [fire_minutes(Cron.read(schedule), zone(place), year.span) for schedule, place in (one, other)]
    here, clocks = zone(one[1]), sorted({one[1], other[1]}, key=lambda name: (name != one[1], name))
    days = year.days(both[0] & both[1], here)
    words = days_in_words(days, year, here, [zone(name) for name in clocks])
    listed = frozenset(year.listed(days))
    if not listed:
        assert words.text == "on no day"
    elif words.counted:
        assert words.text == f"on {len(listed)} days, first {min(listed)}"
    else:
        least, most = read_again(words.text, year, clocks)
        assert least <= listed <= most, words.text


@settings(max_examples=200, derandomize=True)
@given(numbers=st.sets(st.integers(0, 364), min_size=1, max_size=40), first=st.dates(date(2025, 1, 1), date(2029, 1, 1)))
def test_the_words_of_any_days_mean_them(numbers: set[int], first: date) -> None:
    year = Year(first=first)
    words = days_in_words(sum(1 << number for number in numbers), year, zone(NEW_YORK), ())
    listed = frozenset(year.dates[number] for number in numbers)
    if words.counted:
        assert words.text == f"on {len(listed)} days, first {min(listed)}"
    else:
        least, most = read_again(words.text, year, [NEW_YORK])
        assert least <= listed <= most, words.text
