"""Which permissions of a role who asks has, and which lack: each is asked for where it is granted, and nothing is tried."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.environment import Environment
from interlock.gcp.project import Granting, Resource
from interlock.names import count
from interlock.roles import ACTORS, Actor, Grant, Place
from interlock.terminal.doctor.looking import Look
from interlock.terminal.machine import Finding
from interlock.terminal.printed import interlock, make

WHAT = "permissions"
PEOPLE = {actor.name: actor for actor in ACTORS if actor.name in ("deployer", "deploy", "plan", "operator")}
"""The roles that who asks can have."""
LIST = "storage.objects.list"
SHOWN = 4
"""Permissions named in a line; of more, how many there are besides."""


def rights(look: Look) -> Iterator[Finding]:
    """What who asks lacks of the role that is meant."""
    actor, lacks = PEOPLE[look.actor], False
    if actor.name == "operator" and not look.environment.coordinator.operators:
        yield Finding(WHAT, "nobody is an operator", f"name them in environments/{look.environment.name}.yaml")
        return
    for grant in actor.grants:
        for resource in _resources(grant, look.environment):
            said, wrong = _of(grant, resource, look)
            lacks |= wrong
            if said:
                yield Finding(WHAT, said, _mend(actor) if wrong else "")
    if not lacks:
        total = sum(len(grant.permissions) for grant in actor.grants)
        yield Finding(WHAT, f"of role {actor.name}: none of its {total} was found missing")


def lacking(actor: Actor, environment: Environment, project: Granting) -> Iterator[tuple[str, list[str]]]:
    """What who asks lacks of what an actor has without a condition on names of objects: where, and which permissions. What is
    not there yet is passed over. CloudError where that can't be asked."""
    for grant in actor.grants:
        for resource in () if grant.prefixes else _resources(grant, environment):
            granted = project.granted(resource, grant.permissions)
            if granted is not None and (missing := [one for one in grant.permissions if one not in granted]):
                yield _said(resource), missing


def _of(grant: Grant, resource: Resource, look: Look) -> tuple[str, bool]:
    """What is said of a grant on a resource, and whether something lacks; nothing for one that is all there."""
    where = _said(resource)
    if grant.prefixes and resource.kind == "bucket":
        return _under_prefixes(grant, resource, look)
    granted = look.project.granted(resource, grant.permissions)
    if granted is None:
        return (f"{where} is not there yet: what may be done there can't be told", False)
    missing = [permission for permission in grant.permissions if permission not in granted]
    return (f"{_named(missing)} on {where}: not granted", True) if missing else ("", False)


def _under_prefixes(grant: Grant, resource: Resource, look: Look) -> tuple[str, bool]:
    """Of a grant with a condition on names of objects: a list under each prefix is asked for, and the rest on an object that is
    there, as a condition speaks of one. Where there is none, that can't be told."""
    if look.project.granted(resource, grant.permissions) is None:
        return f"{_said(resource)} is not there yet: what may be done there can't be told", False
    untold = list[str]()
    for prefix in (prefix.format(env=look.environment.name) for prefix in grant.prefixes):
        name = look.project.first_object(resource.name, prefix)
        if not name:
            untold.append(prefix)
            continue
        wanted = [permission for permission in grant.permissions if permission != LIST]
        granted = look.project.granted(Resource(kind="object", name=f"{resource.name}/{name}"), wanted) or frozenset()
        if missing := [permission for permission in wanted if permission not in granted]:
            return f"{_named(missing)} under {prefix} of {_said(resource)}: not granted", True
    if untold and len(grant.permissions) > 1:
        return f"nothing is under {' and '.join(untold)} of {_said(resource)} yet: beyond listing it can't be told", False
    return "", False


def _named(permissions: list[str]) -> str:
    more = len(permissions) - SHOWN
    return ", ".join(permissions[:SHOWN]) + (f" and {count(more, 'more')}".replace("mores", "more") if more > 0 else "")


def _mend(actor: Actor) -> str:
    """The line that grants what lacks: our stacks, or the owner of the project with what we print."""
    return make("deploy") if actor.by_the_stacks else granting(actor)


def granting(actor: Actor) -> str:
    """The command that prints what an owner of the project pastes."""
    return interlock("roles", "--actor", actor.name, "--format", "gcloud")


def _resources(grant: Grant, env: Environment) -> list[Resource]:
    """Where a grant counts. That of a role on the project for its buckets is asked of these."""
    buckets = [Resource(kind="bucket", name=name) for name in (env.state_bucket, env.bucket)]
    emails = sorted({env.invoker, *env.accounts.values()})
    service = f"projects/{env.project}/locations/{env.coordinator.region}/services/{env.coordinator.name}"
    return {
        Place.PROJECT: [Resource(kind="project", name=env.project)],
        Place.BUCKETS: buckets,
        Place.BUCKET: buckets[1:],
        Place.NAMES: buckets[1:],
        Place.STATE: buckets[:1],
        Place.JOB_ACCOUNTS: [Resource(kind="account", name=email) for email in emails],
        Place.COORDINATOR: [Resource(kind="service", name=service)],
    }.get(grant.place, [])


def _said(resource: Resource) -> str:
    short = resource.name.rpartition("/")[2]
    return {"bucket": f"gs://{short}", "service": f"the service {short}"}.get(resource.kind, short)
