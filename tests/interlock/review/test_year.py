"""A platform with seasons: what collides in some months only is found by review, rules and timeline, on the same days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from interlock.catalog import Catalog
from interlock.cron import zone
from interlock.review.collisions import CollisionChange, collision_changes
from interlock.review.job_remarks import moved_in_words
from interlock.review.remark import Topic
from interlock.review.review import Review, review
from interlock.terminal.review_json import as_json
from interlock.timing.collisions import CollisionKind
from interlock.timing.minutes import Day
from interlock.timing.timeline import timeline
from policies.from_catalog import findings
from tests.interlock.catalogs import load

AT = datetime(2026, 11, 29, 21, 30, tzinfo=UTC)
HEAD = """\
defaults: {owner: data, time_zone: America/New_York, region: us-west2, deadline: 180s, retry: standard}
retry_profiles:
  standard: {attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}
services:
  scores: {kind: run, starts_per_minute: 1}
processors:
  write: {service: scores, expect: 4m, tables: {league.scores: [mutate]}}
jobs:
"""


def platform(**jobs: str) -> Catalog:
    """Jobs as `schedule`, or `schedule in ZONE`, that all write one table."""
    lines = []
    for name, text in jobs.items():
        schedule, _, place = text.partition(" in ")
        lines += [f"  {name}:", f"    description: {name}", f'    schedule: "{schedule}"']
        lines += [f"    time_zone: {place}"] if place else []
        lines += [f"    target: {{service: scores, path: /{name}}}", "    runs: [write]"]
    return load(HEAD + "\n".join(lines) + "\n")


def reviewed(before: Catalog, after: Catalog) -> Review:
    return review(before, after, AT, rules=findings)


def budgets(found: Review) -> list[CollisionChange]:
    return [change for change in found.collisions if change.kind is CollisionKind.BUDGET]


CASES = [
    pytest.param(
        "15 16 * * *", "15 16 * 10-11 *", "from October to November", ["10-01", "11-30"], ["09-30", "12-01"], id="added"
    ),
    pytest.param(
        "15 16 * 3-10 *", "15 16 * 4-10 *", "from April to October", ["04-01", "10-31"], ["03-31", "11-01"], id="both"
    ),
    pytest.param("15 16 * 3-10 *", "15 16 * 11 *", "", [], ["10-31", "11-01"], id="months that no two have"),
    pytest.param("15 8 * * *", "15 13 * * * in Etc/UTC", "in winter", ["12-01", "03-13"], ["03-15", "11-05"], id="UTC"),
    pytest.param(
        "15 8 * 3-10 *",
        "15 13 * * * in Etc/UTC",
        "from 1 March 2027 to 13 March 2027",
        ["03-01", "03-13"],
        ["02-28", "03-14"],
        id="UTC, while a season has winter's clock",
    ),
    pytest.param("15 16 * 10-11 1", "15 16 * * *", "on Mondays from October to November", ["10-04"], ["10-05"], id="weekday"),
    pytest.param("45 2 * * *", "0 3 * * *", "only on 14 March 2027, when the clock changes", ["03-14"], ["03-13"], id="night"),
]


@pytest.mark.parametrize(("one", "added", "words", "on", "off"), CASES)
def test_review_rules_and_timeline_see_the_same_days(one: str, added: str, words: str, on: list[str], off: list[str]) -> None:
    before, after = platform(one=one), platform(one=one, added=added)
    changes = budgets(reviewed(before, after))
    assert [change.new.when.text for change in changes] == ([words] if words else [])
    assert [change.appears for change in changes] == [True] * bool(words)
    said = [f for f in findings(after, AT.date()) if f.rule == "budget" and f.subject.endswith("added")]
    assert [f"in the same minute as one {words}," in finding.message for finding in said] == [True] * bool(words)
    place = zone(after.jobs["one"].time_zone)
    for days, collides in ((on, True), (off, False)):
        for text in days:
            year = 2026 if text > f"{AT:%m-%d}" else 2027
            day = Day(date=date.fromisoformat(f"{year}-{text}"), zone=place)
            clashes = [clash for clash in timeline(after, day).clashes if clash.kind is CollisionKind.BUDGET]
            assert bool(clashes) is collides, day.date


def test_a_job_that_doubles_another_in_october_and_november_is_a_finding_that_says_so() -> None:
    found = reviewed(platform(one="15 16 * * *"), platform(one="15 16 * * *", added="15 16 * 10-11 *"))
    texts = [remark.text for remark in found.findings if remark.topic is Topic.COLLISION]
    ends = [text.rpartition(" (7x a week ")[2] for text in texts]
    first = "from October to November, first 2026-11-30 16:15 EST (2026-11-30 21:15 UTC))"
    assert [text.partition("(7x")[0] != "" for text in texts] == [True, True]
    assert [end.partition(", first")[0] for end in ends] == ["from October to November"] * 2
    assert first in {text.partition("(7x a week ")[2] for text in texts}


def test_a_season_that_is_extended_collides_anew_in_the_month_that_it_gains() -> None:
    before = platform(one="15 16 * * *", seasonal="15 16 * 3-10 *")
    after = platform(one="15 16 * * *", seasonal="15 16 * 3-11 *")
    found = reviewed(before, after)
    (change,) = budgets(found)
    assert (change.before.times, change.after.times, change.new.times, change.gone.times) == (245, 275, 30, 0)
    assert (str(change.new), change.appears) == ("7x a week in November", True)
    assert [moved_in_words(job) for job in found.jobs] == ["fires also in November"]


def test_a_job_of_one_day_that_moves_to_another_says_both() -> None:
    (job,) = reviewed(platform(one="30 2 14 3 *"), platform(one="30 2 15 3 *")).jobs
    moved = "fires also on 15 March 2027 and no longer fires on 14 March 2027, when the clock changes"
    assert moved_in_words(job) == moved


def test_programs_get_the_days_and_how_often() -> None:
    found = reviewed(platform(one="15 16 * * *", late="15 16 * 3-10 *"), platform(one="15 16 * * *", late="15 16 * 3-11 *"))
    document: Any = as_json(found)
    (change,) = [collision for collision in document["collisions"] if collision["kind"] == "budget"]
    assert {key: change[key] for key in ("before", "after", "new", "gone", "first")} == {
        "before": {"times": 245, "days": 245, "when": "from March to October", "a_week": 7},
        "after": {"times": 275, "days": 275, "when": "from March to November", "a_week": 7},
        "new": {"times": 30, "days": 30, "when": "in November", "a_week": 7},
        "gone": {"times": 0, "days": 0, "when": "on no day", "a_week": None},
        "first": "2026-11-30T21:15:00Z",
    }


def test_a_season_that_is_cut_vanishes_in_the_month_that_it_loses() -> None:
    before = platform(one="15 16 * * *", seasonal="15 16 * 3-11 *")
    after = platform(one="15 16 * * *", seasonal="15 16 * 3-10 *")
    found = reviewed(before, after)
    (change,) = budgets(found)
    assert (str(change.gone), change.vanishes, change.new.times) == ("7x a week in November", True, 0)
    assert [moved_in_words(job) for job in found.jobs] == ["no longer fires in November"]
    assert [remark for remark in found.findings if remark.topic is Topic.COLLISION] == []


def test_a_season_that_moves_by_a_month_is_new_in_one_and_gone_in_another() -> None:
    found = reviewed(
        platform(one="15 16 * * *", seasonal="15 16 * 3-10 *"), platform(one="15 16 * * *", seasonal="15 16 * 4-11 *")
    )
    (change,) = budgets(found)
    assert (change.new.when.text, change.gone.when.text) == ("in November", "in March")
    assert [moved_in_words(job) for job in found.jobs] == ["fires also in November and no longer fires in March"]


def test_two_jobs_that_move_together_collide_as_before() -> None:
    found = reviewed(platform(one="15 16 * * *", other="15 16 * 3-10 *"), platform(one="45 16 * * *", other="45 16 * 3-10 *"))
    assert found.collisions == ()
    assert [moved_in_words(job) for job in found.jobs] == ["fires 30m later", "fires 30m later"]


def test_a_collision_on_a_night_of_a_change_is_new_only_where_there_was_none() -> None:
    # At 02:45 it is skipped once a year, and then made up at 03:00, which the other one has every day.
    before = platform(one="45 2 * * *", other="45 * * * *")
    after = platform(one="45 1 * * *", other="45 * * * *")
    assert [change.appears for change in budgets(reviewed(before, after))] == [False]


def test_the_first_time_is_the_next_one() -> None:
    changes = collision_changes(platform(one="15 16 * * *"), platform(one="15 16 * * *", added="15 16 * * *"), AT, {})
    assert {change.first for change in changes if change.kind is CollisionKind.BUDGET} == {AT + timedelta(hours=23, minutes=45)}
