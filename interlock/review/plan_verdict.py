"""What a Terraform plan will really do to jobs, held against what the catalogs, the flags and the holds explain. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from interlock.holds import Hold
from interlock.names import count
from interlock.review.adoption_verdict import MANY, THE_PLAN, adoptions, is_adoption
from interlock.review.diff import Difference
from interlock.review.jobs import Situation
from interlock.review.remark import Remark, Topic, listed
from interlock.review.removals import Removals, accepted_in_words
from interlock.shares import shares
from interlock.terraform.job_changes import JobChange, JobChanges, of_target
from interlock.terraform.plan import REPLACEMENTS, UPDATE

LOOKED_AT = ("paused", "schedule", "time_zone")
"""Attributes whose drift is a finding, beside those of a target: they decide when a job runs."""
EXPLAINS: Mapping[str, frozenset[str]] = {
    "target.path": frozenset({"URL"}),
    "target.method": frozenset({"method"}),
    "target.headers": frozenset({"headers"}),
    "target.body": frozenset({"body", "headers"}),
    "target.token": frozenset({"account", "audience", "scope"}),
    "target.attributes": frozenset({"attributes"}),
}
"""What of a target a key of the catalog decides. Any other key of a target, such as its service, may decide all of it."""


def verdicts(plan: JobChanges, changes: Difference, before: Situation, after: Situation) -> Iterator[Remark]:
    """Every remark about the plan: what it does and why, and what was changed outside of it."""
    yield from _held_and_gone(changes, before, after)
    ended = _ended(plan, before)
    for change in plan.jobs:
        if not is_adoption(change):
            yield from _about(change, before, after, ended)
        if change.actions == UPDATE and not change.importing:
            yield from _unasked(change, changes, after)
    yield from adoptions(plan.jobs, after)
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


def _about(change: JobChange, before: Situation, after: Situation, ended: Sequence[Hold]) -> Iterator[Remark]:
    """What the plan does to one job. A deletion that the catalog says is not said twice."""
    if change.deposed:
        verb = "lets go of" if "forget" in change.actions else "deletes"
        yield _finding(change, f"the plan {verb} what an interrupted replacement left of it")
    elif change.actions in REPLACEMENTS:
        why = f" because of {listed(list(change.changed))}" if change.changed else ""
        verb = "creates it anew and lets go of the old one" if "forget" in change.actions else "deletes and creates it"
        yield _finding(change, f"the plan {verb}{why}: its history is lost, and what it would run in between")
    elif "forget" in change.actions:
        yield _let_go(change, before, after)
    elif "delete" in change.actions:
        if change.job in after.catalog.jobs:
            yield _finding(change, "the plan deletes it, although the catalog has it: is it a plan of another commit?")
        elif change.job not in before.catalog.jobs:
            yield _deleted_elsewhere(change, after)
    elif change.actions == UPDATE:
        yield from _updated(change, before, after, ended)
    elif change.importing:
        yield _finding(change, f"the plan adopts it and has to {' and '.join(change.actions)} it: plan again")


def _let_go(change: JobChange, before: Situation, after: Situation) -> Remark:
    """A job that stays in Cloud Scheduler when it goes from the state: it runs on, and whoever pauses all jobs misses it."""
    if change.job in after.catalog.jobs and len(shares(after.catalog)) > 1:
        text = f"the plan lets go of it: it moves to the stack of {after.catalog.jobs[change.job].platform}, and stays as it is"
        return Remark(topic=Topic.PLAN, subject=change.job, text=text, is_finding=False)
    if change.job in after.catalog.jobs:
        return _finding(change, "the plan lets go of it, although the catalog has it: is it a plan of another commit?")
    if change.job not in before.catalog.jobs and change.job not in after.catalog.removed:
        return _finding(change, "the plan lets go of it, and neither side has it: was it deployed from elsewhere?")
    text = "the plan lets go of it: it stays in Cloud Scheduler as it is, and no hold, backfill or alert is about it any more"
    said = _accepted(change, after)
    advice = "" if said else "; delete it, or say under `removed` why, whose decision that is and until when"
    return Remark(topic=Topic.PLAN, subject=change.job, text=f"{text}{said or advice}", is_finding=not said)


def _deleted_elsewhere(change: JobChange, after: Situation) -> Remark:
    """A job that neither catalog has: left over from a commit before, or another's; fine where somebody says that it goes."""
    if said := _accepted(change, after):
        return Remark(topic=Topic.PLAN, subject=change.job, text=f"the plan deletes it{said}", is_finding=False)
    return _finding(change, "the plan deletes it, and neither side has it: was it deployed from elsewhere?")


def _accepted(change: JobChange, after: Situation) -> str:
    """Whose decision it is that the catalog no longer has a job; empty when nobody's."""
    entry = Removals(catalog=after.catalog, today=after.at.date()).named(change.job)
    return f"; {accepted_in_words(entry)}" if entry else ""


def _updated(change: JobChange, before: Situation, after: Situation, ended: Sequence[Hold]) -> Iterator[Remark]:
    old, new = change.paused
    if new is None and "paused" in change.changed:
        yield _finding(change, "the plan can't tell whether it will be paused; coordination has to be deployed first")
    elif old != new:
        why = _explained(change.job, new is True, before, after, ended)
        verb = "pauses" if new else "resumes"
        text = f"the plan {verb} it: {why}" if why else f"the plan {verb} it, and neither catalog, flag nor hold explains that"
        yield Remark(topic=Topic.PLAN, subject=change.job, text=text, is_finding=why is None)


def _unasked(change: JobChange, changes: Difference, after: Situation) -> Iterator[Remark]:
    """Attributes other than `paused` that the plan changes and the catalogs do not, as far as their difference tells."""
    is_known = any(job.newest.name == change.job for job in changes.jobs)
    explained = _explained_parts(change, changes, after)
    parts = of_target([part for part in change.target_changed if part not in explained])
    others = [name for name in change.others if name not in of_target(change.target_changed)]
    if said := [*([] if is_known else others), *parts]:
        text = f"the plan changes its {listed(said, MANY)}, and the catalog does not: changed by hand, or another environment?"
        is_finding = bool(parts) or not {*others}.isdisjoint(LOOKED_AT)
        yield Remark(topic=Topic.PLAN, subject=change.job, text=text, is_finding=is_finding)


def _explained_parts(change: JobChange, changes: Difference, after: Situation) -> frozenset[str]:
    """The parts of a target that the catalogs' difference may change: by keys of the job, or by those of its service."""
    every = frozenset(change.target_changed)
    job = after.catalog.jobs.get(change.job)
    if job is not None and any(job.target.service.name in service.names for service in changes.services):
        return every
    keys = [key for one in changes.jobs if change.job in one.names for key in one.keys if key.startswith("target.")]
    return frozenset().union(*(EXPLAINS.get(key, every) for key in keys))


def _ended(plan: JobChanges, before: Situation) -> list[Hold]:
    """What has held jobs and does not any more: the flags that the plan takes away, and holds whose end has passed."""
    standing = {hold.object_name for hold in before.holding.active}
    return [hold for hold in (*plan.flags_off, *plan.holds) if hold.object_name not in standing]


def _explained(name: str, paused: bool, before: Situation, after: Situation, ended: Sequence[Hold]) -> str | None:
    """Why a job changes its state, or None when nothing says so. That nothing holds it is no reason to resume a job: whoever
    paused it by hand, before it was imported say, had one. A hold that was there and has ended is."""
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
    if was_declared:
        return "the catalog no longer declares it paused"
    held = sorted({hold.scope for hold in ended if name in before.holding.covered(hold) | after.holding.covered(hold)})
    return f"nothing holds it any more after {listed(held)}" if held else None


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
    elif wrong or change.target_changed:
        values = {"paused": change.paused, "schedule": change.schedule, "time_zone": change.time_zone}
        said = [f"{name} from {_value(values[name][0])} to {_value(values[name][1])}" for name in wrong]
        said += [f"its {part}" for part in of_target(change.target_changed)]
        text = f"somebody changed {listed(said, MANY)} outside of Terraform; the plan takes that back"
        yield Remark(topic=Topic.DRIFT, subject=change.job, text=text)


def _value(value: bool | str | None) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _not_in_plan(plan: JobChanges, changes: Difference) -> Iterator[Remark]:
    """Jobs that the catalog removes and the plan does not: the plan is another commit's, or they were never deployed."""
    deleted = {change.job for change in plan.jobs if "delete" in change.actions or "forget" in change.actions}
    if missing := sorted(set(changes.gone) - deleted):
        text = f"the catalog removes {listed(missing)}, and the plan deletes {count(len(deleted), 'job')}, not these"
        yield Remark(topic=Topic.PLAN, subject=THE_PLAN, text=text, is_finding=False)


def _finding(change: JobChange, text: str) -> Remark:
    return Remark(topic=Topic.PLAN, subject=change.job, text=text)
