"""What Google refuses for want of an API or a right, by the words of Terraform's errors. The line to type is in
interlock/terminal/granting/gcloud.py.

Google has no one way to say it, and the provider passes on the words. Each pattern below is that of an API, with a page or an
issue where somebody met it; tests/interlock/terraform/test_refusals.py has the texts themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from interlock.roles import ACTORS, DEPLOYER
from interlock.terraform.events import Problem

_RIGHT = r"(?P<right>[a-zA-Z]+(?:\.[a-zA-Z]+){2})"
_MEMBER = r"(?P<member>[\w.+%-]+@[\w.-]+\w)"
_QUOTE = r"[\"'`\u2018\u2019]?"
_API = r"(?P<api>[a-z][a-z0-9-]*\.googleapis\.com)"
API_PATTERNS = (
    rf"apis/api/{_API}/overview",  # https://cloud.google.com/service-usage/docs/service-disabled
    rf'"service": "{_API}"[^\]]*"SERVICE_DISABLED"',  # the same, from its details
    rf"[Ss]ervice {_QUOTE}{_API}{_QUOTE} is not enabled",  # google-cloud-visualstudio #519
    rf"API \[{_API}\] not enabled",  # gcloud
)
RIGHT_PATTERNS = (
    rf"lacks IAM permission {_QUOTE}{_RIGHT}",  # Cloud Scheduler: terraform-provider-google #7001
    rf"{_MEMBER} does not have {_RIGHT} access",  # Cloud Storage: terraform #17222
    rf"[Pp]ermission {_QUOTE}{_RIGHT}{_QUOTE} denied on service account",  # Cloud Functions: aggregation-service #47
    rf"[Pp]ermission {_QUOTE}{_RIGHT}{_QUOTE} (?:was )?denied",  # IAM, Run, Monitoring: terraform-google-project-factory #900
    rf"[Pp]ermission {_QUOTE}{_RIGHT}{_QUOTE} is required",  # IAM: viya4-iac-gcp #42
    rf"missing permission {_QUOTE}{_RIGHT}",  # https://cloud.google.com/functions/docs/troubleshooting
    rf"Required {_QUOTE}{_RIGHT}{_QUOTE} permission",  # Compute and others: terraform-google-gke #53
    rf"with the {_RIGHT} permission",  # a call that needs a project to be counted for: googleCloudRunner #148
    rf'"permission": "{_RIGHT}"',  # IAM's details, as the provider prints them
)
GRANT_PATTERNS = (
    rf"You must grant (?P<title>Storage Object Viewer) permission to {_MEMBER}",  # terraform-provider-google #20571
    rf"running this build (?:\S*/)?{_MEMBER} does not have permission to write logs",  # terraform-genai-knowledge-base #245
)
UNNAMED = re.compile(
    r"User not authorized to perform this action"  # Pub/Sub: terraform-provider-google #3967
    r"|The caller does not have permission"  # Monitoring: terraform-provider-google #14598
    r"|Policy update access denied"  # Resource Manager
)
"""Refusals that name no permission."""
ENABLES = re.compile(r"[Pp]ermission denied to (enable|list|disable) service(?:s? \[([^\]]*)\])?")  # firebase-tools #4871
BLOCKED = re.compile(r"You can't create a role_?id \((?P<role>\w+)\) which has been marked for deletion")
"""https://github.com/terraform-google-modules/terraform-google-bastion-host/issues/14"""
BLOCKED_SAID = (
    "The id of the role {role} can't be used from day 7 to day 37 after it was deleted: deploy again then, or elsewhere."
)
"""https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role"""
OWN_ACCOUNTS = tuple(f"interlock-{actor.name}" for actor in ACTORS if actor.by_the_stacks)


@dataclass(frozen=True, kw_only=True)
class Lack:
    """What is lacking: an API (`run.googleapis.com`), or one of these permissions, of `member` if its name was said."""

    api: str = ""
    rights: tuple[str, ...] = ()
    member: str = ""

    @property
    def said(self) -> str:
        """What it is, in words."""
        if self.api:
            return f"{self.api} is off"
        rights = self.rights[0] if len(self.rights) == 1 else f"one of {', '.join(self.rights)}"
        return f"{self.member or 'who deploys'} lacks {rights}"

    @property
    def by_the_stacks(self) -> bool:
        """Whether it is an account of Interlock's own, to which the stacks grant what it needs."""
        return any(self.member.startswith(f"{name}@") for name in OWN_ACCOUNTS)


def blocked_roles(problems: Iterable[Problem]) -> list[str]:
    """What to do about each role whose id Google does not give again yet, in a sentence."""
    found = (BLOCKED.search(problem.text) for problem in problems if problem.is_error)
    return [*dict.fromkeys(BLOCKED_SAID.format(role=one["role"]) for one in found if one)]


def lacks_of(problems: Iterable[Problem]) -> list[Lack]:
    """What is lacking by these errors, each once, in their order. Of who may not turn on APIs also these: somebody else may."""
    found = list[Lack]()
    for problem in problems:
        if problem.is_error and (lack := lack_of(problem)):
            found += [lack, *_wanted_on(problem)]
    return [*dict.fromkeys(found)]


def _wanted_on(problem: Problem) -> list[Lack]:
    found = ENABLES.search(problem.text)
    listed = (found[2] or "") if found and found[1] == "enable" else ""
    return [Lack(api=api) for api in re.findall(_API, listed)]


def lack_of(problem: Problem) -> Lack | None:
    """What an error says that is lacking; None for one about anything else."""
    text = problem.text
    if found := _first(API_PATTERNS, text):
        return Lack(api=found["api"])
    if found := _first(GRANT_PATTERNS, text):
        right = "storage.objects.get" if "title" in found.groupdict() else "logging.logEntries.create"
        return Lack(rights=(right,), member=found["member"])
    if found := _first(RIGHT_PATTERNS, text):
        right = found["right"].replace("serviceaccounts", "serviceAccounts")
        return Lack(rights=(right,), member=found.groupdict().get("member") or "")
    if found := ENABLES.search(text):
        return Lack(rights=(f"serviceusage.services.{found[1]}",))
    if UNNAMED.search(text):
        rights = _rights_for(problem.address.partition("[")[0])
        return Lack(rights=rights) if rights else None
    return None


def _first(patterns: Sequence[str], text: str) -> re.Match[str] | None:
    return next((found for pattern in patterns if (found := re.search(pattern, text))), None)


def _rights_for(address: str) -> tuple[str, ...]:
    """What the resource of this address takes, by the table of rights; nothing without one."""
    kind = next((part for part in address.split(".") if part.startswith("google_")), "")
    if not kind:
        return ()
    rights = ((right, why) for grant in DEPLOYER.grants for right, why in sorted(grant.rights.items()))
    return tuple(right for right, why in rights if re.match(rf"{re.escape(kind)}\b", why))
