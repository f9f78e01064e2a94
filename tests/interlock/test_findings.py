"""Rules: each with what breaks it, what keeps it, and what a waiver does."""

from __future__ import annotations

from datetime import date

import pytest

from interlock.findings import findings
from tests.interlock.catalogs import GOOD, changed, load

TODAY = date(2026, 11, 23)
QUIET = changed('"0 * * * *"', '"15 * * * *"')
SCHEDULE = 'schedule: "0 * * * *"'


def found(text: str, today: date = TODAY) -> list[str]:
    return [str(finding).removeprefix("catalog/p/a.yaml:") for finding in findings(load(text), today)]


def test_a_catalog_that_keeps_the_rules_has_no_findings() -> None:
    assert found(QUIET) == []


def test_a_writer_of_a_backfills_table_outside_the_stagger_minutes() -> None:
    assert found(GOOD) == [
        '10: stagger: jobs.fetch: "0 * * * *" starts a writer of raw.games outside minutes 15 and 45; '
        "move it, or waive the rule"
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(changed("runs: [load]", "runs: []"), id="a job that starts nothing"),
        pytest.param(changed("[append]", "[read]"), id="a job that starts a reader"),
        pytest.param(changed("{raw.games: [mutate]}", "{raw.other: [mutate]}"), id="a table that no backfill touches"),
    ],
)
def test_a_job_that_starts_no_such_writer_may_fire_at_any_minute(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("was", "now", "wrong"),
    [
        pytest.param("0 * * * *", "15 * * * *", None, id="later in the hour"),
        pytest.param("50 6 * * *", "45 6 * * *", None, id="earlier in the hour"),
        pytest.param("0 9 * * *", "45 8 * * *", None, id="into the hour before"),
        pytest.param("*/30 * * * *", "15,45 * * * *", None, id="twice an hour"),
        pytest.param("0 9 * * *", "15 9 * * 1", "the days differ", id="other days"),
        pytest.param("0 9 * * *", "15,45 9 * * *", "1 runs a day became 2", id="more often"),
        pytest.param("0 9 * * *", "15 10 * * *", "a run moved by 60 minutes or more, or across midnight", id="too far"),
        pytest.param("0 0 * * *", "45 23 * * *", "a run moved by 60 minutes or more, or across midnight", id="across midnight"),
    ],
)
def test_what_a_staggered_schedule_replaces(was: str, now: str, wrong: str | None) -> None:
    text = changed(SCHEDULE, f'schedule: "{now}"\n    was: "{was}"')
    assert found(text) == ([f'10: stagger: jobs.fetch: "{was}" became "{now}": {wrong}'] if wrong else [])


@pytest.mark.parametrize(("review", "due"), [("2026-11-22", True), ("2026-11-23", False), ("2026-11-24", False)])
def test_a_declared_pause_is_reviewed_by_its_day(review: str, due: bool) -> None:
    text = QUIET.replace("    runs:", f"    paused: {{reason: off-season, owner: data, review: {review}}}\n    runs:")
    said = f"10: review: jobs.fetch: paused by declaration (off-season); review was due on {review}"
    assert found(text) == ([said] if due else [])


def waived(rule: str, until: str) -> str:
    return GOOD.replace(
        "    runs:", f"    waive: [{{rule: {rule}, reason: it is the newest, owner: data, until: {until}}}]\n    runs:"
    )


@pytest.mark.parametrize("until", ["2026-11-23", "2099-01-01"])
def test_a_waiver_holds_up_to_and_including_its_day(until: str) -> None:
    assert found(waived("stagger", until)) == []


def test_a_waiver_that_has_ended_is_a_finding_and_waives_nothing() -> None:
    stagger, waiver = found(waived("stagger", "2026-11-22"))
    assert stagger.startswith("10: stagger: ")
    assert waiver == "10: waiver: jobs.fetch: waiver of stagger ended on 2026-11-22: it is the newest"


def test_a_waiver_of_an_unknown_rule_is_a_finding_that_names_the_known_ones() -> None:
    assert found(waived("staggr", "2099-01-01"))[1] == (
        "10: waiver: jobs.fetch: waives unknown rule 'staggr'; known: review, stagger, waiver"
    )


def test_a_waiver_of_one_job_does_not_cover_another_section() -> None:
    of_processor = "[append]}, waive: [{rule: stagger, reason: r, owner: o, until: 2099-01-01}]"
    text = changed("[append]}", of_processor)
    assert len(found(text)) == 1
