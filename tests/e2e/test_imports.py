"""What a stack declares, no state knows and is there already: every plan takes it over as it is found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.conftest import SMALL, serve
from tests.e2e.deployment import CHANGES, Deployment, clean_environ, finish, local_environment, start
from tests.e2e.test_command_line import BIN, LOCAL_RUN

JOB, INVOKER = "google_cloud_scheduler_job", "google_service_account.invoker"
LIST, GET = "cloudscheduler.projects.locations.jobs.list", "cloudscheduler.projects.locations.jobs.get"
SOME = ("boxscores", "odds", "tick")


def forget(cloud: Deployment, stack: str, *addresses: str) -> None:
    """As if Terraform had been killed before it could note that it made them."""
    cloud.terraform(stack, "state", "rm", *addresses).succeeded()


def jobs_of(names: Sequence[str]) -> list[str]:
    return [f"{JOB}.{name}" for name in names]


def job_writes(cloud: Deployment) -> dict[str, int]:
    """Every call that changes a job."""
    return {name: number for name, number in cloud.writes().items() if name.startswith("cloudscheduler.")}


def calls(cloud: Deployment, method: str) -> int:
    return int(cloud.api("GET", "/_local/requests")["methods"].get(method, 0))


def account(cloud: Deployment) -> dict[str, object]:
    env = local_environment()
    return cloud.api("GET", f"/v1/projects/{env.project}/serviceAccounts/{env.invoker}")


@pytest.mark.long
def test_what_is_there_is_imported_by_a_deploy_and_the_blocks_go(small: Deployment) -> None:
    forget(small, "schedules", *jobs_of(SOME))
    before, writes = small.jobs(), job_writes(small)
    planned = small.interlock("plan")
    assert planned.code == CHANGES, planned.raw
    assert "schedules 3 to import, 0 to change" in planned.text
    blocks = small.stack("schedules") / "imports.tf"
    assert blocks.read_text(encoding="utf-8").count("import {") == 3
    lists = calls(small, LIST)
    assert "schedules 3 to import, 0 to change" in small.interlock("deploy").succeeded().text
    assert calls(small, LIST) > lists
    assert (small.jobs(), job_writes(small)) == (before, writes)
    assert not blocks.exists()
    lists = calls(small, LIST)
    assert small.interlock("plan").code == 0
    assert calls(small, LIST) == lists, "jobs are only listed when one is missing"


@pytest.mark.long
def test_a_job_deleted_by_hand_or_gone_from_the_catalog_leaves_no_block(
    small: Deployment, small_text: str, tmp_path: Path
) -> None:
    forget(small, "schedules", *jobs_of(SOME))
    assert small.interlock("plan").code == CHANGES
    small.api("DELETE", f"/v1/{small.jobs()['odds'].name}")
    changed = tmp_path / "changed" / "small" / "small.yaml"
    changed.parent.mkdir(parents=True)
    at = small_text.index("  tick:\n")
    changed.write_text(small_text[:at] + _after_entry(small_text[at:]), encoding="utf-8")
    planned = small.interlock("plan", INTERLOCK_CATALOG=str(tmp_path / "changed"))
    assert planned.code == CHANGES, planned.raw
    assert "schedules 1 to import, 1 to create" in planned.text


def _after_entry(text: str) -> str:
    """What follows the first entry of a mapping."""
    lines = text.splitlines(keepends=True)
    rest = next(at for at, line in enumerate(lines[1:], start=1) if not line.startswith("    "))
    return "".join(lines[rest:])


@pytest.mark.long
def test_the_invoker_and_a_timer_are_imported_as_they_are(small: Deployment) -> None:
    forget(small, "coordination", INVOKER, f"{JOB}.interlock-tick")
    before, writes = account(small), job_writes(small)
    said = small.interlock("deploy").succeeded()
    # That it is never deleted is new to the state, and nothing that the cloud hears of.
    assert f"not imported as found: {INVOKER} (deletion_policy)" in said.text
    assert "coordination 2 imported" in said.text
    assert (account(small), job_writes(small)) == (before, writes)
    assert small.interlock("plan").code == 0


@pytest.mark.long
def test_the_cdktf_command_line_imports_what_synth_found(deployed_small: Path) -> None:
    folder, environ = deployed_small / "work", clean_environ() | {"INTERLOCK_CATALOG": str(SMALL), "CI": "1"}
    with serve(deployed_small) as cloud:
        forget(cloud, "schedules", *jobs_of(SOME))
        before = cloud.jobs()
    run = [*LOCAL_RUN, str(deployed_small / "cloud"), "--"]
    said = finish(start([*run, str(BIN / "interlock"), "synth", "--imports"], folder, environ)).succeeded()
    assert "schedules/imports.tf: 3 to import" in said.text
    deploy = ["npx", "cdktf", "deploy", "schedules", "--skip-synth", "--auto-approve"]
    said = finish(start([*run, *deploy], folder, environ)).succeeded()
    assert "3 to import, 0 to add, 0 to change, 0 to destroy" in said.text, said.raw
    with serve(deployed_small) as cloud:
        assert cloud.jobs() == before
        assert cloud.plan().changes == {}
        finish(start([str(BIN / "python"), "main.py"], folder, environ | {"CDKTF_OUTDIR": "cdktf.out/local"})).succeeded()
        assert not (cloud.stack("schedules") / "imports.tf").exists()


def test_who_may_not_list_jobs_hears_which_role_it_takes(small: Deployment) -> None:
    forget(small, "schedules", *jobs_of(SOME))
    small.faults.add("GET /locations/us-east1/jobs$ 403")
    refused = small.interlock("plan").refused()
    assert "nobody can list its jobs in us-east1" in refused.text
    assert "roles/cloudscheduler.viewer" in refused.text
