"""What moved crons changed: counted with the crons that `was` keeps and with today's, and no more than was moved."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from interlock.catalog import Catalog
from interlock.drawing.stagger import moved_jobs, seasons, stagger_section, tallies, with_former_crons
from interlock.timing.collisions import CollisionKind, collisions
from interlock.timing.minutes import Span
from tests.interlock.catalogs import load

AT = datetime(2026, 1, 13, tzinfo=UTC)
WINTER, SUMMER = seasons(AT)
TEXT = """
defaults: {owner: data, time_zone: Etc/UTC, region: us-west2, deadline: 180s, retry: standard}
retry_profiles:
  standard: {attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}
services:
  web: {kind: run, starts_per_minute: 1}
jobs:
  first: {description: x, schedule: "0 8 * * *", target: {service: web, path: /a}}
  second: {description: x, schedule: "15 8 * * *", was: "0 8 * * *", target: {service: web, path: /b}}
"""


def section(catalog: Catalog) -> str:
    return "\n".join(stagger_section(catalog, AT))


def test_former_crons_are_those_that_was_keeps_and_others_stay() -> None:
    catalog = load(TEXT)
    former = with_former_crons(catalog)
    assert moved_jobs(catalog) == ["second"]
    assert [former.jobs[name].schedule.text for name in ("first", "second")] == ["0 8 * * *", "0 8 * * *"]


def test_a_collision_that_was_moved_away_is_counted_before_and_not_after() -> None:
    catalog = load(TEXT)
    was, now = (tallies(collisions(each, WINTER.span))[CollisionKind.BUDGET] for each in (with_former_crons(catalog), catalog))
    assert (was.collisions, was.times) == (1, 7)
    assert (now.collisions, now.times) == (0, 0)


def test_the_section_has_each_week_with_both_and_says_which_kinds_got_fewer_and_which_more() -> None:
    better = section(load(TEXT))
    worse = section(load(TEXT.replace('"15 8 * * *", was: "0 8 * * *"', '"0 8 * * *", was: "15 8 * * *"')))
    assert re.search(r"^\| budget \| 1 \(7\) \| 0 \(0\) \| 1 \(7\) \| 0 \(0\) \|$", better, re.M)
    assert "Fewer: `budget`." in better
    assert "More" not in better
    assert "More: `budget`." in worse
    assert "Fewer" not in worse


def test_the_starts_of_moved_jobs_are_shown_by_minute() -> None:
    was, now = re.findall(r"^(?:was|now)  (.{60})$", section(load(TEXT)), re.M)
    assert [place for place, character in enumerate(was) if character != "·"] == [0]
    assert [place for place, character in enumerate(now) if character != "·"] == [15]


def test_a_catalog_in_which_nothing_was_moved_has_no_such_section() -> None:
    assert section(load(TEXT.replace(', was: "0 8 * * *"', ""))) == ""


def test_seasons_are_the_first_weeks_of_january_and_july() -> None:
    winter, summer = seasons(datetime(2026, 11, 25, 17, tzinfo=UTC))
    first, eighth = ([datetime(2026, month, day, tzinfo=UTC) for month in (1, 7)] for day in (1, 8))
    assert [(season.name, season.span) for season in (winter, summer)] == [
        ("winter", Span(start=first[0], end=eighth[0])),
        ("summer", Span(start=first[1], end=eighth[1])),
    ]
