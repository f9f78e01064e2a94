"""On which days of a year two jobs meet, and that the findings say so where it is not every day."""

from __future__ import annotations

from datetime import date

import pytest

from policies.rules.estate import Resource
from tests.policies.estates import job, said

WRITES = {"writes": {"raw.games": ["mutate"]}}


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        pytest.param("45 6 20 * *", "45 6 20 * *", True, id="on the 20th, both"),
        pytest.param("45 6 20 * *", "45 6 21 * *", False, id="on the 20th and the 21st"),
        pytest.param("45 6 8-31 * *", "45 6 * 4-6 *", True, id="by day and by month"),
        pytest.param("45 6 * 4 *", "45 6 * 5 *", False, id="in other months"),
        pytest.param("45 6 20 * *", "45 6 * * *", True, id="on the 20th and daily"),
        pytest.param("45 6 1 3 *", "45 6 * * 1", True, id="on the 1st of March, which is a Monday in 2027"),
        pytest.param("45 6 2 3 *", "45 6 * * 1", False, id="on the 2nd of March, which is none"),
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


def _at(schedule: str, name: str, zone: str = "America/New_York", **facts: object) -> Resource:
    return job(name, schedule=schedule, time_zone=zone, facts={"service": "web", "path": f"/{name}", **facts})


@pytest.mark.parametrize(
    ("one", "other", "days"),
    [
        pytest.param(("30 6 * * *",), ("30 6 * * *",), "b", id="every day, which goes without saying"),
        pytest.param(("30 6 * * *",), ("30 6 * * 1",), "b on Mondays", id="on a weekday"),
        pytest.param(("30 6 * 3-10 *",), ("30 6 * 4-11 *",), "b from April to October", id="in months that both have"),
        pytest.param(("30 6 * 1-9 *",), ("30 6 * 10-12 *",), None, id="in no month that both have"),
        pytest.param(("30 6 * * *",), ("30 11 * * *", "Etc/UTC"), "b in winter", id="in UTC, under one clock"),
        pytest.param(("30 6 * 10-11 *",), ("30 6 * 3-11 *",), "b from October to November", id="a season within another"),
        pytest.param(("15 3 * * *",), ("15 2 * * *",), None, id="a skipped time that is made up at another minute"),
        pytest.param(
            ("0 3 * * *",),
            ("30 2 * * *",),
            "b only on 14 March 2027, when the clock changes",
            id="in the night in which a time is skipped",
        ),
        pytest.param(("30 6 1 * *",), ("30 6 * * *",), "b on the 1st of each month", id="on a day of the month"),
        pytest.param(("30 6 1 3 *",), ("30 6 * * *",), "b only on 1 March 2027", id="on one day"),
    ],
)
def test_a_budget_says_the_days_where_they_are_not_all(one: tuple[str, ...], other: tuple[str, ...], days: str | None) -> None:
    a, b = _at(one[0], "a", *one[1:]), _at(other[0], "b", *other[1:])
    expected = (
        f"starts in the same minute as {days}, and web takes 1 start a minute; move one, or say in starts_per_minute "
        "what was measured"
    )
    assert said("budget", a, b) == ([expected] if days else [])
    assert len(said("budget", b, a)) == bool(days)


def test_others_that_meet_on_other_days_are_said_with_theirs() -> None:
    a, b, c = _at("30 6 * * *", "a"), _at("30 6 * * 1", "b"), _at("30 6 * * *", "c")
    (found,) = said("budget", a, b, c)
    assert found.startswith("starts in the same minute as c, and b on Mondays, and web takes 1 start a minute")


def test_a_gap_says_the_days() -> None:
    a, b = _at("30 6 * 3-10 *", "a", gap_s=300), _at("33 6 * 10-11 *", "b", gap_s=300)
    assert said("gap", a, b) == ["starts less than 5m from b in October, the gap that web wants; move one, or waive the rule"]


def test_a_twin_that_is_one_in_some_months_says_which() -> None:
    assert said("twin", _at("30 6 * 3-10 *", "a"), _at("30 6 * 10-11 *", "b")) == [
        "does what b does, with the same body, and in the same minute in October; remove one of them"
    ]


def test_twins_in_two_zones_say_when_their_clocks_agree() -> None:
    (found,) = said("twin", _at("20 8 * * *", "a"), _at("20 14 * * *", "b", "Europe/Berlin"))
    weeks = "from 14 March 2027 to 27 March 2027 and from 31 October 2027 to 6 November 2027"
    assert (
        found == f"does what b does, with the same body, and in the same minute every day, but not {weeks}; remove one of them"
    )


def test_what_is_found_is_the_same_all_day_and_moves_on_with_the_day() -> None:
    a, b = _at("0 3 * * *", "a"), _at("30 2 * * *", "b")
    (before,), (after,) = said("budget", a, b, today=date(2026, 11, 23)), said("budget", a, b, today=date(2027, 3, 15))
    assert "14 March 2027" in before
    assert "12 March 2028" in after
