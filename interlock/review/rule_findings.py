"""Which findings of `interlock validate` a change makes, and how a review says them. Pure.

A finding is known again by its rule and its subject: a message also names times and other jobs, and these change with every
edit beside it. New are those of the newer catalog less those of the older one, counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from interlock.baseline import identity
from interlock.findings import Finding
from interlock.review.collisions import CollisionChange
from interlock.review.remark import Remark, Topic, shape
from interlock.timing.collisions import CollisionKind

JOBS = "jobs."
PLAN_RULES = frozenset({"delete", "replace", "adopted-pause", "adopted-unchanged"})
"""Rules about a plan whose findings a review says by what the plan does to jobs (`plan_verdict.py`)."""
WAIVER_ENDED = "waiver-ended"
"""Said with the waiver's reason and owner (`waivers.py`)."""
COLLIDING = {
    "budget": frozenset({CollisionKind.BUDGET}),
    "gap": frozenset({CollisionKind.GAP, CollisionKind.TABLE}),
}
"""Rules whose findings a new collision between the same jobs says better, with its times."""
MORE_JOBS = " more job"
"""How a message says that it does not name all."""
_NAME = re.compile(r"[a-z][a-z0-9-]*")


def new_findings(before: Iterable[Finding], after: Sequence[Finding], renamed: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings of `after` of which `before` has fewer: for each rule and subject as many as there are more, first those
    whose message is new. `renamed` maps old names of jobs to new ones: a job takes its findings along."""
    old = [_renamed(finding, renamed) for finding in before]
    lacking = Counter(map(identity, after)) - Counter(map(identity, old))
    more = [finding for finding in after if identity(finding) in lacking]
    novelty = _novelty([finding for finding in old if identity(finding) in lacking], more)
    taken: set[int] = set()
    for place in sorted(range(len(more)), key=lambda place: -novelty[place]):
        if lacking[identity(more[place])] > 0:
            lacking[identity(more[place])] -= 1
            taken.add(place)
    return tuple(finding for place, finding in enumerate(more) if place in taken)


def _novelty(old: Sequence[Finding], after: Sequence[Finding]) -> list[int]:
    """How little each of `after` has of an old one with its rule and subject: 2 when it is worded otherwise, 1 when only what
    the words are about differs, 0 for the same message. Each old one counts once."""
    messages = Counter((identity(finding), finding.message) for finding in old)
    shapes = Counter((identity(finding), shape(finding.message)) for finding in old)
    found = [2] * len(after)
    for place, finding in enumerate(after):
        if messages[same := (identity(finding), finding.message)]:
            messages[same] -= 1
            shapes[identity(finding), shape(finding.message)] -= 1
            found[place] = 0
    for place, finding in enumerate(after):
        if found[place] and shapes[same := (identity(finding), shape(finding.message))]:
            shapes[same] -= 1
            found[place] = 1
    return found


def _renamed(finding: Finding, renamed: Mapping[str, str]) -> Finding:
    name = finding.subject.removeprefix(JOBS)
    is_renamed = finding.subject.startswith(JOBS) and name in renamed
    return replace(finding, subject=f"{JOBS}{renamed[name]}") if is_renamed else finding


def about_rules(
    new: Iterable[Finding], collisions: Sequence[CollisionChange], jobs: Collection[str], ended: Collection[str]
) -> Iterator[Remark]:
    """A finding for each that nothing else in the review says: neither a new collision of the same `jobs` nor the waivers that
    have `ended`, by subject."""
    partners = {rule: _partners(collisions, kinds) for rule, kinds in COLLIDING.items()}
    for finding in new:
        is_said = finding.rule == WAIVER_ENDED and finding.subject in ended
        if finding.rule in partners:
            is_said = _collides(finding, partners[finding.rule].get(finding.subject.removeprefix(JOBS), set()), jobs)
        if not is_said:
            yield _remark(finding)


def about_planned_rules(planned: Iterable[Finding]) -> Iterator[Remark]:
    """A finding for each rule that a plan breaks, but for those about what it does to jobs."""
    return (_remark(finding) for finding in planned if finding.rule not in PLAN_RULES)


def _remark(finding: Finding) -> Remark:
    where = f" ({finding.source})" if finding.source.file else ""
    return Remark(topic=Topic.RULE, subject=finding.subject, text=f"{finding.rule}: {finding.message}{where}")


def _partners(collisions: Sequence[CollisionChange], kinds: Collection[CollisionKind]) -> dict[str, set[str]]:
    """By job, those with which it collides anew in one of `kinds`."""
    found: dict[str, set[str]] = {}
    for change in collisions:
        if change.kind in kinds and change.is_new:
            for job in change.jobs:
                found.setdefault(job, set()).update(change.jobs)
    return found


def _collides(finding: Finding, partners: Collection[str], jobs: Collection[str]) -> bool:
    """Whether the new collisions of the job name everybody whom the finding names."""
    if not partners or MORE_JOBS in finding.message:
        return False
    return {name for name in _NAME.findall(finding.message) if name in jobs} <= {*partners}
