"""Maintenance windows, and Interlock's own timers, which must run whatever is held."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.names import OWN_PREFIX, rounded
from policies.rules.estate import JOB, Estate, Resource
from policies.rules.rule import DEPLOYED, rule
from policies.rules.values import NOTHING, Malformed


def is_timer(job: Resource) -> bool:
    """Whether it is one of Interlock's own jobs: the tick, which is the watchdog, or one that opens or closes a window."""
    return job.name.startswith(OWN_PREFIX) or "window" in job.facts


@rule(
    22,
    "window",
    "A window ends sooner than any hold may, and covers none of Interlock's timers",
    kinds=(JOB,),
    origins=DEPLOYED,
    never_old=True,
    applies=lambda job: "window" in job.facts,
    bad="windows:\n  weekend: {schedule: ..., duration: 5d, ...}  # with max_hold: 4d",
    good="duration: 2h",
)
def window(job: Resource) -> Iterator[str]:
    """A window is a hold that comes by itself: nobody may ask for one longer than the environment's `max_hold`. One that held
    the timer which closes it would never end."""
    said = job.facts.block("window") or NOTHING
    name, lasts, limit = said.text("name"), said.seconds("duration_s"), said.seconds("max_hold_s")
    if lasts is None or limit is None:
        raise Malformed("its window", "without an end or a limit", "one with duration_s and max_hold_s")
    if lasts >= limit:
        yield f"window/{name} lasts {rounded(lasts)} and a hold at most {rounded(limit)}; make it shorter"
    for covered in said.texts("covers"):
        if covered.startswith(OWN_PREFIX):
            yield f"window/{name} covers {covered}, a timer that has to run while it is open; take it out of its scopes"


@rule(
    23,
    "timer",
    "Interlock's timers are in no scope, and are never paused",
    kinds=(JOB,),
    origins=DEPLOYED,
    never_old=True,
    applies=is_timer,
    bad='scopes = {all = ["interlock-tick", ...]}',
    good="scopes that list jobs of the catalog only",
)
def timer(job: Resource, estate: Estate) -> Iterator[str]:
    """Who ends a hold may not be held by it: elsewhere "the event that re-enables can't be scheduled during the blackout"."""
    if job.attributes.flag("paused") is not False:
        yield f"is a timer and paused is {job.attributes.flag('paused')}; write paused = false"
    scopes = estate.locals.block("scopes")
    if scopes is None:
        yield "no scopes stand beside it, so nobody knows which it is in; synthesize all stacks into one folder"
        return
    inside = [scope for scope in scopes.names() if job.attributes.text("name") in scopes.texts(scope)]
    if inside:
        yield f"is in {', '.join(sorted(inside)[:3])}; take it out of every scope"
