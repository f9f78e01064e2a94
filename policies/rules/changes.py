"""What a plan does, beyond what the configuration says: deletions, replacements, adoptions, and whose backfill it ends."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from datetime import date
from operator import itemgetter

from interlock.catalog import Json
from interlock.holds import Hold, format_instant, parse_object_name
from interlock.pasted import LOCAL
from interlock.terraform.target_changes import forgets_token
from policies.rules.estate import JOB, OBJECT, STACK, Estate, Resource
from policies.rules.rule import PLANNED, rule
from policies.rules.values import NOTHING, Attributes, shown

FLAGS = "flags"
"""The name of the objects that say which backfills are on (`stacks/schedules.py`)."""
TRUE = (True, "true", "1")
"""How a plan shows a variable that Terraform takes for true: as it was typed."""


@rule(
    34,
    "delete",
    "A plan deletes no job, and lets go of none, that nobody said is gone on purpose",
    kinds=(STACK,),
    origins=PLANNED,
    bad="a job that is taken out of the catalog, and nothing else",
    good="removed:\n  old-scraper: {reason: replaced by new-scraper, owner: data-platform, until: 2027-01-31}",
)
def delete(estate: Estate) -> Iterator[str]:
    """94 of 204 jobs were deleted on 2026-07-03, weekly retraining among them, and nothing said so: an alert on failures needs
    a job that runs. A paused job costs ten cents a month. One that is let go (`removed { lifecycle { destroy = false } }`)
    stays as it is in Cloud Scheduler, and whoever pauses all jobs for a backfill no longer knows of it."""
    removed = estate.facts.block("removed") or NOTHING
    elsewhere = {(one.attributes.text("region"), one.attributes.text("name")) for one in estate.neighbours if one.kind == JOB}
    for name, job in sorted(((_name(one), one) for one in estate.gone.values() if one.kind == JOB), key=itemgetter(0)):
        let_go = job.change is not None and job.change.lets_go
        if let_go and _place(job) in elsewhere:
            continue  # it moves to another stack, which takes it over as it is
        if not (_accepted(removed, job.name, estate.today) or _accepted(removed, name, estate.today)):
            what = f"lets go of {name}, which nothing holds or watches any more" if let_go else f"deletes {name}"
            yield f"{what}; pause it, or say under `removed` in the catalog why, whose decision it is and until when"


def _name(job: Resource) -> str:
    """What a job that goes away is called: in other estates than ours its resource may have another name."""
    name = job.change.before.values.get("name") if job.change else None
    return name if isinstance(name, str) else job.name


def _place(job: Resource) -> tuple[Json, Json]:
    """Where a job that goes away is: region and name."""
    before = job.change.before.values if job.change else {}
    return before.get("region"), before.get("name")


def _accepted(removed: Attributes, name: str, today: date) -> bool:
    said = removed.block(name)
    if said is None or not all((said.text(key) or "").strip() for key in ("reason", "owner", "until")):
        return False
    try:
        return today <= date.fromisoformat(said.text("until") or "")
    except ValueError:
        return False


@rule(
    35,
    "replace",
    "A plan replaces no job",
    kinds=(JOB,),
    origins=PLANNED,
    bad="region: us-east1  # of a job that is in us-west2",
    good="a job of another name in the other region, and the old one under `removed`",
)
def replace(job: Resource) -> Iterator[str]:
    """Its name, region and project can't change. It is deleted and made again, enabled for a moment even when it is held, and
    stays so when the pause that follows fails (the provider's resource_cloud_scheduler_job.go); what it missed is forgotten."""
    change = job.change
    if change is not None and change.replaces:
        why = [name for name in ("region", "name", "project") if _differs(change.before, change.after, name)]
        because = f", as its {' and its '.join(why)} {'changes' if len(why) == 1 else 'change'}" if why else ""
        yield f"is replaced{because}: it would run for a moment though it is held; keep it, and add another one"


def _differs(before: Attributes, after: Attributes, name: str) -> bool:
    return before.values.get(name) != after.values.get(name)


@rule(
    36,
    "schedule-and-pause",
    "Schedule and pause of a job do not change in one apply",
    kinds=(JOB,),
    origins=PLANNED,
    bad="a new schedule in the deploy that turns a backfill on",
    good="one deploy for the schedule, one for the backfill",
)
def schedule_and_pause(job: Resource) -> Iterator[str]:
    """The provider changes the schedule first and pauses in a second call: in between the job runs by the new schedule. And a
    reviewer who looks for one of the two overlooks the other."""
    change = job.change
    if change is None or change.actions != ("update",) or not _differs(change.before, change.after, "paused"):
        return
    moved = [name for name in ("schedule", "time_zone") if _differs(change.before, change.after, name)]
    if moved:
        name = moved[0]
        yield (
            f"changes {name} from {shown(change.before.values.get(name))} to {shown(change.after.values.get(name))} and paused"
            f" from {change.before.values.get('paused')} to {change.after.values.get('paused')} at once;"
            " deploy one after the other"
        )


def _in_production(stack: Resource) -> bool:
    """Whether it says of which environment it is, and that is not the stand-in on this machine."""
    return stack.facts.text("environment") not in (None, LOCAL)


@rule(
    37,
    "backfill-asked",
    "Who turns backfill mode on in production says why, and whose it is",
    kinds=(STACK,),
    origins=PLANNED,
    applies=_in_production,
    bad="terraform plan -var backfill_mode=true",
    good="terraform plan -var backfill_mode=true -var backfill_reason='reprocess 2025-26' -var backfill_owner=analytics",
)
def backfill_asked(estate: Estate) -> Iterator[str]:
    """Whoever is woken by jobs that don't run has nobody else to ask."""
    if estate.variables.get("backfill_mode") not in TRUE:
        return
    missing = [name for name in ("backfill_reason", "backfill_owner") if not str(estate.variables.get(name) or "").strip()]
    if missing:
        yield f"turns backfills on with no {' and no '.join(missing)}; plan again with -var {'=... -var '.join(missing)}=..."


@rule(
    38,
    "backfill-ended",
    "Who ends a backfill early in production names whose it is",
    kinds=(STACK,),
    origins=PLANNED,
    applies=_in_production,
    bad="terraform plan -var backfill_mode=false -var 'backfills=[\"tdza\"]'",
    good="terraform plan -var backfill_mode=false -var 'backfills=[\"tdza\"]' -var backfill_owner=analytics",
)
def backfill_ended(estate: Estate) -> Iterator[str]:
    """Its jobs start while it may still write. Naming the owner is the least proof of having asked; with no name, `backfills`
    left out ends everybody's. An earlier end is an end, too."""
    asked = str(estate.variables.get("backfill_owner") or "").strip()
    for flag, said in _ended_early(estate):
        owner, reason = _text(said, "owner"), _text(said, "reason")
        if asked != owner or not owner:
            variable = shlex.quote(f"backfill_owner={owner or '...'}")
            whose = f"{shown(owner)}'s ({shown(reason)})" if owner else "somebody's who is not on record"
            yield (
                f"ends {flag.scope}, {whose}, before its end at {format_instant(flag.end)}; ask them, then name"
                f" them: with make OWNER=, with Terraform -var {variable}"
            )


def _ended_early(estate: Estate) -> Iterator[tuple[Hold, Json]]:
    """The flags that a plan takes away before their end, or moves to an earlier one, with what they say. One that is let go
    stays in the bucket, and holds until its end."""
    flags = (one for one in (*estate.gone.values(), *estate.every(OBJECT)) if one.name == FLAGS and one.kind == OBJECT)
    for change in (one.change for one in sorted(flags, key=lambda one: one.address) if one.change):
        flag, new = (parse_object_name(str(part.values.get("name"))) for part in (change.before, change.after))
        if flag is None or change.lets_go or (new is not None and new.end >= flag.end):
            continue
        if estate.planned_at is None or flag.end > estate.planned_at:
            try:
                yield flag, json.loads(str(change.before.values.get("content")))
            except (ValueError, RecursionError):
                yield flag, None


def _text(said: Json, name: str) -> str:
    value = said.get(name) if isinstance(said, dict) else None
    return value.strip() if isinstance(value, str) else ""


def _adopts(job: Resource) -> bool:
    """Whether the plan takes over a job that is there already."""
    return job.change is not None and job.change.importing


@rule(
    41,
    "adopted-pause",
    "A paused job is never resumed by its adoption",
    kinds=(JOB,),
    origins=PLANNED,
    applies=_adopts,
    bad="an import block for a job that somebody paused, and nothing under `paused` in the catalog",
    good="paused: {reason: found paused when adopted, owner: data-platform, review: 2026-12-07}",
    waivable=False,
)
def adopted_pause(job: Resource) -> Iterator[str]:
    """Whoever paused it had a reason, and no catalog has it yet. That nothing holds it says only that nobody wrote it down."""
    change = job.change
    if change is not None and change.before.values.get("paused") is True and change.after.values.get("paused") is not True:
        yield "is paused, and would be resumed by being adopted; declare it paused, or resume it by hand first"


@rule(
    42,
    "adopted-unchanged",
    "A job is adopted as it is found",
    kinds=(JOB,),
    origins=PLANNED,
    applies=_adopts,
    bad="an import block for a job, and another schedule for it in the same plan",
    good="a plan that says 1 to import, 0 to change; the new schedule in the next one",
)
def adopted_unchanged(job: Resource) -> Iterator[str]:
    """What an import changes was never reviewed: the difference is against whatever somebody made by hand. A pause alone is
    fine, as it is what a hold asks of every job."""
    change = job.change
    if change is None or forgets_token(change.before.values, change.after.values, change.changed):
        return
    if names := [name for name in change.changed if name != "paused"]:
        what = " and its ".join(names)
        yield f"is adopted and changed at once, in its {what}; adopt it as it is, and change it in a later plan"
