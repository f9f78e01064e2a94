"""checkov, run in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checkov.common.output.report import Report
from checkov.runner_filter import RunnerFilter
from checkov.terraform.checks.resource.registry import resource_registry
from checkov.terraform.plan_runner import Runner as PlanRunner
from checkov.terraform_json.runner import TerraformJsonRunner

ROOT = Path(__file__).parents[3]
CHECKS = ROOT / "policies" / "checks"
FIXTURES = Path(__file__).parent / "fixtures"
BOTH = Path(__file__).parent / "both"
"""Each of them a stack with its plan."""
SYNTHESIZED, PLAN = "cdk.tf.json", "plan.json"

resource_registry.load_external_checks(str(CHECKS))


@dataclass(frozen=True, kw_only=True)
class Found:
    """What checkov says: resources by outcome, with the details of what failed; and how many of each."""

    passed: frozenset[str]
    failed: frozenset[str]
    skipped: frozenset[str]
    counts: tuple[int, int, int, int]
    """Passed, failed, skipped, parsing errors."""
    details: Mapping[str, str]
    comments: Mapping[str, str]
    checks: frozenset[str]
    """The ids of all checks that said something."""


def scan(path: Path, *checks: str) -> Found:
    """Run these checks, or all of ours and checkov's own, over a folder of synthesized stacks, or over a plan."""
    if path.is_dir():
        runner_filter = RunnerFilter(framework=["terraform_json"], checks=list(checks), show_progress_bar=False)
        report = TerraformJsonRunner().run(root_folder=str(path), runner_filter=runner_filter)
    else:
        runner_filter = RunnerFilter(framework=["terraform_plan"], checks=list(checks), show_progress_bar=False)
        report = PlanRunner().run(root_folder=None, files=[str(path)], runner_filter=runner_filter)
    assert isinstance(report, Report)
    summary = report.get_summary()
    records = [*report.passed_checks, *report.failed_checks, *report.skipped_checks]
    return Found(
        passed=frozenset(_name(record.resource) for record in report.passed_checks),
        failed=frozenset(_name(record.resource) for record in report.failed_checks),
        skipped=frozenset(_name(record.resource) for record in report.skipped_checks),
        counts=(summary["passed"], summary["failed"], summary["skipped"], summary["parsing_errors"]),
        details={_name(record.resource): "\n".join(record.details) for record in report.failed_checks},
        comments={_name(record.resource): record.check_result["suppress_comment"] for record in report.skipped_checks},
        checks=frozenset(record.check_id for record in records),
    )


def _name(resource: str) -> str:
    """Less what differs: in a synthesized file checkov writes `resource.NAME` or `provider.google`, in a plan the address."""
    return resource.partition(".")[2].replace("default", "google")
