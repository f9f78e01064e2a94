"""Every deployed alert policy, with entries that fire it and others, nearly the same, that don't.

Real here: the deployed metrics with their filters and extractors, and the deployed policies with thresholds, periods, groups
and documentation. Google's evaluator is stood in for: the emulator evaluates at the instant at which it is asked to, over the
period before it, where Google's windows are aligned, entries take a while to be counted, and evaluation goes on all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from interlock.runtime import events
from interlock.runtime.report import Record
from tests.e2e.deployment import Json, local_environment
from tests.e2e.live import Live
from tests.e2e.test_breaker import sample

ENV = local_environment()
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
JOB, OTHER_JOB, HOLD = "gamebooks", "odds", "backfill/books"


def said(event: str, *, service: str = ENV.coordinator.name, job: str | None = None, hold: str | None = None) -> Json:
    """An entry of what the coordinator prints, as Cloud Run takes it; or another service."""
    payload = Record(event=event, why="a sample", job=job, hold=hold).as_json()
    labels = {"project_id": ENV.project, "location": ENV.coordinator.region, "service_name": service, "revision_name": "r"}
    return {
        "logName": f"projects/{ENV.project}/logs/run.googleapis.com%2Fstdout",
        "resource": {"type": "cloud_run_revision", "labels": labels},
        "severity": payload.pop("severity"),
        "jsonPayload": payload,
    }


def attempt(job: str, severity: str = "ERROR") -> Json:
    """An entry of an attempt that Cloud Scheduler has finished."""
    labels = {"project_id": ENV.project, "location": "us-west2", "job_id": job}
    status = {"status": "INTERNAL"} if severity == "ERROR" else {}
    return {
        "logName": f"projects/{ENV.project}/logs/cloudscheduler.googleapis.com%2Fexecutions",
        "resource": {"type": "cloud_scheduler_job", "labels": labels},
        "severity": severity,
        "jsonPayload": {
            "@type": "type.googleapis.com/google.cloud.scheduler.logging.AttemptFinished",
            "jobName": job,
            **status,
        },
    }


def of_job(event: str) -> tuple[list[Json], list[Json]]:
    """One is enough; but not of another service that says the same."""
    return [said(event, job=JOB)], [said(event, job=JOB, service="scrapers"), said(events.RECONCILED)]


def of_hold(event: str) -> tuple[list[Json], list[Json]]:
    """The same for an event of a hold."""
    return [said(event, hold=HOLD)], [said(event, hold=HOLD, service="scrapers"), said(events.RECONCILED)]


def twice(event: str) -> tuple[list[Json], list[Json]]:
    """Two of one job; one each of two jobs may pass by itself."""
    return [said(event, job=JOB)] * 2, [said(event, job=JOB), said(event, job=OTHER_JOB)]


SAMPLES: dict[str, tuple[Sequence[Json], Sequence[Json]]] = {
    "conflicts": ([sample("update")] * 4, [*[sample("update")] * 3, *[sample("script-parent")] * 4]),
    "reconcile-failed": ([said(events.RECONCILE_FAILED)] * 2, [said(events.RECONCILE_FAILED)]),
    "request-failed": ([said(events.REQUEST_FAILED)] * 2, [said(events.REQUEST_FAILED), said(events.REQUEST_REJECTED)]),
    "enabled-while-held": of_job(events.ENABLED_WHILE_HELD),
    "paused-without-hold": of_job(events.PAUSED_WITHOUT_HOLD),
    "hold-ending": of_hold(events.HOLD_ENDING),
    "backfill-failed": of_hold(events.BACKFILL_FAILED),
    "hold-overdue": of_hold(events.HOLD_OVERDUE),
    "hold-forced": of_hold(events.HOLD_FORCED),
    "object-unreadable": of_hold(events.OBJECT_UNREADABLE),
    "run-missed": of_job(events.RUN_MISSED),
    "unresolved-claim": of_job(events.UNRESOLVED_CLAIM),
    "action-failed": twice(events.ACTION_FAILED),
    "job-drifted": of_job(events.JOB_DRIFTED),
    "job-broken": twice(events.JOB_BROKEN),
    "attempts-failing": ([attempt(JOB)] * 4, [*[attempt(JOB)] * 3, attempt(OTHER_JOB), *[attempt(JOB, "INFO")] * 4]),
    "dml-limits": ([sample("dml-queue-full")], [sample("update"), sample("succeeded")]),
}
"""By the policy's section in the runbook: entries that fire it, and entries that don't. The heartbeat has its own test."""


@pytest.fixture(scope="module")
def start() -> datetime:
    """A day after the deployment: a policy of log entries takes those since its creation."""
    return (datetime.now(UTC) + DAY).replace(microsecond=0)


def opened(live: Live, key: str) -> list[Json]:
    """The open incidents of a policy, after the minute for which that of the conflicts has to last."""
    live.stand_at(live.now() + MINUTE)
    live.evaluate()
    return [found for found in live.incidents() if found["policy_user_labels"].get("runbook") == key]


def test_every_deployed_policy_has_samples(shared_live: Live) -> None:
    deployed = shared_live.deployment.api("GET", f"/v3/projects/{ENV.project}/alertPolicies")["alertPolicies"]
    assert sorted(policy["userLabels"]["runbook"] for policy in deployed) == sorted([*SAMPLES, "heartbeat"])


@pytest.mark.parametrize("key", [pytest.param(key, id=key) for key in SAMPLES])
def test_a_policy_fires_for_its_sample_and_not_for_one_like_it(shared_live: Live, start: datetime, key: str) -> None:
    fires, does_not = SAMPLES[key]
    shared_live.stand_at(start + 2 * DAY * list(SAMPLES).index(key))
    shared_live.write_entries(*does_not)
    assert opened(shared_live, key) == []
    shared_live.stand_at(shared_live.now() + DAY)  # later than any period
    shared_live.write_entries(*fires)
    [incident] = opened(shared_live, key)
    labels = incident["metric"]["labels"]
    about = {"job": JOB, "hold": HOLD, "table": "interlock-local:raw.gamebooks"}
    assert labels == {name: about[name] for name in labels}
    documentation = incident["documentation"]["content"]
    assert f"docs/runbook.md#{key}" in documentation
    assert "${" not in documentation, "every label is filled in"


def test_the_heartbeat_is_missed_after_three_ticks_of_silence(shared_live: Live, start: datetime) -> None:
    shared_live.stand_at(start - DAY / 2)
    assert shared_live.reconcile().status == 200
    beaten = shared_live.now()
    shared_live.stand_at(beaten + 3 * ENV.tick - 2 * MINUTE)
    assert opened(shared_live, "heartbeat") == []
    shared_live.stand_at(beaten + 3 * ENV.tick)
    [incident] = opened(shared_live, "heartbeat")
    assert incident["severity"] == "CRITICAL"
    assert shared_live.reconcile().status == 200
    assert opened(shared_live, "heartbeat") == [], "and it closes with the next one"
