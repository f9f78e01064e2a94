"""Who starts before what it reads, though it followed it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from interlock.cron import Cron, zone
from interlock.review.order import Follows, Starts, inverted
from interlock.review.remark import Topic
from interlock.review.review import review
from interlock.timing.minutes import Span, fire_minutes
from interlock.timing.polling import polls
from policies.from_catalog import findings
from tests.interlock.catalogs import load
from tests.interlock.review.cases import AT, BASE, edited
from tests.interlock.review.test_remarks import remarks

YEAR = Span(start=datetime(2026, 11, 24, tzinfo=UTC), end=datetime(2027, 11, 24, tzinfo=UTC))
NEW_YORK, DENVER, UTC_ZONE = "America/New_York", "America/Denver", "Etc/UTC"
HALF_HOUR = timedelta(minutes=30)


def starts(schedule: str, time_zone: str = NEW_YORK) -> Starts:
    return Starts(fire_minutes(Cron.parse(schedule), zone(time_zone), YEAR))


def ahead(found: Follows | None) -> tuple[timedelta, timedelta] | None:
    """How long after its producer the consumer started, and how long before it now; None where the order stays."""
    return None if found is None else (found.lead, found.ahead)


def minutes(lead: int, early: int) -> tuple[timedelta, timedelta]:
    return timedelta(minutes=lead), timedelta(minutes=early)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(("0 6 * * *", "30 6 * * *"), ("30 6 * * *", "0 6 * * *"), minutes(30, 30), id="swapped in one hour"),
        pytest.param(
            ("0 11 * * *", "0 11 * * *"), ("15 11 * * *", "0 11 * * *"), minutes(0, 15), id="together, then before it"
        ),
        pytest.param(("0 6 * * *", "30 6 * * *"), ("0 6 * * *", "5 6 * * *"), None, id="a lead that shrinks is a collision's"),
        pytest.param(("0 6 * * *", "30 6 * * *"), ("0 6 * * *", "30 9 * * *"), None, id="later"),
        pytest.param(("0 6 * * *", "0 10 * * *"), ("0 6 * * *", "0 20 * * *"), None, id="much later on the same day"),
        pytest.param(("0 6 * * *", "0 10 * * *"), ("0 6 * * *", "0 1 * * *"), minutes(240, 300), id="hours before it"),
        pytest.param(("30 23 * * *", "30 0 * * *"), ("30 23 * * *", "0 23 * * *"), minutes(60, 30), id="across midnight"),
        pytest.param(("0 6,18 * * *", "30 6,18 * * *"), ("0 6,18 * * *", "30 5,17 * * *"), minutes(30, 30), id="twice a day"),
        pytest.param(("0 6,12 * * *", "30 12 * * *"), ("0 6,12 * * *", "30 11 * * *"), minutes(30, 30), id="the second of two"),
        pytest.param(("15 * * * *", "30 6 * * *"), ("15 * * * *", "10 6 * * *"), None, id="a producer of every hour was there"),
        pytest.param(("15 * * * *", "30 * * * *"), ("30 * * * *", "15 * * * *"), None, id="both every hour"),
        pytest.param(("0 6 * * *", "*/15 * * * *"), ("10 6 * * *", "5,35 * * * *"), None, id="who comes again soon"),
        pytest.param(
            ("0 20 * * *", "*/15 9-21 * * *"),
            ("0 20 * * *", "*/15 9-17 * * *"),
            minutes(0, 135),
            id="who polled and stops early",
        ),
        pytest.param(("0 6 * * *", "30 6 * * *"), ("0 6 * * *", "30 5 * * 1"), minutes(30, 30), id="on Mondays only"),
        pytest.param(("0 6 * * *", "30 5 * * *"), ("0 6 * * *", "45 5 * * *"), None, id="before it already"),
        pytest.param(("0 6 * * *", "30 6 * 3-10 *"), ("0 6 * * *", "30 6 * 3-11 *"), None, id="a month more"),
    ],
)
def test_the_order_of_two_jobs(before: tuple[str, str], after: tuple[str, str], expected: object) -> None:
    sides = [(starts(producer), starts(consumer)) for producer, consumer in (before, after)]
    assert ahead(inverted(sides[0], sides[1])) == expected
    assert inverted(sides[0], sides[0]) is None


def test_a_zone_inverts_the_order_under_one_clock_only() -> None:
    producer, consumer = starts("15 11 * * *", UTC_ZONE), starts("45 6 * * *")
    found = inverted((starts("15 10 * * *", UTC_ZONE), consumer), (producer, consumer))
    assert found is not None  # 06:45 in New York is 11:45 in winter and 10:45 in summer
    assert (found.times, found.inverted, found.ahead) == (365, 238, HALF_HOUR)
    assert found.first == datetime(2027, 3, 14, 10, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("*/15 * * * *", True),
        ("*/30 9-17 * * *", True),
        ("*/15 6-9,18-21 * * 1-5", True),
        ("15,45 * * * *", True),
        ("0 * * * *", False),
        ("0,30 6 * * *", False),
        ("0,5 6,18 * * *", False),
        ("0 6 * * *", False),
    ],
)
def test_who_polls(schedule: str, expected: bool) -> None:
    assert polls(Cron.parse(schedule)) is expected


REPORT, GAMES = '"0 9 * * *"', '"15 6 * * *"'


@pytest.mark.parametrize(
    ("edits", "topic", "expected"),
    [
        pytest.param(
            [(REPORT, '"0 6 * * *"')],
            Topic.INVERTED,
            "daily-report: daily-report starts 15m before fetch-games, which writes mart.summary that it reads: it started "
            "2h45m after it, 365 times a year, and starts before it every time now, so it reads what was there the time before",
            id="a consumer that moves",
        ),
        pytest.param(
            [(GAMES, '"30 9 * * *"')],
            Topic.INVERTED,
            "fetch-games: daily-report starts 30m before fetch-games, which writes mart.summary that it reads: it started "
            "2h45m after it, 365 times a year, and starts before it every time now, so it reads what was there the time before",
            id="a producer that moves",
        ),
        pytest.param([(REPORT, '"20 6 * * *"')], Topic.INVERTED, None, id="a lead that is lost is too soon, not before"),
        pytest.param([(REPORT, '"*/10 * * * *"')], Topic.INVERTED, None, id="a consumer that polls"),
        pytest.param([(REPORT, '"*/10 * * * *"')], Topic.ORDER, None, id="which is never too soon"),
    ],
)
def test_a_consumer_before_its_producer_is_a_finding(edits: list[tuple[str, str]], topic: Topic, expected: str | None) -> None:
    found = review(load(BASE), load(edited(*edits)), AT, rules=findings)
    assert remarks(found, topic) == ([expected] if expected else [])
    assert all(remark.is_finding for remark in found.remarks if remark.topic is topic)


def test_who_polls_up_to_an_hour_loses_a_producer_that_moves_behind_it() -> None:
    polling = edited((REPORT, '"5,25,45 6-9 * * *"'))
    (said,) = remarks(
        review(load(polling), load(edited((GAMES, '"0 10 * * *"'), text=polling)), AT, rules=findings), Topic.INVERTED
    )
    assert said.startswith("fetch-games: daily-report starts 3h35m before fetch-games")
    within = edited((GAMES, '"0 8 * * *"'), text=polling)
    assert remarks(review(load(polling), load(within), AT, rules=findings), Topic.INVERTED) == []


def test_a_lead_that_is_lost_is_a_finding() -> None:
    found = review(load(BASE), load(edited((REPORT, '"20 6 * * *"'))), AT, rules=findings)
    (said,) = remarks(found, Topic.ORDER)
    assert said.startswith("daily-report: over mart.summary: daily-report starts 5m after fetch-games")


def test_one_that_moves_away_from_several_is_one_finding_and_one_that_is_paused_none() -> None:
    second = """\
  weekly-report:
    description: Mails the summary of the week
    schedule: "0 8 * * 1"
    target: {service: marts, path: /weekly}
    runs: [report]
"""
    two = edited(("  fetch-lines:", second + "  fetch-lines:"))
    found = review(load(two), load(edited((GAMES, '"30 9 * * *"'), text=two)), AT, rules=findings)
    (said,) = remarks(found, Topic.INVERTED)
    assert said.startswith("fetch-games: ")
    assert said.endswith(("; likewise daily-report", "; likewise weekly-report"))
    paused = edited(("    runs: [report]\n", "    runs: [report]\n    paused: {reason: x, owner: data, review: 2027-09-15}\n"))
    moved = edited((GAMES, '"30 9 * * *"'), text=paused)
    assert remarks(review(load(paused), load(moved), AT, rules=findings), Topic.INVERTED) == []


def test_renamed_jobs_keep_their_order() -> None:
    renamed = edited(("  daily-report:", "  morning-report:"), (REPORT, '"0 6 * * *"'))
    (said,) = remarks(review(load(BASE), load(renamed), AT, rules=findings), Topic.INVERTED)
    assert said.startswith("morning-report: morning-report starts 15m before fetch-games")
