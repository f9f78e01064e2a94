"""The report: both answers of each check, and nothing of who ran it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.check import Answer, Check, Status
from conformance.report import Facts, report, summary
from tests.conformance.conftest import a_world
from tests.e2e.deployment import local_environment
from tests.golden import golden

CHECK = Check(key="pause", topic="questions", lane="questions", question="Is it paused?", expected="200", source="a page")
ASSUMED = replace(CHECK, key="view", question="What is seen?", expected="no target", assumed=True, source="nobody says")
CONTRACT = replace(CHECK, key="a_type", topic="contracts", question="`a_type`", expected="made, destroyed")
CHAPTER = replace(CHECK, key="deploy", topic="stacks", question="`interlock deploy`", expected="deployed")
CHECKS = (CHECK, ASSUMED, CONTRACT, CHAPTER)
ANSWERS = {
    "pause": Answer(check=CHECK, seen="200", seconds=1.2),
    "view": Answer(check=ASSUMED, seen="pubsubTarget", seconds=61.7, detail="fields: name, pubsubTarget"),
    "a_type": Answer(check=CONTRACT, seen="", detail="Error: a | b"),
}
FACTS = Facts(
    target="a project of Google Cloud",
    versions={"terraform": "1.11.4", "hashicorp/google": "7.45.0"},
    date="2026-11-30",
    seconds=912.3,
    ended="16 minutes were over",
    swept=["pubsub_topic ilc-*-it"],
    stuck=["storage_bucket x: 403 no"],
)


@pytest.mark.golden
def test_the_report_is_as_it_was() -> None:
    golden("conformance/report.md", report(CHECKS, ANSWERS, FACTS))


@pytest.mark.parametrize(
    ("check", "seen", "status"),
    [
        pytest.param(CHECK, "200", Status.SAME, id="known, and so"),
        pytest.param(CHECK, "400", Status.DIFFERS, id="known, and otherwise"),
        pytest.param(ASSUMED, "no target", Status.ASSUMED, id="assumed, and so"),
        pytest.param(ASSUMED, "a target", Status.DIFFERS, id="assumed, and otherwise"),
        pytest.param(ASSUMED, "", Status.UNANSWERED, id="not seen"),
    ],
)
def test_an_answer_is_compared_with_what_was_expected(check: Check, seen: str, status: Status) -> None:
    answer = Answer(check=check, seen=seen)
    assert answer.status is status
    assert answer.is_good is (status in (Status.SAME, Status.ASSUMED))


def test_what_nobody_reached_is_counted() -> None:
    assert summary(CHECKS, ANSWERS) == "4 checks: 1 as expected, 1 DIFFERS, 2 not answered"


def test_neither_project_nor_run_is_named(tmp_path: Path) -> None:
    world, environment = a_world(tmp_path), local_environment()
    said = f"projects/{environment.project}/topics/{world.prefix}-it of {environment.project_number}, {world.dataset}.orders"
    assert world.shown(said) == "projects/<project>/topics/<p>-it of <number>, <dataset>.orders"
