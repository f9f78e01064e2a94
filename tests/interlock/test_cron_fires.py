"""When schedules fire: at changes of daylight saving, against another library, and in parts as in whole."""

import itertools
import os
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from croniter import croniter  # type: ignore[import-untyped]
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.cron import (
    DAY_NAMES,
    MONTH_NAMES,
    Cron,
    CronError,
    _changes_within_hours,
    _line_fires,
    follows_the_clock,
    zone,
)

EXPRESSIONS = int(os.environ.get("INTERLOCK_CRON_EXPRESSIONS", "2000"))
SEEDS = 5
NEW_YORK = "America/New_York"
LOS_ANGELES = "America/Los_Angeles"

# 2026-03-08, New York: 01:59:59 EST (06:59:59Z) is followed by 03:00:00 EDT (07:00:00Z)
NEW_YORK_SPRING_2026 = [
    pytest.param(
        "0 * * * *",
        ["2026-03-08T05:00Z", "2026-03-08T06:00Z", "2026-03-08T07:00Z", "2026-03-08T08:00Z", "2026-03-08T09:00Z"],
        id="hourly goes on every real hour",
    ),
    pytest.param("45 1 * * *", ["2026-03-08T06:45Z"], id="before the gap nothing changes"),
    pytest.param("30 2 * * *", ["2026-03-08T07:00Z"], id="a time in the gap fires when the gap ends"),
    pytest.param("15,45 2 * * *", ["2026-03-08T07:00Z"], id="two times in the gap fire once"),
    pytest.param("0,30 2,3 * * *", ["2026-03-08T07:00Z", "2026-03-08T07:30Z"], id="the end of the gap fires once, not twice"),
    pytest.param("*/30 2 * * *", [], id="a starred minute skips the gap"),
    pytest.param("0 */2 * * *", ["2026-03-08T05:00Z", "2026-03-08T08:00Z"], id="a starred hour skips the gap"),
    pytest.param("0 3 * * *", ["2026-03-08T07:00Z"], id="three o'clock is the end of the gap"),
    pytest.param("0 4 * * SUN", ["2026-03-08T08:00Z"], id="after the gap it is an hour earlier in UTC"),
]
# 2026-03-08, Los Angeles: 01:59:59 PST (09:59:59Z) is followed by 03:00:00 PDT (10:00:00Z)
LOS_ANGELES_SPRING_2026 = [
    pytest.param(
        "0 * * * *",
        ["2026-03-08T08:00Z", "2026-03-08T09:00Z", "2026-03-08T10:00Z", "2026-03-08T11:00Z", "2026-03-08T12:00Z"],
        id="hourly goes on every real hour",
    ),
    pytest.param("30 2 * * *", ["2026-03-08T10:00Z"], id="a time in the gap fires when the gap ends"),
    pytest.param("*/30 2 * * *", [], id="a starred minute skips the gap"),
    pytest.param("0 */2 * * *", ["2026-03-08T08:00Z", "2026-03-08T11:00Z"], id="a starred hour skips the gap"),
    pytest.param("15 4 8 3 *", ["2026-03-08T11:15Z"], id="after the gap it is an hour earlier in UTC"),
]
# 2026-11-01, New York: 01:59:59 EDT (05:59:59Z) is followed by 01:00:00 EST (06:00:00Z)
NEW_YORK_AUTUMN_2026 = [
    pytest.param(
        "30 * * * *",
        ["2026-11-01T04:30Z", "2026-11-01T05:30Z", "2026-11-01T06:30Z", "2026-11-01T07:30Z", "2026-11-01T08:30Z"],
        id="hourly goes on every real hour",
    ),
    pytest.param("45 1 * * *", ["2026-11-01T05:45Z"], id="a time that comes twice fires the first time"),
    pytest.param("15,45 1 * * *", ["2026-11-01T05:15Z", "2026-11-01T05:45Z"], id="both times that come twice fire once"),
    pytest.param(
        "*/30 1 * * *",
        ["2026-11-01T05:00Z", "2026-11-01T05:30Z", "2026-11-01T06:00Z", "2026-11-01T06:30Z"],
        id="a starred minute fires in both passes",
    ),
    pytest.param(
        "30 0-3 * * *",
        ["2026-11-01T04:30Z", "2026-11-01T05:30Z", "2026-11-01T07:30Z", "2026-11-01T08:30Z"],
        id="hours written as a range leave out the second pass",
    ),
    pytest.param("0 */2 * * *", ["2026-11-01T04:00Z", "2026-11-01T07:00Z"], id="even hours are three hours apart"),
    pytest.param("0 2 * * *", ["2026-11-01T07:00Z"], id="two o'clock comes once"),
]
# 2026-11-01, Los Angeles: 01:59:59 PDT (08:59:59Z) is followed by 01:00:00 PST (09:00:00Z)
LOS_ANGELES_AUTUMN_2026 = [
    pytest.param(
        "30 * * * *",
        ["2026-11-01T07:30Z", "2026-11-01T08:30Z", "2026-11-01T09:30Z", "2026-11-01T10:30Z", "2026-11-01T11:30Z"],
        id="hourly goes on every real hour",
    ),
    pytest.param("45 1 * * *", ["2026-11-01T08:45Z"], id="a time that comes twice fires the first time"),
    pytest.param(
        "*/30 1 * * *",
        ["2026-11-01T08:00Z", "2026-11-01T08:30Z", "2026-11-01T09:00Z", "2026-11-01T09:30Z"],
        id="a starred minute fires in both passes",
    ),
    pytest.param("0 2 * * *", ["2026-11-01T10:00Z"], id="two o'clock comes once"),
]
# 2027-03-14, New York: 01:59:59 EST (06:59:59Z) is followed by 03:00:00 EDT (07:00:00Z)
NEW_YORK_SPRING_2027 = [
    pytest.param("30 2 * * *", ["2027-03-14T07:00Z"], id="a time in the gap fires when the gap ends"),
    pytest.param("*/30 2 * * *", [], id="a starred minute skips the gap"),
    pytest.param("15 1,3 * * *", ["2027-03-14T06:15Z", "2027-03-14T07:15Z"], id="one and three o'clock are an hour apart"),
]
# 2027-03-14, Los Angeles: 01:59:59 PST (09:59:59Z) is followed by 03:00:00 PDT (10:00:00Z)
LOS_ANGELES_SPRING_2027 = [
    pytest.param("30 2 * * *", ["2027-03-14T10:00Z"], id="a time in the gap fires when the gap ends"),
    pytest.param("*/30 2 * * *", [], id="a starred minute skips the gap"),
    pytest.param("15 1,3 * * *", ["2027-03-14T09:15Z", "2027-03-14T10:15Z"], id="one and three o'clock are an hour apart"),
]
# 2027-11-07, New York: 01:59:59 EDT (05:59:59Z) is followed by 01:00:00 EST (06:00:00Z)
NEW_YORK_AUTUMN_2027 = [
    pytest.param("45 1 * * *", ["2027-11-07T05:45Z"], id="a time that comes twice fires the first time"),
    pytest.param(
        "*/45 1 7 11 *", ["2027-11-07T05:00Z", "2027-11-07T05:45Z", "2027-11-07T06:00Z", "2027-11-07T06:45Z"], id="twice"
    ),
    pytest.param("0 2 * * *", ["2027-11-07T07:00Z"], id="two o'clock comes once"),
]
# 2027-11-07, Los Angeles: 01:59:59 PDT (08:59:59Z) is followed by 01:00:00 PST (09:00:00Z)
LOS_ANGELES_AUTUMN_2027 = [
    pytest.param("45 1 * * *", ["2027-11-07T08:45Z"], id="a time that comes twice fires the first time"),
    pytest.param(
        "*/45 1 7 11 *", ["2027-11-07T08:00Z", "2027-11-07T08:45Z", "2027-11-07T09:00Z", "2027-11-07T09:45Z"], id="twice"
    ),
    pytest.param("0 2 * * *", ["2027-11-07T10:00Z"], id="two o'clock comes once"),
]


def fires(text: str, zone_name: str, start: str, hours: int) -> list[str]:
    begin = datetime.fromisoformat(start)
    found = Cron.parse(text).fires_between(begin, begin + timedelta(hours=hours), zone(zone_name))
    return [fire.strftime("%Y-%m-%dT%H:%MZ") for fire in found]


# Each table looks at five real hours, from local midnight on.
@pytest.mark.parametrize(("text", "expected"), NEW_YORK_SPRING_2026)
def test_new_york_spring_2026(text: str, expected: list[str]) -> None:
    assert fires(text, NEW_YORK, "2026-03-08T05:00Z", 5) == expected


@pytest.mark.parametrize(("text", "expected"), LOS_ANGELES_SPRING_2026)
def test_los_angeles_spring_2026(text: str, expected: list[str]) -> None:
    assert fires(text, LOS_ANGELES, "2026-03-08T08:00Z", 5) == expected


@pytest.mark.parametrize(("text", "expected"), NEW_YORK_AUTUMN_2026)
def test_new_york_autumn_2026(text: str, expected: list[str]) -> None:
    assert fires(text, NEW_YORK, "2026-11-01T04:00Z", 5) == expected


@pytest.mark.parametrize(("text", "expected"), LOS_ANGELES_AUTUMN_2026)
def test_los_angeles_autumn_2026(text: str, expected: list[str]) -> None:
    assert fires(text, LOS_ANGELES, "2026-11-01T07:00Z", 5) == expected


@pytest.mark.parametrize(("text", "expected"), NEW_YORK_SPRING_2027)
def test_new_york_spring_2027(text: str, expected: list[str]) -> None:
    assert fires(text, NEW_YORK, "2027-03-14T05:00Z", 5) == expected


@pytest.mark.parametrize(("text", "expected"), LOS_ANGELES_SPRING_2027)
def test_los_angeles_spring_2027(text: str, expected: list[str]) -> None:
    assert fires(text, LOS_ANGELES, "2027-03-14T08:00Z", 5) == expected


@pytest.mark.parametrize(("text", "expected"), NEW_YORK_AUTUMN_2027)
def test_new_york_autumn_2027(text: str, expected: list[str]) -> None:
    assert fires(text, NEW_YORK, "2027-11-07T04:00Z", 5) == expected


@pytest.mark.parametrize(("text", "expected"), LOS_ANGELES_AUTUMN_2027)
def test_los_angeles_autumn_2027(text: str, expected: list[str]) -> None:
    assert fires(text, LOS_ANGELES, "2027-11-07T07:00Z", 5) == expected


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        pytest.param("45 1 * * *", "2026-11-01T05:44Z", "2026-11-01T05:45Z", id="from the first pass: in the first pass"),
        pytest.param("45 1 * * *", "2026-11-01T06:10Z", "2026-11-02T06:45Z", id="from the second pass: the day after"),
        pytest.param(
            "*/45 1 * * *", "2026-11-01T06:10Z", "2026-11-01T06:45Z", id="a starred minute, from the second pass: in it"
        ),
        pytest.param("30 2 * * *", "2026-03-08T06:59Z", "2026-03-08T07:00Z", id="from before the gap: its end"),
        pytest.param("30 2 * * *", "2026-03-08T07:00Z", "2026-03-09T06:30Z", id="from the end of the gap: the day after"),
    ],
)
def test_the_next_fire_in_new_york_from_within_a_change(text: str, after: str, expected: str) -> None:
    assert Cron.parse(text).next_fire(datetime.fromisoformat(after), zone(NEW_YORK)) == datetime.fromisoformat(expected)


def random_field(rng: random.Random, low: int, high: int, names: tuple[str, ...] = (), first: int = 0) -> str:
    def spelled(number: int) -> str:
        index = number - first
        return names[index] if index < len(names) and rng.random() < 0.3 else str(number)

    def item() -> str:
        a, b = sorted(rng.sample(range(low, high + 1), 2))
        shape = rng.random()
        if shape < 0.5:
            return spelled(a)
        if shape < 0.7:
            return f"{spelled(a)}-{spelled(b)}"
        if shape < 0.85:
            return f"{spelled(a)}-{spelled(b)}/{rng.randint(1, b - a)}"
        return f"*/{rng.randint(1, min(high, 6 if first == 0 and names else high) - low)}"

    return ",".join(item() for _ in range(rng.choice((1, 1, 1, 2, 3))))


def random_expression(rng: random.Random) -> str:
    """An expression with all that the dialect has; one in many is a date that never comes."""
    day, weekday = random_field(rng, 1, 31), random_field(rng, 0, 7, DAY_NAMES)
    which = rng.random()
    return " ".join(
        (
            random_field(rng, 0, 59) if rng.random() < 0.8 else "*",
            random_field(rng, 0, 23) if rng.random() < 0.6 else "*",
            day if which < 0.35 else "*",
            random_field(rng, 1, 12, MONTH_NAMES, first=1) if rng.random() < 0.3 else "*",
            weekday if which > 0.65 else "*",
        )
    )


@pytest.mark.parametrize("seed", range(SEEDS))
def test_two_libraries_agree_on_the_dialect(seed: int) -> None:
    """What the dialect lets through means the same to cronsim and croniter: so many expressions, the first 8 fires of each."""
    rng = random.Random(seed)  # noqa: S311
    etc_utc, compared = zone("Etc/UTC"), 0
    while compared < EXPRESSIONS // SEEDS:
        text = random_expression(rng)
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(4 * 365 * 24 * 60))
        try:
            cron = Cron.parse(text)
        except CronError as error:
            assert "so it never fires" in str(error)  # noqa: PT017
            continue
        sim, oracle, after = CronSim(text, start), croniter(text, start), start
        assert (cron.minutes, cron.hours) == (frozenset(sim.minutes), frozenset(sim.hours)), text
        for expected in itertools.islice(oracle.all_next(datetime), 8):
            after = cron.next_fire(after, etc_utc)
            assert after == expected, (text, start)
        compared += 1


# Changes of the clock by an hour at two, at midnight forwards and backwards, and by half an hour.
ZONES = ("Etc/UTC", NEW_YORK, "Europe/Berlin", "America/Santiago", "America/Havana", "Australia/Lord_Howe", "Pacific/Chatham")
CHANGES = (
    "2026-03-08T07:00Z",  # New York; Havana skips midnight two hours before
    "2026-03-29T01:00Z",  # Berlin
    "2026-04-05T03:00Z",  # Santiago repeats 23:00
    "2026-04-04T14:00Z",  # the Chathams repeat the hour from 02:45
    "2026-04-04T15:00Z",  # Lord Howe repeats half an hour
    "2026-09-06T04:00Z",  # Santiago skips midnight
    "2026-09-26T14:00Z",  # the Chathams skip the hour from 02:45
    "2026-10-03T15:30Z",  # Lord Howe skips half an hour
    "2026-11-01T05:00Z",  # Havana repeats midnight, New York 01:00 an hour later
)


@pytest.mark.parametrize("zone_name", [*ZONES[:-1], "America/St_Johns", "Africa/Casablanca", "Antarctica/Troll"])
def test_longer_steps_come_to_where_cronsim_comes(zone_name: str) -> None:
    """Its own steps are by a second, and then minute by minute and hour by hour."""
    rng, where, compared = random.Random(zone_name), zone(zone_name), 0  # noqa: S311
    while compared < max(20, EXPRESSIONS // 100):
        text = random_expression(rng)
        start = datetime.fromisoformat(rng.choice(CHANGES)) + timedelta(seconds=rng.randint(-100_000, 100_000))
        with suppress(CronError):
            fires = itertools.islice(_line_fires(Cron.parse(text).text, start, where), 12)
            expected = itertools.islice(CronSim(text, start.astimezone(where)), 12)
            if not (follows_the_clock(text) and _changes_within_hours(where)):
                assert [*fires] == [fire.astimezone(UTC) for fire in expected], (text, start)
                compared += 1


@settings(max_examples=400, derandomize=True)
@given(
    rng=st.randoms(use_true_random=True),  # seeded, and not drawn number by number
    zone_name=st.sampled_from(ZONES),
    change=st.sampled_from(CHANGES),
    minutes=st.lists(st.integers(-24 * 60, 24 * 60), min_size=3, max_size=3).map(sorted),
)
def test_two_adjacent_intervals_fire_as_the_whole(rng: random.Random, zone_name: str, change: str, minutes: list[int]) -> None:
    text = random_expression(rng)
    try:
        cron = Cron.parse(text)
    except CronError:
        return
    where = zone(zone_name)
    a, b, c = (datetime.fromisoformat(change) + timedelta(minutes=offset) for offset in minutes)
    whole = list(cron.fires_between(a, c, where))
    assert [*cron.fires_between(a, b, where), *cron.fires_between(b, c, where)] == whole
    assert whole == sorted(set(whole))
    assert all(a <= fire < c and fire.utcoffset() == timedelta(0) for fire in whole)


@pytest.mark.parametrize(
    ("text", "zone_name", "change"),
    [
        pytest.param("*/15 0 * * *", "America/Santiago", "2026-09-06T04:00Z", id="a skipped midnight"),
        pytest.param("0 */6 * * SUN", "America/Havana", "2026-03-08T05:00Z", id="a skipped midnight, from its end on"),
        pytest.param("*/15 23 * * *", "America/Santiago", "2026-04-05T03:00Z", id="a repeated last hour of the day"),
        pytest.param("*/15 0 * * SUN", "America/Havana", "2026-11-01T05:00Z", id="a repeated midnight"),
        pytest.param("*/15 1 * * *", "America/New_York", "2026-11-01T06:00Z", id="a repeated hour of the night"),
        pytest.param("*/15 23 * * *", "Australia/Lord_Howe", "2026-04-04T15:00Z", id="a repeated half hour, all day long"),
        pytest.param("*/15 0 * * *", "Australia/Lord_Howe", "2026-10-03T15:30Z", id="a skipped half hour, all day long"),
    ],
)
def test_many_short_intervals_fire_as_the_whole(text: str, zone_name: str, change: str) -> None:
    """Where an evaluation starts does not matter, be it within the change or on the day after."""
    cron, where, step = Cron.parse(text), zone(zone_name), timedelta(minutes=20)
    starts = [datetime.fromisoformat(change) + n * step for n in range(-36, 150)]
    whole = list(cron.fires_between(starts[0], starts[-1] + step, where))
    assert [fire for start in starts for fire in cron.fires_between(start, start + step, where)] == whole
    assert whole


@cache
def shown(zone_name: str, change: str) -> list[tuple[datetime, datetime]]:
    """The minutes around a change, each with what the clock shows."""
    start, where = datetime.fromisoformat(change) - timedelta(hours=30), zone(zone_name)
    minutes = (start + timedelta(minutes=place) for place in range(60 * 60))
    return [(minute, minute.astimezone(where)) for minute in minutes]


@pytest.mark.parametrize(
    ("zone_name", "change"),
    [
        pytest.param("Pacific/Chatham", "2026-04-04T14:00Z", id="back by an hour at 03:45"),
        pytest.param("Pacific/Chatham", "2026-09-26T14:00Z", id="forth by an hour at 02:45"),
        pytest.param("America/St_Johns", "2010-11-07T02:31Z", id="back at 00:01 into the day before"),
        pytest.param("America/St_Johns", "2010-03-14T03:31Z", id="forth at 00:01"),
        pytest.param("Antarctica/Casey", "2020-10-03T16:01Z", id="forth by three hours at 00:01"),
    ],
)
@pytest.mark.parametrize(
    "text",
    ["*/15 3 * * *", "* 3-23/7 * * *", "* 0-7/3 * * 0-6", "*/7 0,23 * * *", "1 */2 * * *", "*/5 2 * * SUN", "*/20 * 7 * *"],
)
def test_what_follows_clocks_that_change_within_an_hour_fires_whenever_they_show_its_time(
    text: str, zone_name: str, change: str
) -> None:
    cron, walls = Cron.parse(text), shown(zone_name, change)
    start, end = walls[0][0], walls[-1][0] + timedelta(minutes=1)
    expected = [minute for minute, wall in walls if wall.hour * 60 + wall.minute in cron.times and cron.fires_on(wall.date())]
    assert list(cron.fires_between(start, end, zone(zone_name))) == expected
