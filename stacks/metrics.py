"""What is counted: log-based metrics over BigQuery's audit log, Cloud Scheduler's executions and the coordinator's own events.

A metric counts entries from its creation on, and its labels can never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from interlock.environment import Environment
from interlock.runtime import events
from interlock.verify.conflicts import METRIC, RESOURCE, SAID
from stacks.cdk import (
    BaseStack,
    ITerraformDependable,
    LoggingMetric,
    LoggingMetricBucketOptions,
    LoggingMetricBucketOptionsExplicitBuckets,
    LoggingMetricMetricDescriptor,
    LoggingMetricMetricDescriptorLabels,
    literal,
)

LAG = timedelta(minutes=10)
"""How late an entry may be counted: https://cloud.google.com/logging/docs/logs-based-metrics/troubleshooting. It then counts at
its own time, so what looks back no further than this may never see it."""
JOB_CHANGE = "protoPayload.metadata.jobChange.job"
MESSAGE = f"{JOB_CHANGE}.jobStatus.errorResult.message"
CONFLICT_MESSAGES = f"({'|'.join(SAID)})"
LIMIT_MESSAGES = (
    "(Too many DML statements outstanding|DML statement has been queued for too long|max_dml_outstanding_per_table"
    "|too many table update operations|[Qq]uota exceeded)"
)
TABLE = f'REGEXP_EXTRACT({MESSAGE}, "table ([0-9A-Za-z_:.$-]*[:.][0-9A-Za-z_:.$-]*[0-9A-Za-z_])")'
"""P:D.T; empty where the message names no table, because of the `[:.]` that a word like "due" does not have."""
BIGQUERY, SCHEDULER, FUNCTION = RESOURCE, "cloud_scheduler_job", "cloud_run_revision"
"""The monitored resources whose entries are counted; a policy has to name its metric's."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A log-based metric: what it counts, by which labels. `value` is the field whose values it collects instead."""

    name: str
    description: str
    resource: str
    filter: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """Extractors."""
    value: str | None = None

    @property
    def type(self) -> str:
        """As filters of Cloud Monitoring name it."""
        return f"logging.googleapis.com/user/{self.name}"


def _failed_bigquery(messages: str) -> str:
    """Audit entries of BigQuery jobs that ended with such a message. A script's entry is left out: its child job says the same.
    errorResult has no reason here, so the message it is."""
    return f"""resource.type="{BIGQUERY}"
protoPayload.serviceName="bigquery.googleapis.com"
protoPayload.metadata.jobChange.after="DONE"
{MESSAGE}=~"{messages}"
-{JOB_CHANGE}.jobConfig.queryConfig.statementType="SCRIPT\""""


CONFLICTS = Metric(
    name=METRIC,
    description="BigQuery jobs that failed because another one changed the same table; Google's own three reruns not counted",
    resource=BIGQUERY,
    filter=_failed_bigquery(CONFLICT_MESSAGES),
    labels={
        "table": TABLE,
        "principal": "EXTRACT(protoPayload.authenticationInfo.principalEmail)",
        "job_type": f"EXTRACT({JOB_CHANGE}.jobConfig.type)",
        "statement": f"EXTRACT({JOB_CHANGE}.jobConfig.queryConfig.statementType)",
    },
)
LIMITS = Metric(
    name="interlock-dml-limits",
    description="BigQuery jobs that failed at the DML queue, the table update rate or a quota",
    resource=BIGQUERY,
    filter=_failed_bigquery(LIMIT_MESSAGES),
    labels={"table": TABLE, "principal": "EXTRACT(protoPayload.authenticationInfo.principalEmail)"},
)


def _attempts(more: str = "") -> str:
    return f"""resource.type="{SCHEDULER}"
log_id("cloudscheduler.googleapis.com/executions")
jsonPayload."@type"="type.googleapis.com/google.cloud.scheduler.logging.AttemptFinished\"{more}"""


ATTEMPTS = Metric(
    name="interlock-attempts",
    description="Attempts of Cloud Scheduler jobs that ended, well or not",
    resource=SCHEDULER,
    filter=_attempts(),
    labels={"job": "EXTRACT(resource.labels.job_id)"},
)
ATTEMPTS_FAILED = Metric(
    name="interlock-attempts-failed",
    description="Attempts of Cloud Scheduler jobs that failed, retries included",
    resource=SCHEDULER,
    filter=_attempts("\nseverity>=ERROR"),
    labels={"job": "EXTRACT(resource.labels.job_id)", "status": "EXTRACT(jsonPayload.status)"},
)

LABELLED_BY_JOB = {
    events.RUN_MISSED: "Runs that should have been, held by nothing",
    events.UNRESOLVED_CLAIM: "Catch-up runs that may or may not have been made",
    events.PAUSED_WITHOUT_HOLD: "Jobs that were paused though nothing holds them",
    events.ENABLED_WHILE_HELD: "Jobs that were enabled though something holds them",
    events.ACTION_FAILED: "Jobs that could not be paused, resumed or run",
    events.JOB_DRIFTED: "Jobs that are not what was declared, once a day while that lasts",
    events.JOB_BROKEN: "Declared jobs that are missing, disabled or whose update failed",
}
LABELLED_BY_HOLD = {
    events.HOLD_ENDING: "Backfills that are on and end soon",
    events.BACKFILL_FAILED: "Holds of backfills whose command failed, while they last",
    events.HOLD_OVERDUE: "Holds and flags that are past their end and still there",
    events.HOLD_FORCED: "Holds that were made, extended or released with --force, by who may not otherwise",
    events.OBJECT_UNREADABLE: "Objects beside the holds whose name or scope means nothing",
}
UNLABELLED = {
    events.RECONCILED: "Reconciles that went through: the coordinator's heartbeat",
    events.RECONCILE_FAILED: "Reconciles that did not",
    events.BOARD_FAILED: "Boards that could not be written",
    events.REQUEST_FAILED: "Requests that the coordinator could not serve at all",
}
HELD_JOBS = "interlock-held-jobs"
EACH_JOB, MOST_JOBS, WIDER = 50, 5000, 1.05
"""Of the buckets of that: one a job up to the first, then each 5% wider, to the second."""


def held_bounds() -> list[float]:
    """Where the buckets of HELD_JOBS meet. A percentile is read from within a bucket, and of few values the 99th from its upper
    end, so that has to be just above the number: https://cloud.google.com/monitoring/api/v3/distribution-metrics. At most 200
    buckets: https://cloud.google.com/monitoring/quotas"""
    numbers = list(range(-1, EACH_JOB + 1))
    while numbers[-1] < MOST_JOBS:
        numbers.append(round(numbers[-1] * WIDER))
    return [round(number + 0.01, 2) for number in numbers]


def _own(env: Environment, event: str) -> str:
    return f"""resource.type="{FUNCTION}"
resource.labels.service_name="{env.coordinator.name}"
jsonPayload.event="{event}\""""


def event_metric(event: str) -> str:
    """The name of the metric that counts an event."""
    return f"interlock-{event.replace('_', '-')}"


def metrics(env: Environment) -> Mapping[str, Metric]:
    """Every metric, by its name."""
    known = [CONFLICTS, LIMITS, ATTEMPTS, ATTEMPTS_FAILED]
    for label, described in (("job", LABELLED_BY_JOB), ("hold", LABELLED_BY_HOLD), ("", UNLABELLED)):
        known += [
            Metric(
                name=event_metric(event),
                description=description,
                resource=FUNCTION,
                filter=_own(env, event),
                labels={label: f"EXTRACT(jsonPayload.{label})"} if label else {},
            )
            for event, description in described.items()
        ]
    known.append(
        Metric(
            name=HELD_JOBS,
            description="How many jobs were held, at each reconcile",
            resource=FUNCTION,
            filter=_own(env, events.RECONCILED),
            value="EXTRACT(jsonPayload.held)",
        )
    )
    return {metric.name: metric for metric in known}


def add_metrics(stack: BaseStack, env: Environment, *, apis: ITerraformDependable) -> None:
    """The metrics as resources."""
    for name, metric in sorted(metrics(env).items()):
        LoggingMetric(
            stack.among(LoggingMetric),
            name,
            name=name,
            description=metric.description,
            filter=literal(metric.filter),
            label_extractors={key: literal(extractor) for key, extractor in metric.labels.items()} or None,
            value_extractor=metric.value,
            bucket_options=LoggingMetricBucketOptions(
                explicit_buckets=LoggingMetricBucketOptionsExplicitBuckets(bounds=held_bounds())
            )
            if metric.value
            else None,
            metric_descriptor=LoggingMetricMetricDescriptor(
                metric_kind="DELTA",
                value_type="DISTRIBUTION" if metric.value else "INT64",
                unit="1",
                labels=[LoggingMetricMetricDescriptorLabels(key=key, value_type="STRING") for key in sorted(metric.labels)]
                or None,
            ),
            depends_on=[apis],
        )
