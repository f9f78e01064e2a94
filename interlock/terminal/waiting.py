"""What Google needs time for: what of a plan is made first for that, and which errors pass by themselves.

Three things are true some time after they are answered: an API that was turned on, a right or an account, and a log metric. So
where a plan builds a function, and grants for the first time what the build takes, the grants are applied first, and then we
wait. The provider's own example waits 60 s by `time_sleep`, of a provider that we don't have:
https://github.com/hashicorp/terraform-provider-google/blob/v7.45.0/website/docs/r/cloudfunctions2_function.html.markdown. A
`terraform_data` with a `local-exec` would wait for who runs Terraform or cdktf itself, too, but it takes a shell, is one more
resource in every state, and knows nothing of when the grants were made. Nobody can be asked whether they have arrived:
testIamPermissions is about who asks.

What comes too early all the same is refused. Then nothing was made, or, of a function, what was made is tainted: the next plan
replaces it. So the same deploy plans and applies again, for as long as Google says that it may take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from interlock.terminal.terraform import Planned
from interlock.terraform.changes import Kind
from interlock.terraform.events import Problem
from interlock.terraform.refusals import lack_of

BEFORE_A_BUILD, WAIT, SHORT_WAIT = 120.0, 60.0, 1.0
"""Seconds: after the grants, and between tries on Google; both on this machine. Google says of a grant "typically 2 minutes,
potentially 7 minutes or longer": https://cloud.google.com/iam/docs/access-change-propagation"""
TRIES = 11
"""Eleven minutes, one more than Google says of the slowest."""
TO_GRANT = "The stack coordination grants it, so it may not count yet: deploy again."
BUILT = "google_cloudfunctions2_function"
SLOW = (
    "google_project_service",
    "google_service_account",
    "google_project_iam_custom_role",
    "google_project_iam_member",
    "google_storage_bucket_iam_member",
    "google_logging_metric",
)
"""Types whose resources Google knows everywhere only some time after it has answered."""
NEW_METRIC = "Cannot find metric(s)"
"""https://github.com/hashicorp/terraform-provider-google/issues/11102"""
NOT_THERE_YET = re.compile(
    r"Service account \S+ does not exist"  # error_retry_predicates.go (IamServiceAccountNotFound)
    r"|Role \(\S+\) does not exist in the resource's hierarchy"
)
SWITCHED = re.compile(r"Error 400\b.*\b(ENABLED|PAUSED|[Pp]aused?|[Rr]esumed?)\b")
"""What is said of a job that is not in the state that the reference of jobs.pause asks for; the words are assumed. The provider
passes it on, though the job may be as it was to be: resource_cloud_scheduler_job.go (update)."""
BUILD_DENIED = re.compile(
    r"You must grant Storage Object Viewer permission"  # https://github.com/hashicorp/terraform-provider-google/issues/20571
    r"|[Pp]ermission .artifactregistry\.\S+ denied"
    r"|Ensure that the Cloud Functions service account has .artifactregistry"  # terraform-ml-image-annotation-gcf #138
    r"|does not have permission to write logs to Cloud Logging"
)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why something is refused for now: a sentence, and what Google says of how long."""

    what: str
    takes: str


METRIC = Cause(what="Alert policies do not know a new metric yet", takes="it takes up to 10 minutes")
API = Cause(what="An API that was turned on does not answer yet", takes="wait a few minutes")
GRANT = Cause(what="What was granted to the build's account does not count yet", takes="2 minutes, or 7 or longer")
STATE = Cause(what="A job was paused or resumed by another one meanwhile", takes="nothing; its state is looked at again")
IDENTITY = Cause(what="An account or role that was made is not known everywhere yet", takes="a minute or longer")


def first_of(planned: Planned) -> list[str]:
    """The addresses to apply first, in a plan that builds a function and makes what Google is slow with; none otherwise."""
    changes = planned.changes.changes
    builds = any(change.type == BUILT and change.kind in (Kind.CREATE, Kind.REPLACE) for change in changes)
    slow = [change.address for change in changes if change.type in SLOW and change.kind is Kind.CREATE]
    return slow if builds else []


def passes(problems: Sequence[Problem], turned_on: Callable[[], Collection[str]]) -> list[Cause]:
    """Why all of these errors pass by themselves, each cause once; none where one of them does not.

    `turned_on` asks which APIs are on, whoever turned them on, and is called where one refuses: one that is not stays off.
    """
    causes = [_cause(problem, turned_on) for problem in problems if problem.is_error]
    return [] if None in causes else [*dict.fromkeys(cause for cause in causes if cause)]


def _cause(problem: Problem, turned_on: Callable[[], Collection[str]]) -> Cause | None:
    text = problem.text
    if NEW_METRIC in text:
        return METRIC
    if BUILD_DENIED.search(text):
        return GRANT
    if NOT_THERE_YET.search(text):
        return IDENTITY
    lack = lack_of(problem)
    if SWITCHED.search(text) and "google_cloud_scheduler_job." in problem.address:
        return STATE
    return API if lack and lack.api and lack.api.partition(".")[0] in turned_on() else None


def goes_no_further(planned: Planned, approved: Planned) -> bool:
    """Whether a plan does nothing that the approved one would not have done. What it would have made may be made anew: it was
    not there before, and what is there now failed."""
    before = {(change.address, change.kind) for change in approved.changes.changes}
    before |= {(address, Kind.REPLACE) for address, kind in before if kind is Kind.CREATE}
    return {(change.address, change.kind) for change in planned.changes.changes} <= before


def said_wait(causes: Sequence[Cause], seconds: float, since: datetime, until: datetime) -> str:
    """What is waited for, since when, and until when at most."""
    why = "; ".join(f"{cause.what}: Google says {cause.takes}" for cause in causes)
    return f"{why}. Again in {seconds:g} s; waiting since {since:%H:%M:%S} UTC, at most until {until:%H:%M}."
