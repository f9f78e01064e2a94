"""Whether a job runs, and who says why it doesn't."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from policies.rules.estate import JOB, Estate, Origin, Resource
from policies.rules.rule import DEPLOYED, rule
from policies.rules.values import NOTHING, is_expression, shown
from policies.rules.waivers import waiver_of


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
        if always and "undecided" not in job.facts:
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
    if (undecided := job.facts.block("undecided")) is not None:
        day = _day(undecided.text("review") or "")
        if day is not None and day < estate.today:
            yield f"nobody has decided whether it should run; that was due on {day}; decide, or write another day"
        return
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


@rule(
    52,
    "pair",
    "Two jobs that run as a pair are held and paused together",
    kinds=(JOB,),
    applies=lambda job: "pairs" in job.facts,
    bad="a backfill that covers master-controller-hourly, and not execute-workflows, its pair",
    good="windows:\n  tuesday: {covers: [job/master-controller-hourly, job/execute-workflows], ...}",
)
def pair(job: Resource, estate: Estate) -> Iterator[str]:
    """Of two jobs that are one piece of work (`pair_with`) the one decides and the other carries out: half of it alone does
    harm, or nothing. Said of the one that rests; a waiver of either counts for both. A backfill that keeps the other one says
    why in `keep`, and that is enough."""
    resting = "paused" in job.facts
    others = estate.once(_jobs)
    said = job.facts.block("pairs") or NOTHING
    for name in sorted(said.names() if not resting else said.values):
        other = others.get(name)
        if other is None or waiver_of(other, pair.name, estate.today) is not None:
            continue
        if resting and not {"paused", "undecided"} & {*other.facts.names()}:
            yield f"is paused by declaration, and {name}, its pair, is not; pause both, or waive the rule"
        elif not resting and (scopes := said.texts(name)):
            yield f"is held by {' and '.join(scopes)}, which leaves {name}, its pair, running; cover both, or waive the rule"


def _jobs(estate: Estate) -> dict[str, Resource]:
    """The jobs, by the name of their resource."""
    return {job.name: job for job in estate.every(JOB)}
