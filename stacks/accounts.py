"""Who Interlock is to Google Cloud: a service account each for the coordinator, the timers, the push subscription, the jobs'
calls and the function's build, and what each may do; and what people may see who hold and release. No primitive role, no admin
role.

Cloud Scheduler knows no IAM of a single job and no conditions on its jobs, so the coordinator's role is good for every job of
the project; the code keeps to the declared ones. https://cloud.google.com/iam/docs/conditions-resource-attributes
"""

from __future__ import annotations

from dataclasses import dataclass

from interlock.environment import Environment
from stacks.cdk import (
    BaseStack,
    ITerraformDependable,
    ProjectIamCustomRole,
    ProjectIamMember,
    ProjectIamMemberCondition,
    ServiceAccount,
    StorageBucketIamMember,
    StorageBucketIamMemberCondition,
    TerraformResourceLifecycle,
)

ROLE_ID = "interlockCoordinator"
PERMISSIONS = tuple(f"cloudscheduler.jobs.{verb}" for verb in ("enable", "fullView", "get", "list", "pause", "run"))
"""`fullView` shows what a job calls, without which nobody notices that it calls another. `enable` is what jobs.resume needs: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/resume"""
OPERATOR_ROLE_ID = "interlockOperator"
OPERATOR_PERMISSIONS = ("cloudscheduler.jobs.get", "cloudscheduler.jobs.list", "cloudscheduler.locations.list")
ID = str.maketrans(dict.fromkeys(":@.+%", "-"))
"""From a member to what Terraform takes for the name of a resource."""
WRITES = ("holds/", "ledger/")
READS = ("backfills/", "declaration/")
BUILD_ROLES = ("roles/logging.logWriter", "roles/artifactregistry.writer")
"""With reading the sources, all that a build needs: https://cloud.google.com/functions/docs/securing/build-custom-sa"""


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts that other resources of the stack act as."""

    coordinator: ServiceAccount
    timers: ServiceAccount
    push: ServiceAccount
    build: ServiceAccount
    build_access: tuple[ITerraformDependable, ...]
    """What must be granted before the function is built."""


def add_accounts(stack: BaseStack, env: Environment, *, bucket: ITerraformDependable, apis: ITerraformDependable) -> Accounts:
    """The accounts and their roles; `apis` are there before them, and `bucket` before what is granted on it."""

    def account(name: str, account_id: str, display_name: str) -> ServiceAccount:
        made = ServiceAccount(
            stack,
            f"account-{name}",
            account_id=account_id,
            display_name=display_name,
            depends_on=[apis],
        )
        made.override_logical_id(name)
        return made

    # What it may call is granted where the services are declared. Most projects have it, and it is imported; others may use it,
    # so that it keeps its name and is never deleted with the stack. The bindings' provider has no deletion policy for it yet.
    invoker = account("invoker", env.invoker.partition("@")[0], "Calls services for Cloud Scheduler jobs")
    invoker.lifecycle = TerraformResourceLifecycle(ignore_changes=["display_name", "description"])
    invoker.add_override("deletion_policy", "ABANDON")
    coordinator = account("coordinator", "interlock-coordinator", "Interlock: pauses and resumes jobs")
    _let_coordinate(stack, env, coordinator, bucket)
    _let_operators_look(stack, env, bucket)
    build = account("build", "interlock-build", "Interlock: builds the coordinator")
    return Accounts(
        coordinator=coordinator,
        timers=account("timers", "interlock-timers", "Interlock: calls the coordinator on time"),
        push=account("push", "interlock-push", "Interlock: brings alerts to the coordinator"),
        build=build,
        build_access=_let_build(stack, env, build),
    )


def _let_coordinate(stack: BaseStack, env: Environment, account: ServiceAccount, bucket: ITerraformDependable) -> None:
    role = ProjectIamCustomRole(
        stack,
        "role-coordinator",
        role_id=ROLE_ID,
        title="Interlock coordinator",
        description="Lists, pauses, resumes and runs Cloud Scheduler jobs; can't create or change one.",
        permissions=list(PERMISSIONS),
    )
    role.override_logical_id("coordinator")
    ProjectIamMember(
        stack,
        "member-coordinator-jobs",
        project=env.project,
        role=_named(env, ROLE_ID),
        member=account.member,
        depends_on=[role],
    ).override_logical_id("coordinator_jobs")
    for prefix in (*WRITES, *READS):
        word = prefix.strip("/")
        StorageBucketIamMember(
            stack,
            f"member-coordinator-{word}",
            bucket=env.bucket,
            role="roles/storage.objectUser" if prefix in WRITES else "roles/storage.objectViewer",
            member=account.member,
            condition=StorageBucketIamMemberCondition(title=f"only {prefix}", expression=only(env.bucket, prefix)),
            depends_on=[bucket],
        ).override_logical_id(f"coordinator_{word}")


def _let_operators_look(stack: BaseStack, env: Environment, bucket: ITerraformDependable) -> None:
    """The commands show what a hold does before they ask the coordinator, with the rights of who types: they read what is held
    and what is declared, and list jobs in all regions. `--direct` also needs what the coordinator may do."""
    if not env.coordinator.operators:
        return
    role = ProjectIamCustomRole(
        stack,
        "role-operator",
        role_id=OPERATOR_ROLE_ID,
        title="Interlock operator",
        description="Lists Cloud Scheduler jobs in all regions, without their targets.",
        permissions=list(OPERATOR_PERMISSIONS),
    )
    role.override_logical_id("operator")
    looks = " || ".join(only(env.bucket, prefix) for prefix in (*WRITES, *READS))
    for member in sorted(env.coordinator.operators):
        word = member.translate(ID)
        ProjectIamMember(
            stack,
            f"member-jobs-{word}",
            project=env.project,
            role=_named(env, OPERATOR_ROLE_ID),
            member=member,
            depends_on=[role],
        ).override_logical_id(f"jobs-{word}")
        StorageBucketIamMember(
            stack,
            f"member-looks-{word}",
            bucket=env.bucket,
            role="roles/storage.objectViewer",
            member=member,
            condition=StorageBucketIamMemberCondition(title="what is held and declared", expression=looks),
            depends_on=[bucket],
        ).override_logical_id(f"looks-{word}")


def _named(env: Environment, role_id: str) -> str:
    """A role of our own by its name, which a policy can read before the role is there."""
    return f"projects/{env.project}/roles/{role_id}"


def only(bucket: str, prefix: str) -> str:
    """The condition of an IAM member that may touch and list only the objects under `prefix`. A list call is about the bucket
    as a whole, so it is told apart by the prefix that it asks for."""
    return (
        f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{prefix}")'
        f' || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("{prefix}")'
    )


def _let_build(stack: BaseStack, env: Environment, account: ServiceAccount) -> tuple[ITerraformDependable, ...]:
    made = []
    for role in BUILD_ROLES:
        word = role.rpartition(".")[0].partition("/")[2]
        member = ProjectIamMember(stack, f"member-build-{word}", project=env.project, role=role, member=account.member)
        member.override_logical_id(f"build_{word}")
        made.append(member)
    # Cloud Run functions copies the archive into a bucket of its own, which is not there before the first function.
    copies = f"gcf-v2-sources-{env.project_number}-{env.coordinator.region}"
    sources = ProjectIamMember(
        stack,
        "member-build-sources",
        project=env.project,
        role="roles/storage.objectViewer",
        member=account.member,
        condition=ProjectIamMemberCondition(
            title="only the sources",
            expression=f'resource.name.startsWith("projects/_/buckets/{copies}/objects/")'
            f' || resource.name.startsWith("projects/_/buckets/{env.bucket}/objects/coordinator/")',
        ),
    )
    sources.override_logical_id("build_sources")
    return (*made, sources)
