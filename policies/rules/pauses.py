"""Whether a job runs, and who says why it doesn't."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from policies.rules.estate import JOB, Estate, Origin, Resource
from policies.rules.rule import DEPLOYED, rule
from policies.rules.values import NOTHING, is_expression, shown


@rule(
    18,
    "paused",
    "A job says whether it is paused: true, false or an expression, never nothing",
    kinds=(JOB,),
    origins=DEPLOYED,
    never_old=True,
    bad="a google_cloud_scheduler_job without paused, or with paused = null",
    good='paused = contains(local.held, "nba-gamebook-scraper")',
)
def paused(job: Resource, estate: Estate) -> Iterator[str]:
    """`paused` is Optional+Computed in the provider: left out, a job that was paused stays paused, silently
    (hashicorp/terraform-provider-google#29280). In a plan it has to be known, or nobody can review it."""
    if "paused" not in job.attributes:
        yield "does not say whether it is paused; write paused = true, false or an expression"
    elif estate.origin is Origin.PLAN or not is_expression(job.attributes.values.get("paused")):
        job.attributes.flag("paused")


@rule(
    19,
    "declared-pause",
    "Who declares a job paused says why, whose it is and when to look again",
    kinds=(JOB,),
    bad="paused: true",
    good="paused: {reason: off-season, owner: data-platform, review: 2027-04-01}",
)
def declared_pause(job: Resource, estate: Estate) -> Iterator[str]:
    """70 jobs were paused on 2026-04-26, with a list in a temporary folder and no date: a monitor stayed dark for 33 days."""
    said = job.facts.block("paused")
    always = estate.origin is Origin.STACK and job.attributes.values.get("paused") in (True, "true")
    if said is None:
        if always:
            yield "is always paused and nobody says why; declare paused: {reason, owner, review}"
        return
    texts = {name: (said.text(name) or "").strip() for name in ("reason", "owner", "review")}
    if missing := [name for name, text in texts.items() if not text]:
        yield f"is paused by declaration with no {' and no '.join(missing)}; write them"
    elif _day(texts["review"]) is None:
        yield f"is to be reviewed on {shown(texts['review'])}, which is no date; write one like 2027-04-01"


@rule(
    20,
    "review",
    "A job that is paused by declaration is looked at again by its day",
    kinds=(JOB,),
    bad="paused: {reason: off-season, owner: data-platform, review: 2026-04-01}  # long ago",
    good="paused: {reason: off-season, owner: data-platform, review: 2027-04-01}",
)
def review(job: Resource, estate: Estate) -> Iterator[str]:
    """A pause without an end is how jobs are forgotten."""
    said = job.facts.block("paused") or NOTHING
    day = _day(said.text("review") or "")
    if day is not None and day < estate.today:
        yield f"paused by declaration ({said.text('reason')}); review was due on {day}; look again, and write another day"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@rule(
    21,
    "described",
    "A job says what it is for and whose it is",
    kinds=(JOB,),
    bad="nba-job-2: {schedule: ..., target: ...}",
    good="description: NBA.com gamebooks to raw player statistics\nowner: data-platform",
)
def described(job: Resource) -> Iterator[str]:
    """At 2 AM the description is all that there is. The owner has no attribute of its own; it stands beside the resource."""
    if not (job.attributes.text("description") or "").strip():
        yield "has no description; write what it does, to what"
    if not (job.facts.text("owner") or "").strip():
        yield 'has no owner; write one into the catalog, or "//": {"interlock": {"owner": ...}} beside the resource'
