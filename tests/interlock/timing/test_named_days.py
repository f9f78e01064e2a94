"""Which day a run means, and which starts may mean the same."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.catalog import Json, Partition
from interlock.dates import NamedDay, named_day
from interlock.timing.minutes import MINUTE, Minutes, Span
from interlock.timing.named_days import CYCLE, Starts, by_named_day, by_same_day
from interlock.zones import zone as named

DAY = timedelta(days=1)
BY_DATE = Partition(column="game_date", named_by="date")
NEW_YORK, UTC_ZONE, LORD_HOWE = named("America/New_York"), named("Etc/UTC"), named("Australia/Lord_Howe")
NOVEMBER = Span(start=datetime(2026, 10, 28, tzinfo=UTC), end=datetime(2026, 11, 6, tzinfo=UTC))


@pytest.mark.parametrize(
    ("partition", "body", "offset"),
    [
        pytest.param(BY_DATE, {"date": "TODAY"}, 0 * DAY, id="a word under the key"),
        pytest.param(BY_DATE, {"date": "yesterday"}, -DAY, id="in any case"),
        pytest.param(BY_DATE, {"args": [{"date": "YESTERDAY"}]}, -DAY, id="however deep"),
        pytest.param(BY_DATE, {"date": "2026-01-06"}, None, id="a day that is written out is any, as nobody reruns it daily"),
        pytest.param(BY_DATE, {"date": "TODAY", "until": {"date": "YESTERDAY"}}, None, id="two days are any"),
        pytest.param(BY_DATE, {"date": "AUTO"}, None, id="of what the processor decides nobody knows the day"),
        pytest.param(BY_DATE, {"day": "TODAY"}, None, id="another key says nothing"),
        pytest.param(BY_DATE, None, None, id="no body says nothing"),
        pytest.param(Partition(column="game_date", named_by=""), {"date": "TODAY"}, None, id="a partition that nothing names"),
        pytest.param(None, {"date": "TODAY"}, None, id="no partition"),
    ],
)
def test_the_day_that_a_body_names(partition: Partition | None, body: Json, offset: timedelta | None) -> None:
    found = named_day(partition, body)
    assert (found.offset if found else None) == offset


TODAY, YESTERDAY = NamedDay(column="game_date", offset=0 * DAY), NamedDay(column="game_date", offset=-DAY)


def starts(at: str, zone: ZoneInfo, day: NamedDay | None) -> Starts:
    instant = datetime.fromisoformat(at).replace(tzinfo=zone)
    return Starts(fires=Minutes.at([(instant - NOVEMBER.start) // MINUTE], NOVEMBER), zone=zone, day=day)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        pytest.param(
            starts("2026-11-03 08:00", NEW_YORK, TODAY),
            starts("2026-11-03 08:05", NEW_YORK, YESTERDAY),
            False,
            id="two days of a column do not meet",
        ),
        pytest.param(
            starts("2026-11-03 08:00", NEW_YORK, TODAY),
            starts("2026-11-03 08:05", NEW_YORK, TODAY),
            True,
            id="the same day meets itself",
        ),
        pytest.param(
            starts("2026-11-02 23:55", NEW_YORK, TODAY),
            starts("2026-11-03 00:05", NEW_YORK, YESTERDAY),
            True,
            id="today is yesterday after midnight",
        ),
        pytest.param(
            starts("2026-11-02 23:55", NEW_YORK, TODAY),
            starts("2026-11-03 00:05", NEW_YORK, TODAY),
            False,
            id="today is another day after midnight",
        ),
        pytest.param(
            starts("2026-11-02 21:00", NEW_YORK, TODAY),
            starts("2026-11-03 02:05", UTC_ZONE, YESTERDAY),
            True,
            id="today in New York is yesterday in UTC",
        ),
        pytest.param(
            starts("2026-11-02 21:00", NEW_YORK, TODAY),
            starts("2026-11-03 02:05", UTC_ZONE, TODAY),
            False,
            id="today is another day in UTC",
        ),
        pytest.param(
            starts("2026-11-03 08:00", NEW_YORK, TODAY),
            starts("2026-11-03 08:05", NEW_YORK, NamedDay(column="week", offset=-DAY)),
            True,
            id="two columns are no two days",
        ),
        pytest.param(
            starts("2026-11-03 08:00", NEW_YORK, TODAY),
            starts("2026-11-03 08:05", NEW_YORK, None),
            True,
            id="what names no day may be any",
        ),
    ],
)
def test_who_may_meet(one: Starts, other: Starts, meet: bool) -> None:
    assert bool(by_same_day(one, other)) is bool(by_same_day(other, one)) is meet


@given(
    zone=st.sampled_from([NEW_YORK, UTC_ZONE, LORD_HOWE]),
    places=st.sets(st.integers(0, len(NOVEMBER) - 1), max_size=20),
    offset=st.sampled_from([0, -1]),
)
def test_each_start_is_in_the_part_of_the_day_that_it_names(zone: ZoneInfo, places: set[int], offset: int) -> None:
    fires = Minutes.at(places, NOVEMBER)
    parts = by_named_day(fires, zone, NamedDay(column="d", offset=offset * DAY))
    assert sum(map(len, parts)) == len(places)
    for remainder, part in enumerate(parts):
        for start in part:
            assert (start.astimezone(zone).date() + offset * DAY).toordinal() % CYCLE == remainder
    assert all(start + MINUTE <= NOVEMBER.end for part in parts for start in part)
