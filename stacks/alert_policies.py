"""What people are woken for, as data: one entry an alert policy, each with its section in docs/runbook.md.

The documentation of a policy names the section and the first command, so that the person on call need not look for either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from interlock.environment import Environment
from interlock.runtime import events
from stacks.metrics import ATTEMPTS_FAILED, CONFLICTS, JOB_CHANGE, LAG, LIMITS, Metric, event_metric, metrics

Severity = Literal["CRITICAL", "ERROR", "WARNING"]
HALF_AN_HOUR, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)
BREAKER = "breaker"
"""Value of the label `interlock` of the policy whose incidents make the coordinator hold a table."""
RUNBOOK = "docs/runbook.md"
MANY_ATTEMPTS = 3
"""Failed attempts of one job in an hour: those of one run with three retries, and it was not the retries that helped."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """An alert policy. `key` is its section in the runbook."""

    key: str
    title: str
    severity: Severity
    metric: Metric
    what: str
    """What has happened, in a sentence or two."""
    command: str
    """What to run first."""
    by: str = ""
    """The label of the metric by which incidents are kept apart."""
    above: float = 0
    """It fires when more than this are counted in a `period`."""
    period: timedelta
    kind: Literal["above", "absent", "each"] = "above"
    """`absent`: fires when nothing was counted for a `period`. `each`: for every entry of the metric's filter, at most once an
    hour, with the label in the notification."""
    auto_close: timedelta = HOUR
    """An incident whose metric went silent is closed after so long; Google's minimum is 30 minutes."""
    breaker: bool = False
    """Its incidents make the coordinator hold a table. They close when the period has passed in silence, so that what comes
    afterwards opens another: while one is open, nobody is told anything."""


def conflict_policy(env: Environment) -> Policy:
    """The one whose incidents reach the coordinator."""
    fields = (
        f"protoPayload.resourceName,protoPayload.authenticationInfo.principalEmail,{JOB_CHANGE}.jobConfig.queryConfig.query"
    )
    return Policy(
        key="conflicts",
        title="Statements of BigQuery fail, as another one changes the same table",
        severity="CRITICAL",
        metric=CONFLICTS,
        what="More than {above} statements of ${metric.label.table} failed within {period} because two writers changed it at"
        " once. The coordinator holds the jobs that write the table for {hold} and lets them go by itself.",
        command=f""".venv/bin/interlock holds --env {env.name}
# which jobs of BigQuery, whose, and their statements (resourceName ends in the job id)
gcloud logging read 'protoPayload.metadata.jobChange.job.jobStatus.errorResult.message=~"concurrent update"' \\
  --project={env.project} --freshness=1h --format='value({fields})'""",
        by="table",
        above=env.breaker.conflicts,
        period=env.breaker.period,
        auto_close=HALF_AN_HOUR,
        breaker=True,
    )


def ticks(number: int, env: Environment) -> timedelta:
    """So many ticks; longer where ticks are short, so that an entry that is counted late still falls into the last of them."""
    return (number - 1) * env.tick + max(env.tick, LAG)


def policies(env: Environment) -> list[Policy]:
    """Every policy, in the order of the runbook."""
    known, while_it_lasts = metrics(env), ticks(2, env)  # what lasts is logged at every tick

    def of(event: str) -> Metric:
        return known[event_metric(event)]

    return [
        conflict_policy(env),
        Policy(
            key="heartbeat",
            title="The coordinator is silent",
            severity="CRITICAL",
            metric=of(events.RECONCILED),
            what="No reconcile went through for {period}: windows don't open or close, holds that end are not noticed, and"
            " everything stays as it is. A deploy still resumes what no hold covers. A coordinator that has never reconciled"
            " is not missed: `interlock deploy` has it reconcile when it is through, and says when it did not.",
            command=f"gcloud scheduler jobs run interlock-tick --location={env.coordinator.region} --project={env.project}\n"
            f"gcloud functions logs read {env.coordinator.name} --gen2 --region={env.coordinator.region}"
            f" --project={env.project} --limit=50",
            period=ticks(3, env),
            kind="absent",
        ),
        Policy(
            key="reconcile-failed",
            title="The coordinator can't reconcile",
            severity="ERROR",
            metric=of(events.RECONCILE_FAILED),
            what="A reconcile touched nothing, or did not come to rest: the declaration in the bucket can't be read, or holds"
            " changed all the while.",
            command=".venv/bin/interlock status --env {env}",
            above=1,
            period=ticks(3, env),
        ),
        Policy(
            key="request-failed",
            title="The coordinator can't serve requests",
            severity="ERROR",
            metric=of(events.REQUEST_FAILED),
            what="A request was understood and could not be served: the bucket or Cloud Scheduler was out of reach, or the"
            " coordinator is wrong itself. Nothing that it had begun is lost; the next tick goes on.",
            command=f"gcloud functions logs read {env.coordinator.name} --gen2 --region={env.coordinator.region}"
            f" --project={env.project} --limit=50",
            above=1,
            period=ticks(3, env),
        ),
        Policy(
            key="enabled-while-held",
            title="A job runs though it is held",
            severity="CRITICAL",
            metric=of(events.ENABLED_WHILE_HELD),
            what="${metric.label.job} was enabled while something holds it: somebody resumed it by hand, or a deploy raced with"
            " a hold. The coordinator pauses it again; a run may have begun.",
            command=".venv/bin/interlock why ${metric.label.job} --env {env}",
            by="job",
            period=while_it_lasts,
        ),
        Policy(
            key="paused-without-hold",
            title="A job is paused and nothing holds it",
            severity="ERROR",
            metric=of(events.PAUSED_WITHOUT_HOLD),
            what="${metric.label.job} was paused by hand: no hold covers it and the catalog does not declare it paused. The"
            " coordinator resumes it. Whoever wants it paused needs a hold, which says why and until when.",
            command=".venv/bin/interlock why ${metric.label.job} --env {env}\n"
            ".venv/bin/interlock hold job/${metric.label.job} --env {env} --for 2h --reason '...'"
            " # only if it has to stay paused",
            by="job",
            period=while_it_lasts,
        ),
        Policy(
            key="hold-ending",
            title="A backfill ends soon",
            severity="WARNING",
            metric=of(events.HOLD_ENDING),
            what="${metric.label.hold} ends soon, and its jobs resume then, whether the backfill is through or not.",
            command=".venv/bin/interlock holds --env {env}\n# only if ${metric.label.hold} is not through\n"
            "make backfill-on NAME=... UNTIL=... REASON=... OWNER=... ENV={env}",
            by="hold",
            period=while_it_lasts,
        ),
        Policy(
            key="backfill-failed",
            title="A backfill failed and its jobs are still held",
            severity="ERROR",
            metric=of(events.BACKFILL_FAILED),
            what="The command of `interlock backfill run` for ${metric.label.hold} failed. Its jobs stay held until the hold"
            " ends by itself, so that it can go on.",
            command=".venv/bin/interlock backfill status --env {env}\n"
            ".venv/bin/interlock release ${metric.label.hold} --env {env} # only if it is not to go on",
            by="hold",
            period=while_it_lasts,
        ),
        Policy(
            key="hold-overdue",
            title="A hold is past its end",
            severity="WARNING",
            metric=of(events.HOLD_OVERDUE),
            what="${metric.label.hold} is over and holds nothing any more, and its object is still there. The flag of a"
            " backfill goes with the next deploy.",
            command="make deploy ENV={env}",
            by="hold",
            period=while_it_lasts,
        ),
        Policy(
            key="hold-forced",
            title="Somebody forced a hold or a release",
            severity="WARNING",
            metric=of(events.HOLD_FORCED),
            what="${metric.label.hold} was held, extended or released with --force, by an operator who is none of"
            " coordinator.admins: it was everything, or somebody else's, or the circuit breaker's.",
            command=f"""gcloud logging read 'jsonPayload.event="{events.HOLD_FORCED}"' --project={env.project} --freshness=1d \\
  --format='value(timestamp,jsonPayload.asked_by,jsonPayload.hold,jsonPayload.why)'
.venv/bin/interlock holds --env {env.name}""",
            by="hold",
            period=HOUR,
        ),
        Policy(
            key="object-unreadable",
            title="Something lies beside the holds that means nothing",
            severity="ERROR",
            metric=of(events.OBJECT_UNREADABLE),
            what="${metric.label.hold} is no hold of anything known: its name does not parse, then it holds nothing, or its"
            " scope is not in the catalog, then it holds what it did when it was written. Whoever wrote it believes that jobs"
            " are held.",
            command=".venv/bin/interlock status --env {env}\ngcloud storage rm 'gs://{bucket}/NAME' # when nobody misses it",
            by="hold",
            period=while_it_lasts,
        ),
        Policy(
            key="run-missed",
            title="A run was missed",
            severity="ERROR",
            metric=of(events.RUN_MISSED),
            what="${metric.label.job} should have fired, nothing held it, and Cloud Scheduler has no attempt of it.",
            command=".venv/bin/interlock why ${metric.label.job} --env {env}\n"
            "gcloud scheduler jobs describe ${metric.label.job} --location=REGION --project={project}",
            by="job",
            period=while_it_lasts,
        ),
        Policy(
            key="unresolved-claim",
            title="A catch-up run may or may not have been made",
            severity="ERROR",
            metric=of(events.UNRESOLVED_CLAIM),
            what="The coordinator claimed a missed run and does not know whether it was started. It never tries again: a second"
            " run could do harm, and only a person can tell.",
            command=".venv/bin/interlock status --env {env} # names the job, and the commands that run it or drop the claim",
            by="job",
            period=while_it_lasts,
            kind="each",
        ),
        Policy(
            key="action-failed",
            title="A job can't be paused, resumed or run",
            severity="ERROR",
            metric=of(events.ACTION_FAILED),
            what="Cloud Scheduler refused to change ${metric.label.job}, retries included. The other jobs are right.",
            command=".venv/bin/interlock why ${metric.label.job} --env {env}",
            by="job",
            above=1,
            period=2 * while_it_lasts,
        ),
        Policy(
            key="job-broken",
            title="A declared job is missing, disabled or broken",
            severity="ERROR",
            metric=of(events.JOB_BROKEN),
            what="${metric.label.job} does not run: it is missing, Google disabled it, or its last update failed. A plan shows"
            " nothing of the latter two.",
            command=".venv/bin/interlock why ${metric.label.job} --env {env}\nmake deploy ENV={env}",
            by="job",
            above=1,
            period=2 * while_it_lasts,
        ),
        Policy(
            key="job-drifted",
            title="A job is not what was declared",
            severity="ERROR",
            metric=of(events.JOB_DRIFTED),
            what="${metric.label.job} was changed outside of the catalog. What differs is named by `status` and by the log of"
            " the coordinator, which changes nothing of it. A target or an account that differs sends its requests elsewhere,"
            " or as somebody else. It is said once a day while it lasts.",
            command=".venv/bin/interlock status --env {env}\nmake deploy ENV={env} # to have it as declared again",
            by="job",
            period=HOUR,
        ),
        Policy(
            key="attempts-failing",
            title="Attempts of a job fail",
            severity="WARNING",
            metric=ATTEMPTS_FAILED,
            what="More than {above} attempts of ${metric.label.job} failed within {period}.",
            command="""gcloud logging read 'resource.type="cloud_scheduler_job" severity>=ERROR"""
            """ resource.labels.job_id="${metric.label.job}"' \\
  --project={project} --freshness=2h --format='value(timestamp,jsonPayload.status,jsonPayload.debugInfo)'""",
            by="job",
            above=MANY_ATTEMPTS,
            period=HOUR,
        ),
        Policy(
            key="dml-limits",
            title="Statements of BigQuery fail at a limit",
            severity="WARNING",
            metric=LIMITS,
            what="Statements of ${metric.label.table} failed at the DML queue, the rate of table updates or a quota: too many"
            " writers at once, though no two of them in conflict.",
            command=".venv/bin/interlock affected table/DATASET.TABLE # the jobs that write it",
            by="table",
            period=HALF_AN_HOUR,
        ),
    ]
