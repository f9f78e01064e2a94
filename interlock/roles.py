"""Who may do what: every right that Interlock's accounts and people need, why, and as which role it is granted.

A grant is a role somewhere. A role of Interlock's own has exactly the permissions that are listed; of one of Google's
`role.reason` says why it is that one, and `docs/rights.md` lists what it has beyond. `stacks/` grants what the coordinator, the
build, the timers, the push subscription, the operators and the viewers have; what the deployer, the deploy account, the plan
account and the scrapers have is granted by the owner of the project. tests/e2e/test_rights.py holds each list to what is used.

Names of permissions: https://cloud.google.com/iam/docs/permissions-reference; which of them a call needs:
local/emulator/permissions.py, with its pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from interlock.environment import Environment
from interlock.shares import SCHEDULES


class Place(StrEnum):
    """On what a role is granted."""

    PROJECT = "the project"
    BUCKETS = "the project, for both buckets"
    """By a condition on the project, as who deploys makes the buckets and can't have a grant on them before."""
    BUCKET = "the coordination bucket"
    NAMES = "the coordination bucket, all names"
    """Without a content: to list is asked of the bucket, and to read of an object."""
    STATE = "the bucket of Terraform's state"
    SOURCES = "the project, for the sources"
    """What Cloud Run functions copies the archive into is not there before the first function, so by a condition too."""
    JOB_ACCOUNTS = "the accounts of jobs"
    """`invoker` and the other `accounts` of the environment, each."""
    COORDINATOR = "the coordinator's service"
    TOPIC = "the topic of the alerts"


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role of Google's (`roles/run.invoker`), or one of the project's own, by its id (`interlockCoordinator`)."""

    id: str
    title: str = ""
    description: str = ""
    reason: str = ""
    """Of a role of Google's: why it is that one, which has more than is needed."""

    @property
    def own(self) -> bool:
        """Whether it is the project's own: then its permissions are what its grants list, and nothing else."""
        return not self.id.startswith("roles/")

    def name(self, project: str) -> str:
        """The role as policies name it."""
        return f"projects/{project}/roles/{self.id}" if self.own else self.id


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A role on a place; `rights` are the permissions that are needed of it, each with the call that needs it.

    `prefixes`: only objects whose names begin so, and only lists that ask for such a prefix.
    """

    role: Role
    place: Place
    rights: Mapping[str, str]
    prefixes: tuple[str, ...] = ()

    @property
    def permissions(self) -> tuple[str, ...]:
        """The permissions, sorted."""
        return tuple(sorted(self.rights))

    def condition(self, env: Environment) -> str | None:
        """The condition of the binding, in CEL; None without one."""
        if self.place is Place.SOURCES:
            copies = f"gcf-v2-sources-{env.project_number}-{env.coordinator.region}"
            return " || ".join(_under(bucket, prefix) for bucket, prefix in ((copies, ""), (env.bucket, SOURCES)))
        if self.place is Place.BUCKETS:
            return " || ".join(
                f'resource.name == "projects/_/buckets/{bucket}" || {_under(bucket, "")}'
                for bucket in (env.bucket, env.state_bucket)
            )
        if self.place is Place.NAMES:
            return f'resource.name == "projects/_/buckets/{env.bucket}"'
        bucket = env.state_bucket if self.place is Place.STATE else env.bucket
        return " || ".join(only(bucket, prefix.format(env=env.name)) for prefix in self.prefixes) or None


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who needs rights. `who` says in words which account or person it is."""

    name: str
    who: str
    grants: tuple[Grant, ...]
    by_the_stacks: bool = True
    """Whether the stacks grant it; else the owner of the project does, before."""

    def roles(self) -> Iterator[tuple[Role, tuple[str, ...]]]:
        """The project's own roles that it is given, each with its permissions."""
        own = {grant.role.id: grant.role for grant in self.grants if grant.role.own}
        for role_id, role in own.items():
            yield role, tuple(sorted({right for grant in self.grants if grant.role.id == role_id for right in grant.rights}))


def _under(bucket: str, prefix: str) -> str:
    return f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{prefix}")'


def only(bucket: str, prefix: str) -> str:
    """The condition of an IAM member that may touch and list only the objects under `prefix`. A list call is about the bucket
    as a whole, so it is told apart by the prefix that it asks for.

    https://cloud.google.com/iam/docs/conditions-attribute-reference#api-attributes
    """
    listed = f'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("{prefix}")'
    return f"{_under(bucket, prefix)} || {listed}"


FLAGS, HOLDS, LEDGER, DECLARATION, SOURCES = "backfills/", "holds/", "ledger/", "declaration/", "coordinator/"
BOARD = "board/"
"""The prefixes of the coordination bucket."""
STATES = "interlock/{env}/"
"""In the state bucket, of all stacks."""

_NOT_REPLACED = "what is deployed can't change its role without being replaced, and the condition bounds it to objects"
OBJECT_USER = Role(id="roles/storage.objectUser", reason=_NOT_REPLACED)
OBJECT_VIEWER = Role(id="roles/storage.objectViewer", reason=_NOT_REPLACED)
INVOKER = Role(id="roles/run.invoker", reason="the one role for calls; its binding is on the one service")
_BUILD = "https://cloud.google.com/functions/docs/securing/build-custom-sa names this role"
LOG_WRITER = Role(id="roles/logging.logWriter", reason=_BUILD)
ARTIFACT_WRITER = Role(id="roles/artifactregistry.writer", reason=_BUILD)
SOURCES_VIEWER = Role(id="roles/storage.objectViewer", reason=_BUILD)
PUBLISHER = Role(id="roles/pubsub.publisher", reason="the role that Google names for its account, on the one topic")

COORDINATOR_ROLE = Role(
    id="interlockCoordinator",
    title="Interlock coordinator",
    description="Lists, pauses, resumes and runs Cloud Scheduler jobs; can't create or change one.",
)
OPERATOR_ROLE = Role(
    id="interlockOperator",
    title="Interlock operator",
    description="Lists Cloud Scheduler jobs in all regions, without their targets.",
)
DEPLOYER_ROLE = Role(
    id="interlockDeployer",
    title="Interlock deployer",
    description="Deploys all of Interlock's stacks. Can hand out rights and act as every account of the project.",
)
DEPLOYER_BUCKETS_ROLE = Role(
    id="interlockDeployerBuckets",
    title="Interlock deployer, buckets",
    description="Makes and keeps the buckets of the flags and of Terraform's state, and what is in them.",
)
DEPLOY_ROLE = Role(
    id="interlockDeploy",
    title="Interlock deploy workflow",
    description="Applies plans of the stack schedules: Cloud Scheduler jobs.",
)
ACT_AS_ROLE = Role(
    id="interlockActAs",
    title="Interlock: jobs as an account",
    description="Makes jobs that call as the account it is granted on.",
)
OBJECTS_ROLE = Role(
    id="interlockObjects",
    title="Interlock: objects",
    description="Reads, lists, writes and deletes the objects it is bound to.",
)
PLAN_ROLE = Role(id="interlockPlan", title="Interlock plans", description="Reads what Interlock's stacks consist of.")
PLAN_BUCKETS_ROLE = Role(
    id="interlockPlanBuckets", title="Interlock plans, buckets", description="Reads the two buckets and what is in them."
)
SCRAPER_ROLE = Role(
    id="interlockGuard", title="Interlock guard", description="Reads the flags and holds, as a scraper with the guard does."
)

VERIFIER_ROLE = Role(
    id="interlockVerifier",
    title="Interlock verify",
    description="Reads what the log metrics of the project have counted.",
)

_READS = "interlock/gcp/ports.py reads what is held and declared"
_OBJECTS_READ = {"storage.objects.get": _READS, "storage.objects.list": _READS}
_BOARD_READ = {"storage.objects.get": "the page, where its address is opened"}
_CALLS = {"run.routes.invoke": "calls the coordinator"}

COORDINATOR = Actor(
    name="coordinator",
    who="the account of the function `interlock-coordinator`",
    grants=(
        Grant(
            role=COORDINATOR_ROLE,
            place=Place.PROJECT,
            rights={
                "cloudscheduler.jobs.enable": "jobs.resume, when a hold ends",
                "cloudscheduler.jobs.fullView": "sees what a job calls, without which nobody notices that it calls another",
                "cloudscheduler.jobs.list": "which jobs there are, and their states",
                "cloudscheduler.jobs.pause": "jobs.pause, when a hold begins",
                "cloudscheduler.jobs.run": "jobs.run, to catch up a run that was held",
            },
        ),
        *(
            Grant(
                role=OBJECT_USER,
                place=Place.BUCKET,
                prefixes=(prefix,),
                rights={
                    **_OBJECTS_READ,
                    "storage.objects.create": f"writes {what}",
                    "storage.objects.delete": deletes,
                },
            )
            for prefix, what, deletes in (
                (HOLDS, "a hold", "deletes a hold that has ended"),
                (LEDGER, "a mark of the ledger", "deletes a mark of the ledger that has ended"),
                (BOARD, "the board", "replaces the board"),
            )
        ),
        *(
            Grant(role=OBJECT_VIEWER, place=Place.BUCKET, prefixes=(prefix,), rights=_OBJECTS_READ)
            for prefix in (FLAGS, DECLARATION)
        ),
        Grant(
            role=OBJECT_VIEWER,
            place=Place.NAMES,
            rights={"storage.objects.list": "each tick lists once what is declared, what holds and the ledger"},
        ),
    ),
)

OPERATOR = Actor(
    name="operator",
    who="each of `coordinator.operators`: people who hold, extend and release",
    grants=(
        Grant(
            role=OPERATOR_ROLE,
            place=Place.PROJECT,
            rights={
                "cloudscheduler.jobs.list": "shows what a hold does before it asks the coordinator",
                "cloudscheduler.locations.list": "looks in all regions",
            },
        ),
        # A condition that changes replaces its binding, and nobody could look meanwhile: what is new is a grant of its own.
        Grant(role=OBJECT_VIEWER, place=Place.BUCKET, prefixes=(HOLDS, LEDGER, FLAGS, DECLARATION), rights=_OBJECTS_READ),
        Grant(role=OBJECT_VIEWER, place=Place.BUCKET, prefixes=(BOARD,), rights=_BOARD_READ),
        Grant(role=INVOKER, place=Place.COORDINATOR, rights=_CALLS),
    ),
)

VIEWER = Actor(
    name="viewer",
    who="each of `coordinator.viewers`: people who look at the board, and do nothing else",
    grants=(
        Grant(
            role=OBJECT_VIEWER,
            place=Place.BUCKET,
            prefixes=(BOARD,),
            rights=_BOARD_READ,
        ),
    ),
)

TIMERS = Actor(
    name="timers",
    who="the account as which Interlock's own Cloud Scheduler jobs call",
    grants=(Grant(role=INVOKER, place=Place.COORDINATOR, rights=_CALLS),),
)

PUSH = Actor(
    name="push",
    who="the account as which Pub/Sub brings alerts",
    grants=(Grant(role=INVOKER, place=Place.COORDINATOR, rights=_CALLS),),
)

NOTIFIER = Actor(
    name="notifier",
    who="Google's account that publishes alerts",
    grants=(Grant(role=PUBLISHER, place=Place.TOPIC, rights={"pubsub.topics.publish": "publishes an alert"}),),
)

BUILD = Actor(
    name="build",
    who="the account as which Cloud Build builds the function",
    grants=(
        Grant(role=LOG_WRITER, place=Place.PROJECT, rights={"logging.logEntries.create": "writes the log of a build"}),
        Grant(
            role=ARTIFACT_WRITER,
            place=Place.PROJECT,
            rights={
                "artifactregistry.repositories.downloadArtifacts": "reads the layers of the image before",
                "artifactregistry.repositories.uploadArtifacts": "stores the image",
            },
        ),
        Grant(role=SOURCES_VIEWER, place=Place.SOURCES, rights={"storage.objects.get": "reads the archive"}),
    ),
)

_JOBS = {
    "cloudscheduler.jobs.create": "google_cloud_scheduler_job",
    "cloudscheduler.jobs.delete": "google_cloud_scheduler_job",
    "cloudscheduler.jobs.enable": "google_cloud_scheduler_job: `paused = false`",
    "cloudscheduler.jobs.fullView": "google_cloud_scheduler_job: the target, which a plan compares",
    "cloudscheduler.jobs.get": "google_cloud_scheduler_job",
    "cloudscheduler.jobs.pause": "google_cloud_scheduler_job: `paused = true`",
    "cloudscheduler.jobs.update": "google_cloud_scheduler_job",
}
_LOOKS = {"cloudscheduler.jobs.list": "which jobs are there already, and are imported"}


def _managed(kind: str, noun: str, *verbs: str) -> dict[str, str]:
    return {f"{noun}.{verb}": kind for verb in verbs}


_CRUD = ("create", "delete", "get", "update")
_POLICY = ("getIamPolicy", "setIamPolicy")
_STATE_OBJECTS = {
    "storage.objects.create": "the state, its lock",
    "storage.objects.delete": "the lock; the state, which is overwritten",
    "storage.objects.get": "the state, its lock",
    "storage.objects.list": "`terraform init` lists the states",
}

DEPLOYER = Actor(
    name="deployer",
    who="whoever deploys everything: `make deploy`, `make bootstrap`, `make destroy`",
    by_the_stacks=False,
    grants=(
        Grant(
            role=DEPLOYER_ROLE,
            place=Place.PROJECT,
            rights={
                **_managed("google_cloudfunctions2_function", "cloudfunctions.functions", *_CRUD),
                "cloudfunctions.operations.get": "google_cloudfunctions2_function: waits for the build",
                **_JOBS,
                **_LOOKS,
                "cloudscheduler.locations.list": "`interlock status` looks in all regions",
                **_managed("google_project_iam_custom_role", "iam.roles", *_CRUD, "undelete"),
                "iam.serviceAccounts.actAs": "jobs, the function, its build and the push subscription act as accounts",
                **_managed("google_service_account", "iam.serviceAccounts", *_CRUD),
                **_managed("google_logging_metric", "logging.logMetrics", *_CRUD),
                **_managed("google_monitoring_alert_policy", "monitoring.alertPolicies", *_CRUD),
                **_managed("google_monitoring_dashboard", "monitoring.dashboards", *_CRUD),
                **_managed("google_monitoring_notification_channel", "monitoring.notificationChannels", *_CRUD),
                **_managed("google_pubsub_subscription", "pubsub.subscriptions", *_CRUD),
                "pubsub.topics.attachSubscription": "google_pubsub_subscription",
                **_managed("google_pubsub_topic", "pubsub.topics", *_CRUD),
                **_managed("google_pubsub_topic_iam_member", "pubsub.topics", *_POLICY),
                "resourcemanager.projects.get": "google_project_service",
                **_managed("google_project_iam_member", "resourcemanager.projects", *_POLICY),
                "run.routes.invoke": "each deploy requests a reconcile at its end",
                **_managed("google_cloud_run_v2_service_iam_member", "run.services", *_POLICY),
                "serviceusage.services.enable": "google_project_service",
                "serviceusage.services.list": "google_project_service",
                "storage.buckets.create": "google_storage_bucket; `make bootstrap`",
            },
        ),
        Grant(
            role=DEPLOYER_BUCKETS_ROLE,
            place=Place.BUCKETS,
            rights={
                "storage.buckets.delete": "google_storage_bucket; `make destroy`",
                "storage.buckets.get": "google_storage_bucket; `make bootstrap`",
                "storage.buckets.update": "google_storage_bucket",
                **_managed("google_storage_bucket_iam_member", "storage.buckets", *_POLICY),
                **_STATE_OBJECTS,
            },
        ),
    ),
)

DEPLOY = Actor(
    name="deploy",
    who="`DEPLOY_SERVICE_ACCOUNT` of the deploy workflow: applies plans of `schedules`",
    by_the_stacks=False,
    grants=(
        Grant(role=DEPLOY_ROLE, place=Place.PROJECT, rights=_JOBS),
        Grant(
            role=ACT_AS_ROLE, place=Place.JOB_ACCOUNTS, rights={"iam.serviceAccounts.actAs": "jobs that call as this account"}
        ),
        Grant(
            role=OBJECTS_ROLE,
            place=Place.BUCKET,
            prefixes=(FLAGS, DECLARATION),
            rights={
                "storage.objects.create": "google_storage_bucket_object: flags, the declaration",
                "storage.objects.delete": "google_storage_bucket_object: flags, the declaration before",
                "storage.objects.get": "google_storage_bucket_object",
                "storage.objects.list": "the flags and declarations that are there",
            },
        ),
        Grant(role=OBJECTS_ROLE, place=Place.STATE, prefixes=(STATES + SCHEDULES,), rights=_STATE_OBJECTS),
    ),
)

PLAN = Actor(
    name="plan",
    who="`PLAN_SERVICE_ACCOUNT` of the workflows: plans all stacks, holds no lock and changes nothing",
    by_the_stacks=False,
    grants=(
        Grant(
            role=PLAN_ROLE,
            place=Place.PROJECT,
            rights={
                "cloudfunctions.functions.get": "google_cloudfunctions2_function",
                "cloudscheduler.jobs.fullView": "google_cloud_scheduler_job: the target, which a plan compares",
                "cloudscheduler.jobs.get": "google_cloud_scheduler_job",
                **_LOOKS,
                "cloudscheduler.locations.list": "`interlock status`, each night, looks in all regions",
                "iam.roles.get": "google_project_iam_custom_role",
                "iam.serviceAccounts.get": "google_service_account, and whether `invoker` is there already",
                "logging.logMetrics.get": "google_logging_metric",
                "monitoring.alertPolicies.get": "google_monitoring_alert_policy",
                "monitoring.dashboards.get": "google_monitoring_dashboard",
                "monitoring.notificationChannels.get": "google_monitoring_notification_channel",
                "pubsub.subscriptions.get": "google_pubsub_subscription",
                "pubsub.topics.get": "google_pubsub_topic",
                "pubsub.topics.getIamPolicy": "google_pubsub_topic_iam_member",
                "resourcemanager.projects.get": "google_project_service",
                "resourcemanager.projects.getIamPolicy": "google_project_iam_member",
                "run.services.getIamPolicy": "google_cloud_run_v2_service_iam_member",
                "serviceusage.services.list": "google_project_service",
            },
        ),
        Grant(
            role=PLAN_BUCKETS_ROLE,
            place=Place.BUCKETS,
            rights={
                "storage.buckets.get": "google_storage_bucket",
                "storage.buckets.getIamPolicy": "google_storage_bucket_iam_member",
                "storage.objects.get": "the state, flags, holds and the declaration",
                "storage.objects.list": "the states, flags, holds and declarations that are there",
            },
        ),
    ),
)

SCRAPER = Actor(
    name="scraper",
    who="the account of a scraper that uses the guard",
    by_the_stacks=False,
    grants=(
        Grant(
            role=SCRAPER_ROLE,
            place=Place.BUCKET,
            rights={
                "storage.objects.get": "guard: what a flag or hold says",
                "storage.objects.list": "guard: which flags and holds there are",
            },
            prefixes=(FLAGS, HOLDS),
        ),
    ),
)

VERIFIER = Actor(
    name="verifier",
    who="whoever runs `interlock verify --conflicts`, beside the two roles of BigQuery's that `adopt --tables` takes, too",
    by_the_stacks=False,
    grants=(
        Grant(
            role=VERIFIER_ROLE,
            place=Place.PROJECT,
            rights={"monitoring.timeSeries.list": "how many conflicts the log metric counted, by day"},
        ),
    ),
)

ACTORS = (COORDINATOR, OPERATOR, VIEWER, TIMERS, PUSH, NOTIFIER, BUILD, DEPLOYER, DEPLOY, PLAN, SCRAPER, VERIFIER)
"""All of them, each with a name of its own."""
