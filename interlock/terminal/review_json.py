"""A review as JSON, for programs."""

from __future__ import annotations

from collections.abc import Sequence

from interlock.catalog import Json
from interlock.holds import format_instant
from interlock.review.alike import AlikeJobs, alike_jobs, edits_of
from interlock.review.collisions import CollisionChange
from interlock.review.coverage import Member, Missed, ScopeChange
from interlock.review.diff import Field, OtherChange
from interlock.review.jobs import JobReview, Side
from interlock.review.net import ratio
from interlock.review.remark import Remark
from interlock.review.review import Review
from interlock.timing.days_in_words import Often


def as_json(review: Review) -> Json:
    """All of it."""
    return {
        "at": format_instant(review.at),
        "with_plan": review.with_plan,
        "findings": [_remark(remark) for remark in review.findings],
        "new_rule_findings": [
            {"rule": one.rule, "subject": one.subject, "message": one.message, "source": str(one.source)}
            for one in review.rule_findings
        ],
        "notes": [_remark(remark) for remark in review.notes],
        "jobs": [_job(job) for job in review.jobs],
        "alike": [_alike(group) for group in alike_jobs(review.jobs)],
        "other_changes": [
            _other(section, thing, review) for section, things in review.changes.others.items() for thing in things
        ],
        "net": _net(review),
        "collisions": [_collision(change) for change in review.collisions],
        "coverage": [_scope(change) for change in review.coverage],
        "waivers": [
            {
                "subject": note.subject,
                "rule": note.waiver.rule,
                "reason": note.waiver.reason,
                "owner": note.waiver.owner,
                "until": note.waiver.until.isoformat(),
                "age_days": note.age_days,
                "is_new": note.is_new,
                "days_left": note.days_left,
            }
            for note in review.waivers
        ],
        "cost": {
            "billed_jobs": [review.cost.before, review.cost.after],
            "cents_a_month": review.cost.cents,
        },
    }


def _net(review: Review) -> Json:
    """Ratios, as what is expected is a figure only where all of it was measured; null where no meeting changes."""
    if not (net := review.net):
        return None
    return {
        "conflicts_ratio": ratio(net.after.total, net.before.total),
        "too_early_ratio": ratio(net.after.too_early, net.before.too_early),
        "meetings_over_tables": net.tables,
        "too_soon": net.order,
        "is_worse": net.is_worse_over_tables or net.is_worse_in_order,
    }


def _other(section: str, thing: OtherChange, review: Review) -> Json:
    name = thing.newest.name
    said: dict[str, Json] = {"section": section, "name": name, "how": thing.how, "fields": _fields(thing.fields)}
    return said | ({"jobs": [*review.concerned[name]]} if section == "services" else {})


def _remark(remark: Remark) -> Json:
    return {"topic": remark.topic, "subject": remark.subject, "text": remark.text}


def _fields(fields: Sequence[Field]) -> list[Json]:
    return [{"key": field.key, "before": field.before, "after": field.after} for field in fields]


def _job(job: JobReview) -> Json:
    return {
        "name": job.name,
        "how": job.change.how,
        "fields": _fields(job.change.fields),
        "edits": [edit.said("->") for edit in edits_of(job)],
        "before": _side(job.before),
        "after": _side(job.after),
        "moved_minutes": {moved.season: int(moved.by.total_seconds() // 60) for moved in job.moved},
        "zone_moved_minutes": {moved.season: int(moved.by.total_seconds() // 60) for moved in job.zone_moved},
        "first_new": format_instant(job.first_new) if job.first_new else None,
        "first_gone": format_instant(job.first_gone) if job.first_gone else None,
    }


def _alike(group: AlikeJobs) -> Json:
    return {"jobs": [*group.names], "edits": [edit.said("->") for edit in group.edits]}


def _side(side: Side | None) -> Json:
    if side is None:
        return None
    return {
        "name": side.job.name,
        "schedule": side.job.schedule.text,
        "in_words": side.words,
        "time_zone": side.job.time_zone,
        "next_fires": [format_instant(fire) for fire in side.next_fires],
        "fires_a_day": round(side.rate.average, 3) if side.rate.is_known else None,
        "declared_paused": side.job.paused is not None,
        "paused": side.state.paused,
        "held_by": [{"scope": hold.scope, "until": format_instant(hold.end)} for hold in side.state.held_by],
    }


def _collision(change: CollisionChange) -> Json:
    return {
        "kind": change.kind,
        "subject": change.subject,
        "jobs": [*change.jobs],
        "severity": change.severity.label if change.severity is not None else None,
        "appears": change.appears,
        "vanishes": change.vanishes,
        "why": change.why,
        "before": _often(change.before),
        "after": _often(change.after),
        "new": _often(change.new),
        "gone": _often(change.gone),
        "first": format_instant(change.first) if change.first else None,
    }


def _often(often: Often) -> Json:
    """How often in a year, on how many and on which days; `a_week` where each week of them has as many."""
    return {"times": often.times, "days": often.days, "when": often.when.text, "a_week": often.a_week}


def _scope(change: ScopeChange) -> Json:
    return {
        "scope": change.scope,
        "joins": _members(change.joins),
        "leaves": _members(change.leaves),
        "near_misses": _members(change.nearly),
        "no_longer_near_misses": _members(change.no_longer_nearly),
        "runs_missed": [_missed(change.missed_before), _missed(change.missed_after)],
    }


def _members(members: Sequence[Member]) -> list[Json]:
    return [{"name": member.job, "how": member.how, "why": member.why} for member in members]


def _missed(missed: Missed | None) -> Json:
    if missed is None:
        return None
    return {"runs": missed.runs, "by_job": {**missed.by_job}, "minutes": int(missed.during.total_seconds() // 60)}
