"""Jobs that are gone on purpose, and entries under `removed` that say nothing."""

from __future__ import annotations

import pytest

from interlock.review.remark import Topic
from interlock.review.review import Review, review
from interlock.terraform.job_changes import JobChange, JobChanges
from policies.from_catalog import findings
from tests.interlock.catalogs import load
from tests.interlock.review.cases import AT, BASE, GAMES, edited
from tests.interlock.review.test_remarks import remarks

INJURIES = BASE[BASE.index("  fetch-injuries:") : BASE.index("  daily-report:")]
GONE = edited((INJURIES, ""))


def removed(name: str, until: str = "2026-11-24", reason: str = "the source is closed") -> str:
    return f"  {name}: {{reason: {reason}, owner: data, until: {until}}}\n"


def accepting(*entries: str, text: str = GONE) -> str:
    return f"{text}removed:\n{''.join(entries)}"


ON_PURPOSE = "removed on purpose: the source is closed (data, until 2026-11-24)"
FIRED = "it fired 1 a day; nothing fails when a job is gone: nothing runs"
WRITE = "write under `removed`: fetch-injuries: {reason: ..., owner: data, until: YYYY-MM-DD}"


def reviewed(after: str, before: str = BASE, plan: JobChanges | None = None) -> Review:
    return review(load(before), load(after), AT, plan, rules=findings)


@pytest.mark.parametrize(
    ("after", "is_finding", "text"),
    [
        pytest.param(accepting(removed("fetch-injuries")), False, f"{ON_PURPOSE}; {FIRED}", id="on its last day"),
        pytest.param(GONE, True, f"{FIRED}; pause it, or {WRITE}", id="that nobody accepts"),
        pytest.param(
            accepting(removed("fetch-injuris")),
            True,
            f"{FIRED}; pause it, or {WRITE}; did you mean fetch-injuris?",
            id="misspelled",
        ),
        pytest.param(
            accepting(removed("fetch-injuries", "2026-11-23")),
            True,
            f"{FIRED}; its entry under `removed` ended on 2026-11-23 (catalog/p/a.yaml:44): give it a later day",
            id="until yesterday",
        ),
    ],
)
def test_a_job_that_is_gone(after: str, is_finding: bool, text: str) -> None:
    found = reviewed(after)
    assert remarks(found, Topic.DELETED) == [f"fetch-injuries: {text}"]
    assert bool(found.findings) is is_finding


def test_a_job_is_accepted_by_its_name_in_cloud_scheduler_too() -> None:
    named = edited(("  fetch-injuries:\n", "  fetch-injuries:\n    name: injuries-us\n"))
    assert reviewed(accepting(removed("injuries-us")), named).findings == ()


def test_a_job_that_has_another_name_on_purpose_is_a_note() -> None:
    renamed = edited(("  fetch-injuries:", "  fetch-injured:"))
    (said,) = [remark for remark in reviewed(renamed).remarks if remark.topic is Topic.RENAMED]
    assert said.is_finding
    assert said.text.endswith(f"keep the name, or {WRITE}")
    (said,) = [r for r in reviewed(accepting(removed("fetch-injuries"), text=renamed)).remarks if r.topic is Topic.RENAMED]
    assert not said.is_finding
    assert said.text.startswith(f"{ON_PURPOSE}; fetch-injuries starts the same")


def test_what_a_job_wrote_is_a_finding_only_while_somebody_reads_it() -> None:
    found = reviewed(accepting(removed("fetch-games"), text=edited((GAMES, ""))))
    told = {remark.subject: remark.is_finding for remark in found.remarks if remark.topic is Topic.UNWRITTEN}
    assert told == {"table/mart.summary": True, "table/raw.games": False}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            BASE,
            accepting(removed("fetch-nothing"), text=BASE),
            "no job of that name was there (the source is closed, data; catalog/p/a.yaml:49)",
            id="that never was",
        ),
        pytest.param(
            BASE,
            accepting(removed("fetch-injuris")),
            "no job of that name was there; did you mean fetch-injuries? (the source is closed, data; catalog/p/a.yaml:44)",
            id="misspelled",
        ),
        pytest.param(GONE, accepting(removed("fetch-injuries")), "no job of that name was there (the source is closed, data; "
                     "catalog/p/a.yaml:44)", id="after the job"),
        pytest.param(accepting(removed("fetch-injuries")), accepting(removed("fetch-injuries")), None, id="that was there"),
        pytest.param(
            accepting(removed("fetch-injuries", "2026-11-23")),
            accepting(removed("fetch-injuries", "2026-11-23")),
            "its day, 2026-11-23, has passed: take it out (the source is closed, data; catalog/p/a.yaml:44)",
            id="past its day",
        ),
        pytest.param(BASE, accepting(removed("fetch-injuries")), None, id="of a job that goes"),
    ],
)  # fmt: skip
def test_an_entry_under_removed_that_says_nothing_is_a_note(before: str, after: str, expected: str | None) -> None:
    found = reviewed(after, before)
    told = remarks(found, Topic.REMOVAL)
    assert [line.partition(": ")[2] for line in told] == ([expected] if expected else [])
    assert not [remark for remark in found.findings if remark.topic is Topic.REMOVAL]


def test_a_plan_that_deletes_what_was_removed_on_purpose_is_no_finding() -> None:
    deleted = JobChange(job="fetch-injuries", actions=("delete",), paused=(False, None), changed=())
    plan = JobChanges(jobs=(deleted,), drift=(), flags_on=(), holds=())
    entry = accepting(removed("fetch-injuries"))
    assert reviewed(entry, BASE, plan).findings == ()
    assert reviewed(entry, entry, plan).findings == ()
    assert remarks(reviewed(entry, entry, plan), Topic.PLAN) == [f"fetch-injuries: the plan deletes it; {ON_PURPOSE}"]
    (alone,) = reviewed(GONE, GONE, plan).findings
    assert alone.text == "the plan deletes it, and neither side has it: was it deployed from elsewhere?"
