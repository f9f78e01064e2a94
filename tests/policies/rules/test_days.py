"""Which days of a year are looked at: all kinds that there are, and no more."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from interlock.cron import Cron
from interlock.zones import zone as named
from policies.rules.days import spans
from policies.rules.estate import Resource
from tests.policies.estates import job, said

NEW_YORK, UTC = named("America/New_York"), named("Etc/UTC")
WRITES = {"writes": {"raw.games": ["mutate"]}}


def at(schedule: str, zone: ZoneInfo = NEW_YORK) -> tuple[Cron, ZoneInfo]:
    return Cron.parse(schedule), zone


def test_without_days_of_the_month_a_week_of_winter_and_one_of_summer_say_it_all() -> None:
    assert len(spans(2026, [at("15 6 * * 1-5"), at("45 * * * *", UTC)])) == 2


def test_a_day_of_the_month_is_looked_at_on_each_weekday_and_under_both_clocks() -> None:
    assert 2 < len(spans(2026, [at("45 6 20 * *")])) <= 2 + 4 * 7


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        pytest.param("45 6 20 * *", "45 6 20 * *", True, id="on the 20th, both"),
        pytest.param("45 6 20 * *", "45 6 21 * *", False, id="on the 20th and the 21st"),
        pytest.param("45 6 8-31 * *", "45 6 * 4-6 *", True, id="by day and by month"),
        pytest.param("45 6 * 4 *", "45 6 * 5 *", False, id="in other months"),
        pytest.param("45 6 20 * *", "45 6 * * *", True, id="on the 20th and daily"),
        pytest.param("45 6 1 3 *", "45 6 * * 0", True, id="on the 1st of March, which is a Sunday in 2026"),
        pytest.param("45 6 2 3 *", "45 6 * * 0", False, id="on the 2nd of March, which is none"),
        pytest.param("50 23 31 8 *", "0 0 1 9 *", True, id="around a midnight"),
    ],
)
def test_two_jobs_that_start_by_the_day_meet_where_their_days_do(one: str, other: str, meet: bool) -> None:
    first: Resource = job("one", schedule=one, facts={**WRITES, "service": "a"})
    second: Resource = job("other", schedule=other, facts={**WRITES, "service": "b"})
    assert bool(said("gap", first, second)) is meet


def test_two_zones_meet_under_the_clock_under_which_they_do() -> None:
    first = job("one", schedule="45 6 20 * *", facts={**WRITES, "service": "a"})
    winter = job("other", schedule="45 11 20 * *", time_zone="Etc/UTC", facts={**WRITES, "service": "b"})
    summer = job("other", schedule="45 10 20 7 *", time_zone="Etc/UTC", facts={**WRITES, "service": "b"})
    never = job("other", schedule="45 11 20 7 *", time_zone="Etc/UTC", facts={**WRITES, "service": "b"})
    assert [bool(said("gap", first, two)) for two in (winter, summer, never)] == [True, True, False]
