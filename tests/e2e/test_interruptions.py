"""Deploys that are interrupted, killed, raced or answered with errors: what is left, what is said; and a re-run converges."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import pytest

from interlock.catalog import Catalog
from tests.e2e.deployment import STACKS, Deployment, finish, local_environment, synthesize
from tests.e2e.test_flags import DECLARED, MARTS

LATENCY_SECONDS = 0.2
PATIENCE_SECONDS = 120
QUIET_SECONDS = 1.5
"""Several times the latency: who still writes would be seen."""
JOBS = "cloudscheduler.projects.locations.jobs."
ONE_BY_ONE = ("apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=1")
TOGGLE = (*ONE_BY_ONE, "-var=backfill_mode=true", '-var=backfills=["marts"]')


def _wait(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    """Until the process has got so far."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert process.poll() is None, finish(process).raw
        assert time.monotonic() < end
        time.sleep(0.02)


def _in_the_middle(deployment: Deployment, verb: str, count: int, *words: str) -> subprocess.Popen[str]:
    """A terraform that runs slowly, and has sent so many calls of a verb."""
    before = deployment.writes().get(JOBS + verb, 0)
    deployment.faults.latency = LATENCY_SECONDS
    process = deployment.start_terraform("schedules", *words)
    _wait(process, lambda: deployment.writes().get(JOBS + verb, 0) >= before + count)
    return process


def _is_quiet(deployment: Deployment) -> bool:
    """Whether nobody writes: the counters of the cloud stand still."""
    before = deployment.writes()
    time.sleep(QUIET_SECONDS)
    return deployment.writes() == before


def test_sigterm_in_the_middle_of_a_toggle_releases_the_lock_and_a_rerun_converges(small: Deployment) -> None:
    process = _in_the_middle(small, "pause", 1, *TOGGLE)
    process.terminate()
    interrupted = finish(process)
    small.faults.clear()
    assert interrupted.code == 1
    assert "Gracefully shutting down" in interrupted.text
    assert small.paused() < MARTS | DECLARED
    assert _is_quiet(small)
    small.deploy(backfill_mode=True, backfills=["marts"])
    assert small.paused() == MARTS | DECLARED


@pytest.mark.long
def test_sigterm_in_a_first_deploy_loses_nothing_that_was_made(nothing: Deployment, small_catalog: Catalog) -> None:
    _prepare(nothing, small_catalog)
    process = _in_the_middle(nothing, "create", 2, *ONE_BY_ONE)
    process.terminate()
    assert finish(process).code == 1
    nothing.faults.clear()
    assert len(nothing.jobs()) < len(small_catalog.jobs)
    nothing.deploy()
    assert nothing.jobs().keys() == small_catalog.jobs.keys()


@pytest.mark.long
def test_sigkill_in_the_middle_of_a_toggle(small: Deployment) -> None:
    """The lock stays: the next deploy names its holder and the command that releases it; after that a re-run converges."""
    process = _in_the_middle(small, "pause", 1, *TOGGLE)
    process.kill()
    finish(process)
    assert _is_quiet(small), "somebody went on writing after terraform was gone"
    small.faults.clear()
    left = small.paused()
    assert DECLARED < left < MARTS | DECLARED

    refused = small.interlock("backfill", "on", "marts").refused()
    assert "The state of schedules is locked: apply by " in refused.text
    assert "If it was killed: make unlock STACK=schedules" in refused.raw
    assert small.paused() == left

    unlocked = small.interlock("unlock", "schedules").succeeded()
    assert "locked: apply by " in unlocked.text
    assert "\x1b[" not in unlocked.raw, "colours are for terminals"
    assert "the state of schedules is not locked" in small.interlock("unlock", "schedules").succeeded().text

    plan = small.plan(backfill_mode=True, backfills=["marts"])
    assert plan.jobs == dict.fromkeys(MARTS - left, "pause")  # what had been paused is not paused again
    small.deploy(backfill_mode=True, backfills=["marts"])
    assert small.paused() == MARTS | DECLARED
    assert list(small.flags()) == ["marts"]


@pytest.mark.long
def test_jobs_that_a_killed_first_deploy_made_are_imported_by_the_next(nothing: Deployment, small_catalog: Catalog) -> None:
    """Terraform writes its state every 20 seconds: what it made since is in no state, and "already exists" to it."""
    _prepare(nothing, small_catalog)
    process = _in_the_middle(nothing, "create", 2, *ONE_BY_ONE)
    process.kill()
    finish(process)
    nothing.faults.clear()
    nothing.interlock("unlock", "schedules").succeeded()
    made = {name: job.name for name, job in nothing.jobs().items()}
    refused = nothing.apply().refused()
    for name, full in made.items():
        assert f"Job {full} already exists." in refused.text
        assert f"with google_cloud_scheduler_job.{name}," in refused.text
    said = nothing.interlock("deploy").succeeded()
    assert f"{len(made)} to import" in said.text
    assert nothing.interlock("plan").code == 0
    assert nothing.jobs().keys() == small_catalog.jobs.keys()
    assert nothing.paused() == DECLARED


def test_of_two_deploys_at_once_the_second_is_refused(small: Deployment) -> None:
    first = _in_the_middle(small, "pause", 1, *TOGGLE)
    second = small.apply(backfill_mode=False).refused()
    assert "Error acquiring the state lock" in second.text
    finish(first).succeeded()
    small.faults.clear()
    assert small.paused() == MARTS | DECLARED


def test_409_on_some_pauses_is_reported_with_the_job_and_a_rerun_converges(small: Deployment) -> None:
    small.faults.add("POST /jobs/gamebooks:pause$ 409", "POST /jobs/boxscores:pause$ 409")
    failed = small.apply(backfill_mode=True, backfills=["marts"])
    assert failed.code == 1
    for name in ("gamebooks", "boxscores"):
        assert f"with google_cloud_scheduler_job.{name}," in failed.text
    assert "with google_cloud_scheduler_job.gamebooks-late," not in failed.text
    assert "googleapi: Error 409" in failed.text
    assert small.paused() == {"gamebooks-late", *DECLARED}
    small.faults.clear()
    assert small.plan().jobs == {"gamebooks": "pause", "boxscores": "pause"}  # the flag is on: no need to ask for it again
    small.deploy()
    assert small.paused() == MARTS | DECLARED


@pytest.mark.parametrize("code", [pytest.param(429, id="too many requests"), pytest.param(503, id="unavailable")])
def test_an_error_that_passes_is_retried(small: Deployment, code: int) -> None:
    small.faults.add(f"POST :pause$ {code} x2", f"PATCH /jobs/ {code} x1", f"POST /upload/.*coordination {code} x1")
    small.deploy(backfill_mode=True, backfills=["marts"])
    assert small.paused() == MARTS | DECLARED
    assert {fault["hits"] for fault in small.api("GET", "/_local/faults")["faults"]} == {1, 2}


def _prepare(deployment: Deployment, catalog: Catalog) -> None:
    """Everything but the jobs."""
    env = local_environment()
    deployment.storage().create_bucket(env.state_bucket, location=env.location)
    synthesize(catalog, deployment.folder / "cdktf.out" / "local")
    for stack in STACKS:
        deployment.terraform(stack, "init", "-input=false").succeeded()
    deployment.apply("coordination").succeeded()
