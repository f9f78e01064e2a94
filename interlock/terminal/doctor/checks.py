"""All checks of a project, in the order in which one mends what they find."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.project import Project
from interlock.terminal.doctor import buckets, catalog, deployed, project, rights
from interlock.terminal.doctor.looking import Check, Look, findings_of
from interlock.terminal.machine import Finding
from interlock.terminal.progress import StackLine

FIRST_CHECKS: dict[str, Check] = {
    "credentials": project.credentials,
    "clock": project.clock,
    "project": project.project,
    "APIs": project.apis,
}
CHECKS: dict[str, Check] = {
    rights.WHAT: rights.rights,
    buckets.STATE: buckets.state_bucket,
    "state lock": buckets.state_lock,
    buckets.FLAGS: buckets.flags_bucket,
    "accounts": deployed.accounts,
    "build": deployed.build,
    "coordinator": deployed.coordinator,
    "channels": deployed.channels,
    "quotas": catalog.quotas,
    "datasets": catalog.datasets,
    "provider": catalog.provider_lock,
}
"""What each is about, and the check."""


def look_at(environment: Environment, declared: Catalog, asked: Project, actor: str) -> Iterator[Finding]:
    """Every finding about a project, each as soon as it is known. Shows on a terminal what is looked at."""
    line = StackLine(environment.name)
    look = Look(
        environment=environment, catalog=declared, project=asked, actor=actor, is_deployed=_is_deployed(environment, asked)
    )
    for what, check in {**FIRST_CHECKS, **CHECKS}.items():
        with line.while_it_lasts(f"looking at {what}"):
            found = findings_of(what, check, look)
        yield from found


def _is_deployed(environment: Environment, asked: Project) -> bool:
    """Whether the first stack is there, by its bucket. What can't be asked is said by the checks."""
    try:
        return asked.bucket(environment.bucket) is not None
    except CloudError:
        return False
