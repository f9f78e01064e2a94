"""What a plan adopts: jobs that are there and that Terraform takes over, as they are or not. Pure.

Adoption decides nothing. Whoever adopts a job and changes it in one plan can't be told from whoever changed it by mistake, and
a job that was paused on purpose would run again because nobody had written that down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from interlock.names import count
from interlock.review.jobs import Situation
from interlock.review.remark import Remark, Topic, listed
from interlock.terraform.job_changes import JobChange
from interlock.terraform.plan import NO_ACTION, UPDATE

THE_PLAN = "the plan"
MANY = 20
"""Names of attributes: the one that is left out may be the account."""
AS_IT_IS = "adopt it as it is, and change it in another pull request"
DECIDED = "somebody paused it, so declare it paused and adopt it as it is, or resume it by hand first"


def is_adoption(change: JobChange) -> bool:
    """Whether the plan takes over a job that is there, and keeps it."""
    return change.importing and not change.deposed and change.actions in (NO_ACTION, UPDATE)


def adoptions(jobs: Sequence[JobChange], after: Situation) -> Iterator[Remark]:
    """Adopted jobs that don't stay as they are, how many do, and whether the plan changes others too."""
    adopted = [change for change in jobs if is_adoption(change)]
    for change in adopted:
        if change.actions == UPDATE and not change.only_token:
            yield _changed(change, after)
    if same := [change.job for change in adopted if change.actions == NO_ACTION or change.only_token]:
        text = f"{count(len(same), 'job')} {'is' if len(same) == 1 else 'are'} adopted without a change: {listed(same)}"
        if shown := sum(change.only_token for change in adopted):
            text += f"; of {shown} Terraform writes the target again, as Google shows the token that it sends"
        yield Remark(topic=Topic.PLAN, subject=THE_PLAN, text=text, is_finding=False)
    others = sorted({change.job for change in jobs if not is_adoption(change) and _touches(change)})
    if adopted and others:
        text = f"it adopts {count(len(adopted), 'job')}, and changes or removes {listed(others)}; adopt in a plan of its own"
        yield Remark(topic=Topic.PLAN, subject=THE_PLAN, text=text)


def _changed(change: JobChange, after: Situation) -> Remark:
    (old, new), others = change.paused, change.others
    verb = "" if old == new else "pauses it" if new else "may resume it" if new is None else "resumes it"
    changes = f"changes its {listed(others, MANY)}" if others else ""
    done = " and ".join(filter(None, [verb, changes])) or "writes it, though nothing that is known of it changes"
    job = after.catalog.jobs.get(change.job)
    holds = [hold.scope for hold in after.state(job).held_by if hold.is_written] if job else []
    if verb == "pauses it" and not others and holds:
        text = f"the plan adopts it and pauses it: held by {listed(holds)}"
        return Remark(topic=Topic.PLAN, subject=change.job, text=text, is_finding=False)
    advice = DECIDED if old != new and not new else AS_IT_IS
    return Remark(topic=Topic.PLAN, subject=change.job, text=f"the plan adopts it and {done}: {advice}")


def _touches(change: JobChange) -> bool:
    """Whether it does more to a job than to make it, or to pause or resume it as a hold asks."""
    return bool(change.others) if change.actions == UPDATE else change.actions not in (NO_ACTION, ("create",), ("read",))
