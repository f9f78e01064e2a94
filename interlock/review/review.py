"""What a change of the catalog means, and not only what it says: everything that a reviewer should know, as one value. Pure.

`review` compares two catalogs at an instant, and with the facts of a Terraform plan also says what will really happen. The
renderers (`comment.py` for a comment, `commands/review.py` for a terminal and programs) add nothing of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from interlock.baseline import identity
from interlock.catalog import Catalog
from interlock.findings import ORDER, Finding, accepted
from interlock.review.baseline import about_baseline
from interlock.review.collisions import CollisionChange, about_collisions, collision_changes
from interlock.review.cost import Cost, cost
from interlock.review.coverage import Covering, ScopeChange, about_coverage, coverage_changes
from interlock.review.diff import Difference, difference
from interlock.review.job_remarks import about_jobs, alone, unknowable, unwritten
from interlock.review.jobs import JobReview, review_jobs, situation
from interlock.review.naming import named_alike
from interlock.review.plan_verdict import verdicts
from interlock.review.remark import Remark, Topic
from interlock.review.waivers import WaiverNote, ended, waiver_notes
from interlock.review.zone_data import about_zone_data
from interlock.terraform.job_changes import JobChanges
from interlock.timing.collisions import CollisionKind

Rules = Callable[[Catalog, date], Sequence[Finding]]
"""What breaks a rule in a catalog on a day. The rules are above the core, so whoever reviews brings them."""

SAID_ANYWAY = frozenset({"budget", "gap", "delete", "replace", "waiver-ended", "adopted-pause", "adopted-unchanged"})
"""Rules whose findings a review says better: as collisions with their times, as what a plan does to jobs, as ended waivers."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a change means at `at`. Remarks, jobs, collisions and scopes are in the order in which to say them."""

    at: datetime
    remarks: tuple[Remark, ...]
    changes: Difference
    jobs: tuple[JobReview, ...]
    collisions: tuple[CollisionChange, ...]
    coverage: tuple[ScopeChange, ...]
    waivers: tuple[WaiverNote, ...]
    cost: Cost
    with_plan: bool

    @property
    def findings(self) -> tuple[Remark, ...]:
        """What somebody should look at before the merge."""
        return tuple(remark for remark in self.remarks if remark.is_finding)

    @property
    def notes(self) -> tuple[Remark, ...]:
        """What is good to know."""
        return tuple(remark for remark in self.remarks if not remark.is_finding)


def review(
    before: Catalog,
    after: Catalog,
    at: datetime,
    plan: JobChanges | None = None,
    *,
    rules: Rules,
    planned: Sequence[Finding] = (),
) -> Review:
    """What changes from `before` to `after`, looked at from `at` on, an aware instant. `rules` say what is new to find in the
    catalog, and `planned` what the plan breaks."""
    before, after = named_alike(before, after)
    changes = difference(before, after)
    known = (*plan.flags_on, *plan.holds) if plan else ()
    old, new = Covering(before, at), Covering(after, at)
    was, now = situation(before, old.scopes, at, known), situation(after, new.scopes, at, known)
    jobs = review_jobs(changes.jobs, was, now)
    collided = collision_changes(before, after, at, changes.renamed) if changes else ()
    coverage = coverage_changes(old, new, changes.renamed) if changes else ()
    waivers = waiver_notes(before, after, at.date())
    remarks = [
        *about_jobs(jobs, before),
        *unknowable(jobs, after),
        *(verdicts(plan, changes, was, now) if plan else ()),
        *unwritten(before, after),
        *about_collisions([change for change in collided if not _is_accepted(change, after, at.date())], after, changes),
        *alone(changes, before, after),
        *about_zone_data(before, after, changes.renamed, at),
        *_broken_rules((), planned),
        *_broken_rules(rules(before, at.date()), rules(after, at.date())),
        *ended(waivers),
        *about_baseline(before, after),
        *about_coverage(coverage, before, after, changes.renamed),
    ]
    return Review(
        at=at,
        remarks=tuple(sorted(remarks, key=lambda remark: (not remark.is_finding, TOPICS.index(remark.topic)))),
        changes=changes,
        jobs=jobs,
        collisions=collided,
        coverage=coverage,
        waivers=waivers,
        cost=cost(before, after),
        with_plan=plan is not None,
    )


def _is_accepted(change: CollisionChange, catalog: Catalog, today: date) -> bool:
    """Whether it is about an order that the producer or the consumer waives."""
    return change.kind is CollisionKind.ORDER and accepted(ORDER, change.jobs, catalog, today) is not None


TOPICS = list(Topic)


def _broken_rules(before: Sequence[Finding], after: Sequence[Finding]) -> Iterator[Remark]:
    """The findings of `interlock validate` that are new: of rules and subjects with more of them than before, those of which
    the message is new. A message names times and other jobs, so a new one alone is no new finding."""
    numbers = Counter(map(identity, after)) - Counter(map(identity, before))
    known = {(*identity(finding), finding.message) for finding in before}
    for finding in after:
        said = finding.rule in SAID_ANYWAY or (*identity(finding), finding.message) in known
        if said or not numbers[identity(finding)]:
            continue
        where = f" ({finding.source})" if finding.source.file else ""
        yield Remark(topic=Topic.RULE, subject=finding.subject, text=f"{finding.rule}: {finding.message}{where}")
