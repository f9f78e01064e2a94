"""A look at a project: what every check needs, and how one that can't be made is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from interlock.apis import FIRST, enable_command
from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.project import Project
from interlock.gcp.session import FORBIDDEN, Refusal
from interlock.terminal.machine import Finding


@dataclass(frozen=True, kw_only=True)
class Look:
    """Where to look, and for whom: `actor` is the role that is meant, one of `interlock.roles`."""

    environment: Environment
    catalog: Catalog
    project: Project
    actor: str
    is_deployed: bool
    """Whether the stack `coordination` is there, which makes the accounts, the bucket and what else is missing before."""


Check = Callable[[Look], Iterable[Finding]]


def findings_of(what: str, check: Check, look: Look) -> list[Finding]:
    """What a check finds. Where Google refuses it, or does not answer, that is a finding about `what`; what is found before
    that stays."""
    found = list[Finding]()
    try:
        found += check(look)
    except Refusal as refusal:
        found.append(_refused(what, refusal, look))
    except CloudError as error:
        found.append(Finding(what, "can't be told", str(error), note=True))
    return found


def _refused(what: str, refusal: Refusal, look: Look) -> Finding:
    project = look.environment.project
    if refusal.is_off:
        found, command = f"can't be told while {refusal.api} is off", enable_command((refusal.api,), project)
        if look.is_deployed or refusal.api in FIRST:
            return Finding(what, found, command)
        return Finding(what, f"{found}; the first deploy turns it on, or", command, note=True)
    if refusal.wants_quota_project:
        return Finding(what, "can't be told without a quota project", set_quota_project(project))
    # Looking is more than deploying takes, so that a right to look that lacks is no fault of the project.
    return Finding(what, "can't be told", str(refusal), note=refusal.status == FORBIDDEN)


def set_quota_project(project: str) -> str:
    """https://cloud.google.com/docs/authentication/provide-credentials-adc"""
    return f"gcloud auth application-default set-quota-project {project}"
