"""Review and policies on Terraform's own plans: jobs that are adopted, that are let go, and that somebody sent elsewhere."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import SMALL
from tests.e2e.deployment import Deployment, Done, parsed

JOB = "google_cloud_scheduler_job"
ODDS, BOXSCORES = f"{JOB}.odds", f"{JOB}.boxscores"


def review(cloud: Deployment, head: Path = SMALL) -> Done:
    """The review of what is planned now."""
    plan = cloud.stack("schedules") / "plan.json"
    plan.write_text(cloud.plan().shown, encoding="utf-8")
    return cloud.interlock("review", "--base", str(SMALL), "--head", str(head), "--plan", str(plan))


def imports(cloud: Deployment, *names: str) -> None:
    """Import blocks for jobs of which the state no longer knows."""
    jobs = cloud.jobs()
    cloud.terraform("schedules", "state", "rm", *(f"{JOB}.{name}" for name in names)).succeeded()
    blocks = (f'import {{\n  to = {JOB}.{name}\n  id = "{jobs[name].name}"\n}}\n' for name in names)
    (cloud.stack("schedules") / "imports.tf").write_text("".join(blocks))


def test_an_adoption_that_changes_nothing_is_a_note_and_writes_no_job(small: Deployment) -> None:
    imports(small, "odds", "boxscores")
    said = review(small)
    assert said.code == 0, said.raw
    assert "2 jobs are adopted without a change: boxscores and odds" in said.text
    before = small.writes(), small.jobs()
    small.terraform("schedules", "apply", "plan.bin").succeeded()
    jobs = {name: number for name, number in small.writes().items() if "jobs" in name.lower()}
    assert jobs == {name: number for name, number in before[0].items() if "jobs" in name.lower()}
    assert small.jobs() == before[1]


def test_a_paused_job_that_an_import_block_would_resume_is_an_error_everywhere(small: Deployment) -> None:
    small.job("boxscores", "pause")
    imports(small, "boxscores")
    said = review(small)
    assert said.code == 1, said.raw
    assert "the plan adopts it and resumes it: somebody paused it" in said.text
    judged = small.run(".venv/bin/python", "-m", "policies", str(small.stack("schedules") / "plan.json"))
    assert judged.code == 1, judged.raw
    assert "adopted-pause" in judged.text


def test_a_paused_job_that_terraform_import_took_over_is_a_finding(small: Deployment) -> None:
    small.terraform("schedules", "state", "rm", BOXSCORES).succeeded()
    small.job("boxscores", "pause")
    small.terraform("schedules", "import", "-input=false", BOXSCORES, small.jobs()["boxscores"].name).succeeded()
    said = review(small)
    assert said.code == 1, said.raw
    assert "the plan resumes it, and neither catalog, flag nor hold explains that" in said.text


def test_a_job_that_somebody_sent_elsewhere_is_a_finding_without_the_address(small: Deployment) -> None:
    small.retarget("odds", uri="https://elsewhere.example.com/x?secret=hunter2", account="thief@elsewhere.example.com")
    said = review(small)
    assert said.code == 1, said.raw
    assert "somebody changed its target URL and its target account outside of Terraform" in said.text
    assert not [secret for secret in ("elsewhere.example", "hunter2", "thief") if secret in said.raw]


def test_a_job_that_is_let_go_is_named_once(small: Deployment, small_text: str, tmp_path: Path) -> None:
    start = small_text.index("  odds:\n    description")
    head = tmp_path / "head" / "small" / "small.yaml"
    head.parent.mkdir(parents=True)
    head.write_text(small_text[:start] + small_text[start:].split("runs: [odds]\n", 1)[1], encoding="utf-8")
    small.merge(parsed(head.read_text(encoding="utf-8")))
    removed = f"removed {{\n  from = {ODDS}\n  lifecycle {{\n    destroy = false\n  }}\n}}\n"
    (small.stack("schedules") / "removed.tf").write_text(removed)
    said = review(small, head.parents[1])
    assert said.code == 1, said.raw
    assert said.text.count("the plan lets go of it") == 1
    judged = small.run(".venv/bin/python", "-m", "policies", str(small.stack("schedules") / "plan.json"))
    assert judged.code == 1, judged.raw
    [failed] = [line for line in judged.raw.splitlines() if "odds" in line]
    assert "delete: provider.google: lets go of odds" in failed
