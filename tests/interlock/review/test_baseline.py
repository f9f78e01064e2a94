"""What a review says of findings that are accepted, and which findings it calls new."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from interlock.catalog import Catalog
from interlock.reading.folder import catalog_of
from interlock.review.remark import Topic
from interlock.review.review import review
from policies.from_catalog import findings
from tests.interlock.catalogs import load
from tests.interlock.review.cases import AT, BASE, edited
from tests.interlock.review.test_remarks import remarks

LINES = 'schedule: "30 * * * *"'
MOVED = f'{LINES}\n    was: "0 12 * * *"'
"""A stagger that changes how often a job runs: it breaks the rule `stagger`."""
BROKEN = edited((LINES, MOVED))
OLD = "{rule: stagger, subject: jobs.fetch-lines, since: 2026-11-01, until: 2027-01-31, owner: data}"


def accepting(jobs: str, *entries: str) -> Catalog:
    files = {"p/jobs.yaml": jobs, "p/baseline.yaml": "baseline:\n" + "".join(f"  - {entry}\n" for entry in entries)}
    return catalog_of("catalog", {PurePosixPath(name): text.encode() for name, text in files.items()})


@pytest.mark.parametrize(
    ("before", "after", "notes", "broken"),
    [
        pytest.param(
            accepting(BROKEN),
            accepting(BROKEN, OLD),
            ["baseline: accepts 1 finding until 2027-01-31; stagger of fetch-lines"],
            0,
            id="accepted by this change",
        ),
        pytest.param(
            accepting(BASE),
            accepting(BROKEN, OLD),
            ["baseline: accepts 1 finding until 2027-01-31; stagger of fetch-lines"],
            0,
            id="broken and accepted by one change",
        ),
        pytest.param(accepting(BROKEN, OLD), accepting(BROKEN, OLD), [], 0, id="accepted before"),
        pytest.param(
            accepting(BROKEN, OLD),
            accepting(BROKEN, OLD.replace("2027-01-31", "2027-03-31")),
            ["baseline: accepts 1 finding until 2027-03-31, more or for longer than before; stagger of fetch-lines"],
            0,
            id="for longer",
        ),
        pytest.param(
            accepting(BROKEN, OLD),
            accepting(BASE),
            ["baseline: no longer accepts 1 finding; stagger of fetch-lines"],
            0,
            id="mended",
        ),
        pytest.param(
            accepting(BROKEN, OLD),
            accepting(BROKEN),
            ["baseline: no longer accepts 1 finding; stagger of fetch-lines"],
            1,
            id="taken out and still broken",
        ),
    ],
)
def test_what_a_change_accepts_is_said_and_no_old_finding_is_a_new_one(
    before: Catalog, after: Catalog, notes: list[str], broken: int
) -> None:
    found = review(before, after, AT, rules=findings)
    assert remarks(found, Topic.BASELINE) == notes
    assert len(remarks(found, Topic.RULE)) == broken
    assert not [remark for remark in found.findings if remark.topic is Topic.BASELINE]


def new_findings(before: str, after: str) -> list[str]:
    return remarks(review(load(before), load(after), AT, rules=findings), Topic.RULE)


def test_a_finding_whose_message_alone_changes_is_not_new() -> None:
    """Its job still breaks the rule, at another time: 5 of 5 findings of a real edit existed before."""
    assert new_findings(BROKEN, edited(("0 12 * * *", "0 13 * * *"), text=BROKEN)) == []


def test_one_more_finding_of_a_rule_about_a_job_is_new() -> None:
    covered = edited(
        ("tables: {raw.games: [read], mart.summary: [mutate]}\n    protect", "tables: {raw.lines: [truncate]}\n    protect")
    )
    before = edited((LINES, MOVED.replace("30 *", "45 *")), text=covered)
    after = edited(('"45 * * * *"', '"50 * * * *"'), text=before)
    found = new_findings(before, after)
    assert len(findings(load(before), AT.date())) < len(findings(load(after), AT.date()))
    assert any("starts a writer of raw.lines outside minutes 15 and 45" in text for text in found)
