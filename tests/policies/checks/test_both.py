"""What counts in a stack and in its plan: a waiver with an end, and what only a plan knows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.policies.checks.scan import BOTH, PLAN, SYNTHESIZED, scan

CRON, DEADLINE, RETRY = "CKV2_ILK_1", "CKV2_ILK_15", "CKV2_ILK_16"


@pytest.mark.parametrize("what", ["", PLAN], ids=["stack", "plan"])
def test_a_waiver_counts_until_its_day_in_both(what: str) -> None:
    found = scan(BOTH / "waived" / what, RETRY)
    assert (found.passed, found.failed, found.skipped) == ({"pass_complete"}, {"fail_ended"}, {"skip_waived"})
    assert found.counts == (1, 1, 1, 0)
    assert found.comments["skip_waived"].startswith("waived by operations until 2099-06-30: its service retries by itself; ")


@pytest.mark.parametrize("what", ["", PLAN], ids=["stack", "plan"])
def test_the_baseline_counts_until_its_day_in_both(tmp_path: Path, what: str) -> None:
    shutil.copytree(BOTH / "waived", tmp_path, dirs_exist_ok=True)
    stack = json.loads((tmp_path / SYNTHESIZED).read_text(encoding="utf-8"))
    for job in stack["resource"]["google_cloud_scheduler_job"].values():
        if facts := job.get("//", {}).get("interlock"):
            [waived] = facts.pop("waive")
            facts["baseline"] = [{"rule": "retry", "owner": "data", "since": "2020-01-01", "until": waived["until"]}]
    (tmp_path / SYNTHESIZED).write_text(json.dumps(stack), encoding="utf-8")
    found = scan(tmp_path / what, RETRY)
    assert (found.passed, found.failed, found.skipped) == ({"pass_complete"}, {"fail_ended"}, {"skip_waived"})
    assert found.comments["skip_waived"].startswith("old since 2020-01-01, accepted by data until 2099-06-30; ")
    assert "(old since 2020-01-01, and accepted until 2020-06-30, no longer)" in found.details["fail_ended"]


def test_a_plan_without_the_stack_beside_it_fails_in_every_rule(tmp_path: Path) -> None:
    shutil.copy(BOTH / "waived" / PLAN, tmp_path)
    found = scan(tmp_path / PLAN, RETRY)
    assert found.failed == {"pass_complete", "fail_ended", "skip_waived"}
    assert found.counts == (0, 3, 0, 0)
    assert f"{PLAN} has no {SYNTHESIZED} beside it" in found.details["pass_complete"]


def test_an_expression_is_left_to_the_plan() -> None:
    found = scan(BOTH / "unresolved", CRON)
    assert (found.passed, found.skipped) == ({"pass_literal"}, {"skip_expression", "fail_unknown"})
    assert found.counts == (1, 0, 2, 0)
    assert found.comments["skip_expression"] == 'deferred to plan: schedule is "${var.schedule}"'


def test_what_even_the_plan_does_not_know_fails_there() -> None:
    found = scan(BOTH / "unresolved" / PLAN, CRON)
    assert (found.passed, found.failed) == ({"pass_literal", "skip_expression"}, {"fail_unknown"})
    assert found.counts == (2, 1, 0, 0)
    assert "known only after the apply, so cron can't be checked" in found.details["fail_unknown"]


def test_the_deadline_that_the_provider_writes_where_none_is_written_is_nobody_s_mistake() -> None:
    found = scan(BOTH / "topic" / PLAN, DEADLINE)
    assert (found.passed, found.failed) == ({"pass_left_out"}, {"fail_long"})
    assert found.counts == (1, 1, 0, 0)


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / SYNTHESIZED
    for number, (schedule, counts) in enumerate([("15 * * * *", (1, 0, 0, 0)), ("0 0 1 * MON", (0, 1, 0, 0))]):
        stack = {"resource": {"google_cloud_scheduler_job": {"it": {"schedule": schedule}}}}
        path.write_text(json.dumps(stack) + " " * number, encoding="utf-8")
        assert scan(tmp_path, CRON).counts == counts
