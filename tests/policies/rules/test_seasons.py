"""Seasons as the rules see them: what starts outside meets nobody, and a season that ends wants a next one."""

from __future__ import annotations

from datetime import date

import pytest

from policies.from_catalog import findings
from policies.rules.estate import Resource
from policies.rules.judge import Outcome
from tests.interlock.catalogs import load
from tests.interlock.reading.test_seasons import DATED, LINE, seasonal
from tests.policies.estates import Some, estate, job, said, verdict

WINTER = ["2027-01-01T05:00:00Z", "2027-03-01T05:00:00Z"]
SUMMER = ["2027-06-01T04:00:00Z", "2027-09-01T04:00:00Z"]
ALL = ["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]
NEXT = "  cup-2027: {from: 2027-10-19, until: 2028-06-19, time_zone: America/New_York}\n"


def member(name: str, season: str | None, **facts: Some) -> Resource:
    """A job of a service that bears one start a minute, always at one time."""
    return job(name, facts={"service": "web", **({"season": season} if season else {}), **facts})


@pytest.mark.parametrize(
    ("seasons", "meet"),
    [
        pytest.param({"a": [ALL], "b": [ALL]}, True, id="both are open"),
        pytest.param({"a": [WINTER], "b": [SUMMER]}, False, id="one is closed whenever the other is open"),
        pytest.param({"a": [WINTER, SUMMER], "b": [SUMMER]}, True, id="both are open in summer"),
    ],
)
def test_jobs_meet_inside_their_seasons_only(seasons: dict[str, Some], meet: bool) -> None:
    both = [member("one", "a"), member("other", "b")]
    found = verdict("budget", estate(*both, facts={"seasons": seasons}), "google_cloud_scheduler_job.one")
    assert found is not None
    assert (found.outcome is Outcome.FAILED) is meet


@pytest.mark.parametrize(
    "seasons",
    [{}, {"a": "all year"}, {"a": []}, {"a": [["2026-01-01"]]}, {"a": [[1, 2]]}, {"a": [SUMMER, WINTER]}],
    ids=["unsaid", "a text", "never open", "no end", "numbers", "out of order"],
)
def test_a_season_that_nobody_can_read_is_said(seasons: dict[str, Some]) -> None:
    found = verdict("budget", estate(member("one", "a"), facts={"seasons": seasons}), "google_cloud_scheduler_job.one")
    assert found is not None
    assert found.outcome is Outcome.FAILED
    assert "season" in found.messages[0]


@pytest.mark.parametrize(
    ("openings", "skipped"),
    [pytest.param([ALL], True, id="open when the clocks change"), pytest.param([SUMMER], False, id="closed then")],
)
def test_a_change_of_the_clock_outside_of_the_season_is_none(openings: list[Some], skipped: bool) -> None:
    half_past_two = job(schedule="30 2 * * *", facts={"season": "a"})
    assert bool(said("clock-change", half_past_two, facts={"seasons": {"a": openings}})) is skipped


@pytest.mark.parametrize(
    ("today", "ends"),
    [
        pytest.param(date(2027, 5, 20), None, id="more than 30 days before its end"),
        pytest.param(date(2027, 5, 21), "ends", id="30 days before it"),
        pytest.param(date(2027, 6, 20), "ends", id="on its last day"),
        pytest.param(date(2027, 6, 21), "ended", id="when it has ended"),
        pytest.param(date(2028, 6, 20), "ended", id="a year later, for nobody has declared the next one"),
    ],
)
def test_a_season_without_a_next_one_is_found_at_its_last_entry(today: date, ends: str | None) -> None:
    found = [finding for finding in findings(load(seasonal(DATED)), today) if finding.rule == "season"]
    says = f"the season cup {ends} on 2027-06-20, and its jobs stay paused from then on; declare the days of the next one"
    assert [(str(one.source), one.subject, one.message) for one in found] == (
        [(f"catalog/p/a.yaml:{LINE + 1}", "seasons.cup-2026", says)] if ends else []
    )


def test_a_season_with_a_next_one_or_of_every_year_does_not_end() -> None:
    for entries in (DATED + NEXT, "  cup: {from: 10-20, until: 06-20, time_zone: Etc/UTC}\n"):
        assert [one.rule for one in findings(load(seasonal(entries)), date(2027, 6, 20)) if one.rule == "season"] == []


def test_somebody_may_waive_to_know_the_next_one_until_a_day() -> None:
    waived = DATED.replace("}", ", waive: [{rule: season, reason: not announced, owner: data, until: 2027-08-31}]}")
    catalog = load(seasonal(waived))
    rules = {
        day: {one.rule for one in findings(catalog, day)} & {"season", "waiver", "waiver-ended"}
        for day in (date(2027, 7, 1), date(2027, 9, 1))
    }
    assert rules == {date(2027, 7, 1): set(), date(2027, 9, 1): {"season", "waiver-ended"}}


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        pytest.param({"cup": {"last": "2026-12-24"}}, None, id="in a month and a day"),
        pytest.param({"cup": {"last": "2026-12-23"}}, "the season cup ends on 2026-12-23", id="in 30 days"),
        pytest.param({"cup": {"last": "2026-12-01", "waived_until": "2026-11-23"}}, None, id="waived today"),
        pytest.param({"cup": {"last": "2026-12-01", "waived_until": "2026-11-22"}}, "ends on", id="waived yesterday"),
        pytest.param({"cup": {"last": "soon"}}, 'last of a season is "soon", which is not a day', id="no day"),
        pytest.param({"cup": 5}, "season_ends.cup is 5, which is not a block", id="no block"),
    ],
)
def test_a_stack_says_so_too(ends: dict[str, Some], found: str | None) -> None:
    messages = said("season", facts={"season_ends": ends}, address="google")
    assert [found in message for message in messages] == ([True] if found else []), messages
