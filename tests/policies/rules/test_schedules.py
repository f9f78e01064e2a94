"""When jobs fire: schedules, zones, clocks."""

from __future__ import annotations

from datetime import date

import pytest

from policies.rules.judge import Outcome
from tests.policies.estates import ABSENT, Some, estate, job, said, verdict

NEW_YORK, UTC = "America/New_York", "Etc/UTC"


@pytest.mark.parametrize(
    ("schedule", "names"),
    [
        pytest.param("*/5 8-20 1,15 JAN-MAR *", None, id="all that every library reads alike"),
        pytest.param("0 22-2 * * *", None, id="a range that wraps around is another rule's"),
        pytest.param("0 8 * * FRI-MON", None, id="a week that wraps around, too"),
        pytest.param(ABSENT, "it has no schedule; write five fields", id="none"),
        pytest.param(None, "it has no schedule; write five fields", id="null"),
        pytest.param("", "schedule", id="an empty one"),
        pytest.param("0 0 1 * MON", "both restricted", id="both day fields"),
        pytest.param("5-5 * * * *", "from a number to itself", id="a range of one number"),
        pytest.param("0 0 31 2 *", "never fires", id="a date that never comes"),
        pytest.param("0 0 8 * * *", "5 fields", id="seconds"),
        pytest.param("every 5 minutes", "every 5 minutes", id="App Engine's English"),
        pytest.param("0 0 L * *", "has no `L`", id="Quartz"),
        pytest.param("99 22-2 * * *", "'99'", id="another mistake beside a range that wraps around"),
        pytest.param("0 122-2 * * *", "'122'", id="a number that ends like one"),
        pytest.param("0 8 * FRI-MON *", "FRI", id="days in the field of the month"),
        pytest.param("\x1b[2J * * * *", "has the character", id="a schedule that a terminal would obey"),
        pytest.param("0 " * 9_000, "schedule", id="an endless one"),
        pytest.param(5, "schedule is 5, which is not a text; write that", id="a number"),
    ],
)
def test_a_schedule_is_unix_cron(schedule: Some, names: str | None) -> None:
    found = said("cron", job(schedule=schedule))
    assert [names in message for message in found] == ([True] if names else []), found
    assert all(message.isprintable() for message in found)


@pytest.mark.parametrize(
    ("schedule", "ranges"),
    [
        pytest.param("0 8 * 1-5,11,12 *", [], id="upwards"),
        pytest.param("0 8 * 11-5 *", [("month 11-5", "11,12,1-5")], id="over the new year"),
        pytest.param("0 8 * NOV-MAY *", [("month NOV-MAY", "11,12,1-5")], id="by name"),
        pytest.param("0 22-2 * * *", [("hour 22-2", "22,23,0-2")], id="over midnight"),
        pytest.param("0 21-2/2 * * *", [("hour 21-2/2", "21,23,1")], id="with a step, which goes on over midnight"),
        pytest.param("50-10 22-2 * * *", [("minute 50-10", "50-59,0-10"), ("hour 22-2", "22,23,0-2")], id="twice"),
        pytest.param("0 8 * * FRI-MON", [("day of week FRI-MON", "5,6,0,1")], id="over the weekend"),
        pytest.param("0 8 * * 5-0", [("day of week 5-0", "5,6,0")], id="to Sunday as 0"),
        pytest.param("0 8 * * 5-7", [], id="to Sunday as 7"),
        pytest.param("every 5 minutes", [], id="what is no cron at all"),
        pytest.param(ABSENT, [], id="none"),
    ],
)
def test_no_range_wraps_around(schedule: Some, ranges: list[tuple[str, str]]) -> None:
    assert said("wrap-around", job(schedule=schedule)) == [
        f"the {one} of its schedule wraps around; write {better}" for one, better in ranges
    ]


@pytest.mark.parametrize(
    ("schedule", "better"),
    [
        pytest.param("every 5 minutes synchronized", '; "*/5 * * * *" says the same', id="English with instants"),
        pytest.param("every 5 minutes", '; "*/5 * * * *" fires as often, at times that are known', id="an interval"),
        pytest.param("0  5 * * mon", '; "0 5 * * MON" says the same', id="spaces and lower case"),
    ],
)
def test_what_a_new_job_would_have_instead_is_said(schedule: str, better: str) -> None:
    (message,) = said("cron", job(schedule=schedule))
    assert message.endswith(better)


def test_a_job_of_which_nobody_knows_when_it_fires_is_left_out_of_what_meets() -> None:
    known = job("known", schedule="0 5 * * *", facts={"service": "a"})
    unknown = [job(f"unknown-{n}", schedule="every 5 minutes", facts={"service": "a"}) for n in range(2)]
    assert said("budget", known, *unknown) == []
    assert said("clock-change", unknown[0]) == said("one-shot", unknown[0]) == []


@pytest.mark.parametrize(
    ("was", "now", "wrong"),
    [
        pytest.param("every day 09:00", "15 9 * * *", "", id="the same days, a quarter of an hour later"),
        pytest.param("every mon 09:00", "15 9 * * *", "the days differ", id="other days"),
        pytest.param("every 5 minutes", "15 9 * * *", "", id="nobody knows when it was"),
        pytest.param("0 9 1 * MON", "15 9 1 * *", "the days differ", id="two day fields"),
    ],
)
def test_a_stagger_of_a_job_that_had_another_kind_of_schedule(was: str, now: str, wrong: str) -> None:
    found = said("stagger", job(schedule=now, facts={"was": was}))
    assert [wrong in message for message in found] == ([True] if wrong else [])


@pytest.mark.parametrize(
    ("zone", "names"),
    [
        pytest.param(NEW_YORK, None, id="one of the tz database"),
        pytest.param(UTC, None, id="UTC"),
        pytest.param(ABSENT, "it has no time_zone; write one like America/New_York or Etc/UTC", id="none"),
        pytest.param("EST5EDT4", "'EST5EDT4'", id="an unknown one"),
        pytest.param("America", "'America'", id="half a name"),
        pytest.param("../../etc/passwd", "is not a time zone", id="a path"),
        pytest.param("America/New_York\n", "is not a time zone", id="one with a line's end"),
        pytest.param("X" * 9_000, "is not a time zone", id="an endless name"),
        pytest.param(["UTC"], "time_zone is ['UTC'], which is not a text", id="a list"),
    ],
)
def test_a_zone_is_known(zone: Some, names: str | None) -> None:
    found = said("zone", job(time_zone=zone))
    assert [names in message for message in found] == ([True] if names else []), found


@pytest.mark.parametrize(
    ("schedule", "zone", "what"),
    [
        pytest.param("30 4 * * *", NEW_YORK, [], id="after the change"),
        pytest.param("59 0 * * *", NEW_YORK, [], id="just before the hour that comes twice"),
        pytest.param("30 2 * * *", UTC, [], id="in a zone without changes"),
        pytest.param("*/5 * * * *", NEW_YORK, [], id="in every hour"),
        pytest.param("30 2 * * 1-5", NEW_YORK, [], id="on working days, as clocks change on Sundays"),
        pytest.param("30 2 * 5-9 *", NEW_YORK, [], id="in months without a change"),
        pytest.param("30 2 * * *", NEW_YORK, ["on 2027-03-14 the clocks jump"], id="in the gap"),
        pytest.param("0 1 * * *", NEW_YORK, ["on 2027-11-07 the clocks go back"], id="when an hour comes twice"),
        pytest.param("15 1,2 * * *", NEW_YORK, ["2027-03-14", "2027-11-07"], id="in both"),
        pytest.param("30 2 * * *", "Europe/Berlin", ["2027-03-28", "2027-10-31"], id="by the clocks of its own zone"),
        pytest.param("30 2 * * *", "Nowhere/Land", [], id="in no zone, which another rule says"),
        pytest.param("0 0 L * *", NEW_YORK, [], id="with no schedule, which another rule says"),
    ],
)
def test_no_fire_when_clocks_change(schedule: str, zone: str, what: list[str]) -> None:
    found = said("clock-change", job(schedule=schedule, time_zone=zone))
    assert len(found) == len(what)
    assert all(part in message for part, message in zip(what, found, strict=True)), found


@pytest.mark.parametrize(
    ("today", "springs"),
    [
        pytest.param(date(2026, 3, 8), ["2026-03-08", "2027-03-14"], id="today's is not over"),
        pytest.param(date(2026, 3, 9), ["2027-03-14"], id="yesterday's is, and the next one is more than a year away"),
        pytest.param(date(2026, 7, 1), ["2027-03-14"], id="in summer"),
    ],
)
def test_every_day_of_the_year_has_a_next_change_of_clocks(today: date, springs: list[str]) -> None:
    found = said("clock-change", job(schedule="30 2 * * *"), today=today)
    assert [one.split()[1] for one in found] == springs


@pytest.mark.parametrize(
    ("schedule", "found"),
    [
        pytest.param("0 9 14 6 *", True, id="one day of every year"),
        pytest.param("*/5 9 14 6 *", True, id="often on one day"),
        pytest.param("0 9 14 * *", False, id="every month"),
        pytest.param("0 9 14 6,12 *", False, id="twice a year"),
        pytest.param("0 9 1-7 6 *", False, id="a week in June"),
        pytest.param("0 9 * 6 MON", False, id="Mondays in June"),
    ],
)
def test_a_date_that_comes_once_is_no_schedule(schedule: str, found: bool) -> None:
    what = f'"{schedule}" fires on one day of every year; what shall run once is run by hand, then forgotten'
    assert said("one-shot", job(schedule=schedule)) == ([what] if found else [])


@pytest.mark.parametrize("rule", ["cron", "wrap-around", "clock-change", "one-shot", "stagger", "budget", "gap", "twin"])
def test_a_schedule_that_is_an_expression_waits_for_the_plan(rule: str) -> None:
    found = verdict(rule, estate(job(schedule="${var.schedule}")))
    assert found is not None
    assert (found.outcome, found.messages) == (Outcome.DEFERRED, ('deferred to plan: schedule is "${var.schedule}"',))
