"""Who Interlock is to Google Cloud: a service account each for the coordinator, the timers, the push subscription, the jobs'
calls and the function's build, and what each may do; and what people may see who hold and release. No primitive role, no admin
role.

Cloud Scheduler knows no IAM of a single job and no conditions on its jobs, so the coordinator's role is good for every job of
the project; the code keeps to the declared ones. https://cloud.google.com/iam/docs/conditions-resource-attributes
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from interlock import roles
from interlock.environment import Environment
from interlock.roles import Grant, Place
from interlock.runtime.callers import PUSH, TIMERS
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

NO_NAME = re.compile(r"[^A-Za-z0-9_-]")
"""What the name of a resource of Terraform can't have."""


def names_of(members: Iterable[str]) -> dict[str, str]:
    """What Terraform calls each member, sorted. Two that would be called alike, as `a.b@` and `a-b@`, are told apart."""
    plain = {member: NO_NAME.sub("-", member) for member in sorted(members)}
    alike = Counter(plain.values())
    return {
        member: name if alike[name] == 1 else f"{name}-{hashlib.sha256(member.encode()).hexdigest()[:8]}"
        for member, name in plain.items()
    }


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
        return ServiceAccount(
            stack.among(ServiceAccount),
            name,
            account_id=account_id,
            display_name=display_name,
            depends_on=[apis],
        )

    # What it may call is granted where the services are declared. Most projects have it, and it is imported; others may use it,
    # so that it keeps its name and is never deleted with the stack. The bindings' provider has no deletion policy for it yet.
    invoker = account("invoker", env.invoker.partition("@")[0], "Calls services for Cloud Scheduler jobs")
    invoker.lifecycle = TerraformResourceLifecycle(ignore_changes=["display_name", "description"])
    invoker.add_override("deletion_policy", "ABANDON")
    coordinator = account("coordinator", "interlock-coordinator", "Interlock: pauses and resumes jobs")
    _let_coordinate(stack, env, coordinator, bucket)
    _let_operators_look(stack, env, bucket)
    _let_viewers_look(stack, env, bucket)
    build = account("build", "interlock-build", "Interlock: builds the coordinator")
    return Accounts(
        coordinator=coordinator,
        timers=account("timers", TIMERS, "Interlock: calls the coordinator on time"),
        push=account("push", PUSH, "Interlock: brings alerts to the coordinator"),
        build=build,
        build_access=_let_build(stack, env, build),
    )


def _let_coordinate(stack: BaseStack, env: Environment, account: ServiceAccount, bucket: ITerraformDependable) -> None:
    role, member = _own_role(stack, roles.COORDINATOR, "coordinator"), account.member
    ProjectIamMember(
        stack.among(ProjectIamMember),
        "coordinator_jobs",
        project=env.project,
        role=roles.COORDINATOR_ROLE.name(env.project),
        member=member,
        depends_on=[role],
    )
    for grant in (*_on(roles.COORDINATOR, Place.BUCKET), *_on(roles.COORDINATOR, Place.NAMES)):
        (prefix,) = grant.prefixes or ("names",)
        word = prefix.strip("/")
        StorageBucketIamMember(
            stack.among(StorageBucketIamMember),
            f"coordinator_{word}",
            bucket=env.bucket,
            role=grant.role.name(env.project),
            member=member,
            condition=StorageBucketIamMemberCondition(title=f"only {prefix}", expression=grant.condition(env) or ""),
            depends_on=[bucket],
        )


def _let_operators_look(stack: BaseStack, env: Environment, bucket: ITerraformDependable) -> None:
    """The commands show what a hold does before they ask the coordinator, with the rights of who types: they read what is held
    and what is declared, and list jobs in all regions. `--direct` also needs what the coordinator may do."""
    if not env.coordinator.operators:
        return
    role = _own_role(stack, roles.OPERATOR, "operator")
    looks, _board = _on(roles.OPERATOR, Place.BUCKET)
    for member, word in names_of(env.coordinator.operators).items():
        ProjectIamMember(
            stack.among(ProjectIamMember),
            f"jobs-{word}",
            project=env.project,
            role=roles.OPERATOR_ROLE.name(env.project),
            member=member,
            depends_on=[role],
        )
        StorageBucketIamMember(
            stack.among(StorageBucketIamMember),
            f"looks-{word}",
            bucket=env.bucket,
            role=looks.role.name(env.project),
            member=member,
            condition=StorageBucketIamMemberCondition(title="what is held and declared", expression=looks.condition(env) or ""),
            depends_on=[bucket],
        )


def _let_viewers_look(stack: BaseStack, env: Environment, bucket: ITerraformDependable) -> None:
    """At the board: viewers, who see nothing else, and operators."""
    (looks,) = _on(roles.VIEWER, Place.BUCKET)
    for member, word in names_of({*env.coordinator.viewers, *env.coordinator.operators}).items():
        StorageBucketIamMember(
            stack.among(StorageBucketIamMember),
            f"views-{word}",
            bucket=env.bucket,
            role=looks.role.name(env.project),
            member=member,
            condition=StorageBucketIamMemberCondition(title=f"only {roles.BOARD}", expression=looks.condition(env) or ""),
            depends_on=[bucket],
        )


def _own_role(stack: BaseStack, actor: roles.Actor, name: str) -> ProjectIamCustomRole:
    """The role of its own that an actor has, by its name a policy can read before the role is there."""
    ((role, permissions),) = actor.roles()
    return ProjectIamCustomRole(
        stack.among(ProjectIamCustomRole),
        name,
        role_id=role.id,
        title=role.title,
        description=role.description,
        permissions=list(permissions),
    )


def _on(actor: roles.Actor, place: Place) -> list[Grant]:
    return [grant for grant in actor.grants if grant.place is place]


def _let_build(stack: BaseStack, env: Environment, account: ServiceAccount) -> tuple[ITerraformDependable, ...]:
    made, account_member = [], account.member
    for grant in roles.BUILD.grants:
        word = "sources" if grant.place is Place.SOURCES else grant.role.id.rpartition(".")[0].partition("/")[2]
        condition = grant.condition(env)
        member = ProjectIamMember(
            stack.among(ProjectIamMember),
            f"build_{word}",
            project=env.project,
            role=grant.role.name(env.project),
            member=account_member,
            condition=ProjectIamMemberCondition(title="only the sources", expression=condition) if condition else None,
        )
        made.append(member)
    return tuple(made)
