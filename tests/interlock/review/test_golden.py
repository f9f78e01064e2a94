"""What a review says, case by case, as people read it."""

from __future__ import annotations

import pytest

from interlock.holds import parse_object_name
from interlock.review.comment import MARKER, MAX_CHARACTERS, as_markdown, failure
from interlock.review.review import review
from interlock.terraform.job_changes import JobChange, JobChanges
from policies.from_catalog import findings
from tests.golden import golden
from tests.interlock.catalogs import load, problems
from tests.interlock.review.cases import ALIKE, AT, BASE, CASES, SEASONAL_JOBS, WAIVED, Case, edited

WHOLE = "interlock review --base origin/main --format markdown --limit 1000000"


def comment(before: str, after: str, limit: int = MAX_CHARACTERS, plan: JobChanges | None = None) -> str:
    found = review(load(before), load(after), AT, plan, rules=findings)
    return as_markdown(found, base="base (origin/main)", head="head (as it lies here)", whole=WHOLE, limit=limit)


@pytest.mark.golden
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_comment_says_what_the_change_means(case: Case) -> None:
    golden(f"review/{case.name}.md", comment(case.before, case.after))


@pytest.mark.golden
@pytest.mark.parametrize("case", ALIKE, ids=lambda case: case.name)
def test_edits_that_are_alike_are_said_once(case: Case) -> None:
    said = comment(case.before, case.after)
    golden(f"review/{case.name}.md", said)
    assert len(said.splitlines()) <= 40
    assert "and 16 more</b> (19 jobs): month 3-10" in said
    assert f"`league-job-{SEASONAL_JOBS - 1}`" in said


def test_waivers_that_nobody_has_to_look_at_are_not_in_a_comment() -> None:
    waived = edited(("    runs: [games]\n", f"    runs: [games]\n{WAIVED.replace('2026-12-10', '2027-12-10')}"))
    assert "Waivers" in comment(BASE, waived)
    assert "Waivers" not in comment(waived, waived.replace('"15 6 ', '"20 6 '))


def many(later: int) -> str:
    """A catalog of 260 jobs, no two of which move alike when they are `later`."""
    jobs = (
        f"  job-{number:03}:\n    description: Fetches\n"
        f'    schedule: "{(number + later) % 60} {number // 60 + later} * * *"\n'
        "    target: {service: scrapers}\n"
        for number in range(260)
    )
    return edited((", gap: 5m", ""), ("  fetch-lines:", f"{''.join(jobs)}  fetch-lines:"))


@pytest.mark.golden
def test_a_comment_that_is_too_long_is_cut_and_says_so() -> None:
    found = review(load(many(0)), load(many(1)), AT, rules=findings)
    short, cut, whole = (
        as_markdown(found, base="base (origin/main)", head="head (as it lies here)", whole=WHOLE, limit=limit)
        for limit in (10_000, MAX_CHARACTERS, None)
    )
    assert len(short) <= 10_000
    golden("review/too-large.md", short)
    assert len(cut) <= MAX_CHARACTERS < len(whole)
    assert cut.startswith(f"{MARKER}\n")
    assert "Cut to fit" in cut
    assert "Cut to fit" not in whole


@pytest.mark.golden
def test_a_base_that_cannot_be_read_is_red_and_names_both_sides() -> None:
    wrong = problems(edited(('"15 6 * * *"', '"15 6 * *"'), ("runs: [report]", "runs: [reprt]")))
    assert len(wrong) == 2
    golden("review/unreadable-base.md", failure({"base (origin/main)": wrong}, ["head (as it lies here)"]))


@pytest.mark.golden
def test_a_plan_says_what_will_really_happen() -> None:
    flag = parse_object_name("backfills/summaries@2026-11-26T08:30:00Z.json")
    assert flag is not None
    plan = JobChanges(
        jobs=(
            JobChange(job="daily-report", actions=("delete", "create"), paused=(False, False), changed=("region",)),
            JobChange(job="fetch-games", actions=("update",), paused=(False, True), changed=("paused", "schedule")),
            JobChange(job="fetch-injuries", actions=("update",), paused=(False, True), changed=("paused",)),
        ),
        drift=(
            JobChange(job="fetch-injuries", actions=("update",), paused=(True, False), changed=("paused",)),
            JobChange(
                job="fetch-lines",
                actions=("update",),
                paused=(False, False),
                changed=("schedule",),
                schedule=("30 * * * *", "0 * * * *"),
            ),
        ),
        flags_on=(flag,),
        holds=(),
    )
    golden("review/with-a-plan.md", comment(BASE, edited(('"15 6 * * *"', '"45 6 * * *"')), plan=plan))
