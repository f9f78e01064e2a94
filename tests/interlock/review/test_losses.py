"""Coverage that a change loses is a finding, with the link that is gone; what the change itself says is a note."""

from __future__ import annotations

import pytest

from interlock.review.remark import Topic
from tests.interlock.review.cases import BASE, GAMES, edited
from tests.interlock.review.test_remarks import reviewed

KEEP = "    protect: [outputs, inputs]\n"
REPORT = "  report: {service: marts, tables: {mart.summary: [read]}}\n"
Edits = list[tuple[str, str]]

LOST: dict[str, tuple[str, Edits]] = {
    "a job that no longer runs the writer": (
        "backfill/summaries: would no longer hold fetch-games: it no longer runs games",
        [("    runs: [games]\n", "")],
    ),
    "a table that is another one in the processor": (
        "backfill/summaries: would no longer hold fetch-games: games no longer touches raw.games",
        [("summary: {service: marts, after: [games], expect: 4m, tables: {raw.games: [read], mart.summary: [mutate]}}",
          "summary: {service: marts, expect: 4m, tables: {raw.games: [read], mart.summary: [mutate]}}"),
         ("expect: 2m, tables: {raw.games:", "expect: 2m, tables: {raw.gmaes:")],
    ),
    "a message that starts another": (
        "backfill/summaries: would no longer hold fetch-lines: line-summary is no longer after lines",
        [("after: [lines]", "after: [games]")],
    ),
    "a processor that is gone": (
        "backfill/summaries: would no longer hold fetch-lines: there is no processor line-summary any more",
        [("  line-summary: {service: marts, after: [lines], tables: {mart.summary: [mutate]}}\n", "")],
    ),
    "a table that the backfill touches no more": (
        "backfill/summaries: would no longer hold fetch-lines: the backfill no longer touches mart.summary",
        [("tables: {raw.games: [read], mart.summary: [mutate]}\n    protect", "tables: {raw.games: [read]}\n    protect")],
    ),
    "less that is protected": (
        "backfill/summaries: would no longer hold fetch-lines: the backfill no longer protects its outputs",
        [("protect: [outputs, inputs]", "protect: [inputs]")],
    ),
    "another access of the backfill": (
        "backfill/summaries: would no longer hold fetch-lines: the backfill's own access to mart.summary is read now",
        [("tables: {raw.games: [read], mart.summary: [mutate]}\n    protect",
          "tables: {raw.games: [read], mart.summary: [read]}\n    protect"),
         ("after: [lines], tables: {mart.summary: [mutate]}", "after: [lines], tables: {mart.summary: [read]}")],
    ),
    "another access of the processor": (
        "backfill/summaries: would no longer hold fetch-lines: line-summary's access to mart.summary is read now",
        [("after: [lines], tables: {mart.summary: [mutate]}", "after: [lines], tables: {mart.summary: [read]}")],
    ),
    "a backfill that is gone": (
        "backfill/summaries: would no longer hold fetch-games and fetch-lines: the backfill is gone",
        [(BASE[BASE.index("backfills:"):BASE.index("windows:")], "")],
    ),
    "a window that is gone": (
        "window/tuesdays: would no longer hold fetch-games, fetch-injuries and fetch-lines: the window is gone",
        [(BASE[BASE.index("windows:"):], "")],
    ),
    "a scope that the window covers no more": (
        "would no longer hold fetch-games, fetch-injuries and fetch-lines: the window no longer covers service/scrapers",
        [("covers: [service/scrapers]", "covers: [service/marts]")],
    ),
    "a job that calls another service": (
        "window/tuesdays: would no longer hold fetch-injuries: it calls marts now",
        [("{service: scrapers, path: /injuries}", "{service: marts, path: /injuries}")],
    ),
}  # fmt: skip
"""What the finding says, and the edits of the catalog with a second chain."""
CHAIN = edited((REPORT, REPORT + "  line-summary: {service: marts, after: [lines], tables: {mart.summary: [mutate]}}\n"))
SAID: dict[str, Edits] = {
    "a job that is kept, with a reason": [(KEEP, KEEP + "    keep: [{job: fetch-games, reason: it is harmless}]\n")],
    "a backfill that has another name": [("  summaries:\n", "  all-summaries:\n")],
    "a window that has another name": [("  tuesdays:\n", "  weekly:\n")],
    "a job that has another name": [("  fetch-games:\n", "  fetch-night-games:\n")],
    "a job that is gone": [(GAMES, "")],
}


def said(edits: Edits, *, is_finding: bool) -> list[str]:
    remarks = reviewed(edited(*edits, text=CHAIN), CHAIN).remarks
    found = [one for one in remarks if one.topic is Topic.COVERAGE and one.is_finding is is_finding]
    return [f"{one.subject}: {one.text}" for one in found]


@pytest.mark.parametrize(("what", "edits"), [pytest.param(*one, id=name) for name, one in LOST.items()])
def test_coverage_that_is_lost_is_a_finding_with_the_link_that_is_gone(what: str, edits: Edits) -> None:
    found = said(edits, is_finding=True)
    assert [one for one in found if what in one], found


@pytest.mark.parametrize("edits", [pytest.param(edits, id=name) for name, edits in SAID.items()])
def test_what_the_change_itself_says_is_no_finding(edits: Edits) -> None:
    assert said(edits, is_finding=True) == []


def test_a_job_that_is_kept_is_noted_with_its_reason() -> None:
    [noted] = said(SAID["a job that is kept, with a reason"], is_finding=False)
    assert noted.startswith("backfill/summaries: would no longer hold fetch-games: kept: it is harmless")


def test_of_a_table_it_is_said_what_no_backfill_or_window_says() -> None:
    edits = (("    runs: [lines]\n    recoverable", "    recoverable"), ("runs: [report]", "runs: [report, lines]"))
    [found] = [one for one in reviewed(edited(*edits)).findings if one.topic is Topic.COVERAGE]
    assert (found.subject, found.text) == ("table/raw.lines", "would no longer hold fetch-lines: it no longer runs lines")
