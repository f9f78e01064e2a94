"""A change by which windows hold every start of a job: nothing fails then, so the review does."""

from __future__ import annotations

import pytest

from interlock.catalog import Catalog
from interlock.review.remark import Remark, Topic
from interlock.review.review import review
from policies.from_catalog import findings
from tests.interlock.catalogs import load
from tests.interlock.review.cases import AT, BASE

WAIVE = "    waive: [{rule: always-held, reason: only by hand, owner: data, until: 2027-01-10}]\n"
PAUSED = "    paused: {reason: off-season, owner: data, review: 2027-09-15}\n"
INJURIES = '    schedule: "0 17 * * *"\n'
INSIDE = '    schedule: "30 8 * * 2"\n'
NIGHTS = """\
  nights:
    schedule: "0 0 * * *"
    time_zone: Etc/UTC
    duration: 24h
    covers: [job/fetch-injuries]
    reason: r
"""
EVENINGS = NIGHTS.replace("nights:", "evenings:").replace("0 0 *", "0 12 *").replace("24h", "10h")
MORNINGS = NIGHTS.replace("nights:", "mornings:").replace("0 0 *", "0 5 *").replace("24h", "8h")


def catalog(*edits: tuple[str, str]) -> Catalog:
    text = BASE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return load(text)


def said(before: Catalog, after: Catalog) -> list[Remark]:
    found = review(before, after, AT, rules=findings).remarks
    return [remark for remark in found if remark.topic is Topic.ALWAYS_HELD]


MOVED = (INJURIES, INSIDE)


def with_window(text: str) -> tuple[str, str]:
    return "windows:\n", f"windows:\n{text}"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([], [MOVED], {"fetch-injuries": True}, id="a job that moves into a window"),
        pytest.param([], [with_window(NIGHTS)], {"fetch-injuries": True}, id="a window that is always open"),
        pytest.param([], [with_window(EVENINGS)], {"fetch-injuries": True}, id="a window at its time"),
        pytest.param([], [with_window(MORNINGS)], {}, id="a window at another time"),
        pytest.param([], [(INJURIES, '    schedule: "30 8,17 * * 2"\n')], {}, id="a start that is left"),
        pytest.param([], [(INJURIES, INSIDE + PAUSED)], {}, id="a job that is paused by declaration"),
        pytest.param([], [(INJURIES, INSIDE + WAIVE)], {"fetch-injuries": False}, id="one that says so itself"),
        pytest.param([MOVED], [MOVED, ("reason: weekly", "reason: other")], {}, id="what was so before"),
        pytest.param([with_window(NIGHTS), MOVED], [MOVED], {}, id="by one window less"),
        pytest.param(
            [],
            [(INJURIES, '    schedule: "0 6,17 * * *"\n'), with_window(EVENINGS + MORNINGS)],
            {"fetch-injuries": True},
            id="by two windows together",
        ),
    ],
)
def test_a_job_that_no_window_leaves_a_start_is_a_finding(
    before: list[tuple[str, str]], after: list[tuple[str, str]], expected: dict[str, bool]
) -> None:
    assert {remark.subject: remark.is_finding for remark in said(catalog(*before), catalog(*after))} == expected


def test_it_says_which_windows_how_many_starts_and_what_to_do() -> None:
    (remark,) = said(catalog(), catalog(MOVED))
    assert remark.text == (
        "window/tuesdays would hold every start of it, all 53 starts of a year; move it, or waive the rule always-held"
    )
    (remark,) = said(catalog(), catalog((INJURIES, INSIDE + WAIVE)))
    assert remark.text.endswith("accepted: only by hand")


def test_a_job_of_another_name_that_was_held_so_before_is_no_finding() -> None:
    assert said(catalog(MOVED), catalog(MOVED, ("  fetch-injuries:", "  fetch-the-injured:"))) == []
