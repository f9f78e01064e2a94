"""What a Terraform plan will really do to jobs, held against what the catalogs, the flags and the holds explain. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.holds import Hold
from interlock.names import count
from interlock.review.diff import Difference
from interlock.review.jobs import Situation
from interlock.review.remark import Remark, Topic, listed
from interlock.terraform.job_changes import JobChange, JobChanges

LOOKED_AT = ("paused", "schedule", "time_zone")
"""Attributes whose drift is a finding: they decide when a job runs."""
REPLACED = {("delete", "create"), ("create", "delete")}


def verdicts(plan: JobChanges, changes: Difference, before: Situation, after: Situation) -> Iterator[Remark]:
    """Every remark about the plan: what it does and why, and what was changed outside of it."""
    yield from _held_and_gone(changes, before, after)
    changed = {job.newest.name for job in changes.jobs}
    for change in plan.jobs:
        yield from _about(change, before, after)
        if change.actions == ("update",) and change.job not in changed:
            yield from _unasked(change)
    for change in plan.drift:
        yield from _drifted(change, before)
    yield from _not_in_plan(plan, changes)


def _held_and_gone(changes: Difference, before: Situation, after: Situation) -> Iterator[Remark]:
    """Jobs and scopes that go while a hold is on them: the plan refuses, or the hold outlives what it is about."""
    for hold in (hold for hold in after.holding.active if hold.is_written):
        held = [job for job in changes.gone if job in before.holding.covered(hold)]
        if hold.scope not in after.holding.scopes:
            text = f"an active hold is on it, {hold.object_name}; the plan is refused until it ends or is released"
            yield Remark(topic=Topic.HELD, subject=hold.scope, text=text)
        elif held:
            text = f"{hold.scope} holds {listed(held)}, which the catalog no longer has; wait for its end, or release it"
            yield Remark(topic=Topic.HELD, subject=hold.scope, text=text)


def _about(change: JobChange, before: Situation, after: Situation) -> Iterator[Remark]:
    """What the plan does to one job. A deletion that the catalog says is not said twice."""
    if change.deposed:
        yield _finding(change, "the plan deletes what an interrupted replacement left of it")
    elif change.actions in REPLACED:
        why = f" because of {listed(list(change.changed))}" if change.changed else ""
        yield _finding(change, f"the plan deletes and creates it{why}: its history is lost, and what it would run in between")
    elif "delete" in change.actions or "forget" in change.actions:
        if change.job in after.catalog.jobs:
            yield _finding(change, "the plan deletes it, although the catalog has it: is it a plan of another commit?")
        elif change.job not in before.catalog.jobs:
            yield _finding(change, "the plan deletes it, and neither side has it: was it deployed from elsewhere?")
    elif change.actions == ("update",):
        yield from _updated(change, before, after)


def _updated(change: JobChange, before: Situation, after: Situation) -> Iterator[Remark]:
    old, new = change.paused
    if new is None and "paused" in change.changed:
        yield _finding(change, "the plan can't tell whether it will be paused; coordination has to be deployed first")
    elif old != new:
        why = _explained(change.job, new is True, before, after)
        verb = "pauses" if new else "resumes"
        text = f"the plan {verb} it: {why}" if why else f"the plan {verb} it, and neither catalog, flag nor hold explains that"
        yield Remark(topic=Topic.PLAN, subject=change.job, text=text, is_finding=why is None)


def _unasked(change: JobChange) -> Iterator[Remark]:
    """Attributes other than `paused` of a job of which both catalogs say the same."""
    if others := [name for name in change.changed if name != "paused"]:
        text = f"the plan changes its {listed(others)}, and the catalog does not: changed by hand, or another environment?"
        yield Remark(topic=Topic.PLAN, subject=change.job, text=text, is_finding=not {*others}.isdisjoint(LOOKED_AT))


def _explained(name: str, paused: bool, before: Situation, after: Situation) -> str | None:
    """Why a job changes its state, or None when nothing says so."""
    old, new = before.catalog.jobs.get(name), after.catalog.jobs.get(name)
    was_declared = old is not None and old.paused is not None
    if new is None:
        return None
    # Terraform knows of holds by their objects only: an opening that has none yet pauses nothing in a plan.
    holding = [hold for hold in after.state(new).held_by if hold.is_written]
    if paused:
        if new.paused is not None and not was_declared:
            return f"the catalog declares it paused: {new.paused.reason}"
        return f"held by {listed([_end(hold) for hold in holding])}" if holding else None
    if new.paused is not None or holding:
        return None
    return "the catalog no longer declares it paused" if was_declared else "nothing holds it any more"


def _end(hold: Hold) -> str:
    return f"{hold.scope} until {hold.end:%Y-%m-%d %H:%M} UTC"


def _drifted(change: JobChange, before: Situation) -> Iterator[Remark]:
    """What somebody changed by hand. A pause for a hold is the coordinator's work, and as it should be."""
    wrong = [name for name in LOOKED_AT if name in change.changed]
    job = before.catalog.jobs.get(change.job)
    if "paused" in wrong and job is not None and before.state(job).paused == (change.paused[1] is True):
        wrong.remove("paused")
    if "delete" in change.actions:
        text = "somebody deleted it outside of Terraform; the plan creates it anew"
        yield Remark(topic=Topic.DRIFT, subject=change.job, text=text)
    elif wrong:
        values = {"paused": change.paused, "schedule": change.schedule, "time_zone": change.time_zone}
        said = listed([f"{name} from {_value(values[name][0])} to {_value(values[name][1])}" for name in wrong])
        text = f"somebody changed {said} outside of Terraform; the plan takes that back"
        yield Remark(topic=Topic.DRIFT, subject=change.job, text=text)


def _value(value: bool | str | None) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _not_in_plan(plan: JobChanges, changes: Difference) -> Iterator[Remark]:
    """Jobs that the catalog removes and the plan does not: the plan is another commit's, or they were never deployed."""
    deleted = {change.job for change in plan.jobs if "delete" in change.actions}
    if missing := sorted(set(changes.gone) - deleted):
        text = f"the catalog removes {listed(missing)}, and the plan deletes {count(len(deleted), 'job')}, not these"
        yield Remark(topic=Topic.PLAN, subject="the plan", text=text, is_finding=False)


def _finding(change: JobChange, text: str) -> Remark:
    return Remark(topic=Topic.PLAN, subject=change.job, text=text)
