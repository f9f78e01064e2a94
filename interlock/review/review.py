"""What a change of the catalog means, and not only what it says: everything that a reviewer should know, as one value. Pure.

`review` compares two catalogs at an instant, and with the facts of a Terraform plan also says what will really happen. The
renderers (`comment.py` for a comment, `commands/review.py` for a terminal and programs) add nothing of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from interlock.catalog import Catalog
from interlock.findings import ORDER, Finding, accepted
from interlock.review.alike import AlikeRemarks, alike_remarks
from interlock.review.always_held import about_always_held
from interlock.review.baseline import about_baseline
from interlock.review.collisions import CollisionChange, about_collisions, collision_changes
from interlock.review.cost import Cost, cost
from interlock.review.coverage import Covering, ScopeChange, about_coverage, coverage_changes
from interlock.review.diff import Difference, How, difference
from interlock.review.job_remarks import about_jobs, alone, unknowable, unwritten
from interlock.review.jobs import JobReview, review_jobs, situation
from interlock.review.naming import named_alike
from interlock.review.net import Net, net_effect
from interlock.review.order import about_order, inversions
from interlock.review.plan_verdict import verdicts
from interlock.review.remark import Remark, Topic
from interlock.review.removals import Removals, about_removals
from interlock.review.rule_findings import WAIVER_ENDED, about_planned_rules, about_rules, new_findings
from interlock.review.seasons import about_seasons
from interlock.review.staggering import Staggered, about_better_minutes
from interlock.review.waivers import WaiverNote, ended, waiver_notes
from interlock.review.zone_data import about_zone_data
from interlock.terraform.job_changes import JobChanges
from interlock.timing.collisions import CollisionKind
from interlock.timing.polling import polls

Rules = Callable[[Catalog, date], Sequence[Finding]]
"""What breaks a rule in a catalog on a day. The rules are above the core, so whoever reviews brings them."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a change means at `at`. Remarks, jobs, collisions and scopes are in the order in which to say them."""

    at: datetime
    remarks: tuple[Remark, ...]
    rule_findings: tuple[Finding, ...]
    """Exactly the findings of `interlock validate` that the change makes, those that a collision says better among them."""
    changes: Difference
    jobs: tuple[JobReview, ...]
    collisions: tuple[CollisionChange, ...]
    net: Net | None
    """What the schedules bring altogether; None where no meeting changes."""
    coverage: tuple[ScopeChange, ...]
    waivers: tuple[WaiverNote, ...]
    cost: Cost
    with_plan: bool
    names: frozenset[str]
    """Of all that either catalog declares: remarks that differ in these only are alike."""
    concerned: Mapping[str, list[str]]
    """By changed service the jobs that call it, sorted."""

    @property
    def findings(self) -> tuple[Remark, ...]:
        """What somebody should look at before the merge."""
        return tuple(remark for remark in self.remarks if remark.is_finding)

    @property
    def alike(self) -> tuple[AlikeRemarks, ...]:
        """Findings and notes, those that say the same of several things as one."""
        return alike_remarks(self.remarks, self.names)

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
    staggered: Staggered | None = None,
) -> Review:
    """What changes from `before` to `after`, looked at from `at` on, an aware instant. `rules` say what is new to find in the
    catalog, and `planned` what the plan breaks. Within what `staggered` keeps, jobs that move are offered a better minute."""
    before, after = named_alike(before, after)
    changes = difference(before, after)
    known = (*plan.flags_on, *plan.holds) if plan else ()
    old, new = Covering(before, at), Covering(after, at)
    was, now = situation(before, old.scopes, at, known), situation(after, new.scopes, at, known)
    jobs = review_jobs(changes.jobs, was, now)
    collided = collision_changes(before, after, at, changes.renamed) if changes else ()
    net = net_effect(before, after, at, collided)
    coverage = coverage_changes(old, new, changes.renamed) if changes else ()
    waivers = waiver_notes(before, after, at.date())
    broken = new_findings(rules(before, at.date()), rules(after, at.date()), changes.renamed)
    inverted = inversions(before, after, at, changes.renamed) if changes else ()
    day = at.date()
    removals = Removals(catalog=after, today=at.date())
    remarks = [
        *about_jobs(jobs, before, removals),
        *unknowable(jobs, after),
        *(verdicts(plan, changes, was, now) if plan else ()),
        *unwritten(before, after, removals),
        *about_order([one for one in inverted if not _is_accepted((one.producer, one.consumer), after, day)], _retimed(jobs)),
        *about_collisions(
            [c for c in collided if not _is_excused(c, after, day)], after, changes, net.excuses if net else _never
        ),
        *alone(changes, before, after, removals),
        *about_zone_data(before, after, changes.renamed, at),
        *about_planned_rules(planned),
        *about_rules(
            broken,
            [c for c in collided if not (net and net.excuses(c))],
            after.jobs.keys(),
            {note.subject for note in waivers if note.has_ended},
        ),
        *ended(waivers, {finding.subject for finding in broken if finding.rule == WAIVER_ENDED}),
        *about_baseline(before, after),
        *about_removals(changes, before, removals),
        *about_seasons(before, after, changes.seasons, at),
        *about_coverage(coverage, before, after, changes.renamed),
        *(about_always_held(before, after, changes.renamed, at) if changes else ()),
    ]
    meeting = {one.subject for one in remarks if one.is_finding and one.topic in (Topic.COLLISION, Topic.RULE)}
    remarks += about_better_minutes(_retimed(jobs), meeting, after, day, staggered)
    return Review(
        at=at,
        remarks=tuple(sorted(remarks, key=lambda remark: (not remark.is_finding, TOPICS.index(remark.topic)))),
        rule_findings=broken,
        changes=changes,
        jobs=jobs,
        collisions=collided,
        net=net,
        coverage=coverage,
        waivers=waivers,
        cost=cost(before, after),
        with_plan=plan is not None,
        names=_names(before) | _names(after),
        concerned={
            service.newest.name: sorted(n for n, job in after.jobs.items() if job.target.service.name == service.newest.name)
            for service in changes.services
        },
    )


def _is_accepted(jobs: Sequence[str], catalog: Catalog, today: date) -> bool:
    """Whether the producer or the consumer waives their order."""
    return accepted(ORDER, jobs, catalog, today) is not None


def _is_excused(change: CollisionChange, catalog: Catalog, today: date) -> bool:
    """Whether it is about an order that nobody has to mind."""
    is_order = change.kind is CollisionKind.ORDER
    return is_order and (_is_polled(change, catalog) or _is_accepted(change.jobs, catalog, today))


def _retimed(jobs: Sequence[JobReview]) -> frozenset[str]:
    """The jobs whose times changed, and those that are new."""
    return frozenset(j.name for j in jobs if j.change.keys & {"schedule", "time_zone"} or j.change.how is How.ADDED)


def _never(change: CollisionChange) -> bool:
    """Nothing is excused where nothing changes altogether."""
    del change
    return False


def _is_polled(change: CollisionChange, catalog: Catalog) -> bool:
    """Whether it is about a consumer that comes again so soon that it waits for nobody."""
    consumer = catalog.jobs.get(change.jobs[-1])
    return change.kind is CollisionKind.ORDER and consumer is not None and polls(consumer.schedule)


def _names(catalog: Catalog) -> frozenset[str]:
    sections = (catalog.jobs, catalog.services, catalog.processors, catalog.backfills, catalog.windows, catalog.platforms)
    return catalog.tables.union(*sections)


TOPICS = list(Topic)
