"""A review on a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from interlock.catalog import Json
from interlock.cron import zone
from interlock.drawing.strip import LEGEND, ruler, strip
from interlock.holds import format_end, format_instant
from interlock.names import count, plain
from interlock.review.collisions import SINCE_EVER, CollisionChange, in_numbers
from interlock.review.coverage import Member, Missed, ScopeChange, missed_in_words
from interlock.review.diff import Field, How
from interlock.review.job_remarks import moved_in_words
from interlock.review.jobs import JobReview, Side
from interlock.review.remark import Remark, listed
from interlock.review.review import Review
from interlock.terminal.tables import grouped, room, say, say_folded, whole, width
from interlock.timing.days_in_words import Often
from interlock.timing.words import nobody_knows

SHOWN = 40
"""Rows of a table; --format json has all."""
LABEL = 8
"""Columns before a strip."""
SIDES = ("before", "after")


# For programs


def as_json(review: Review) -> Json:
    """All of it."""
    return {
        "at": format_instant(review.at),
        "with_plan": review.with_plan,
        "findings": [_remark(remark) for remark in review.findings],
        "notes": [_remark(remark) for remark in review.notes],
        "jobs": [_job(job) for job in review.jobs],
        "other_changes": [
            {"section": section, "name": thing.newest.name, "how": thing.how, "fields": _fields(thing.fields)}
            for section, things in review.changes.others.items()
            for thing in things
        ],
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


def _remark(remark: Remark) -> Json:
    return {"topic": remark.topic, "subject": remark.subject, "text": remark.text}


def _fields(fields: Sequence[Field]) -> list[Json]:
    return [{"key": field.key, "before": field.before, "after": field.after} for field in fields]


def _job(job: JobReview) -> Json:
    return {
        "name": job.name,
        "how": job.change.how,
        "fields": _fields(job.change.fields),
        "before": _side(job.before),
        "after": _side(job.after),
        "moved_minutes": {moved.season: int(moved.by.total_seconds() // 60) for moved in job.moved},
        "zone_moved_minutes": {moved.season: int(moved.by.total_seconds() // 60) for moved in job.zone_moved},
    }


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


# For people


def print_review(review: Review) -> None:
    """Findings first, then what changes; remarks that say the same of several things are one."""
    number = len(review.findings)
    say(f"{count(number, 'finding') if number else 'No findings'}, as of {review.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    alike = grouped((*review.findings, *review.notes), lambda remark: (remark.is_finding, remark.topic, remark.text))
    for (is_finding, topic, text), remarks in alike.items():
        subjects = ", ".join(plain(remark.subject) for remark in remarks)
        say_folded(f"{'!' if is_finding else '-'} {topic}: {subjects}: {plain(text)}")
    if review.jobs:
        _print_jobs(review.jobs, review.at)
        _print_strips(review.jobs)
    if review.collisions:
        _print_collisions(review.collisions)
    for change in review.coverage:
        _print_scope(change)
    for note in review.waivers:
        if note.is_due:
            say_folded(f"waiver of {plain(note.waiver.rule)} for {note.subject} {note.says}: {plain(note.waiver.reason)}")
    cents = review.cost.cents
    change_of_cost = f"{'+' if cents > 0 else '-'}${abs(cents) / 100:.2f} a month" if cents else "as before"
    say()
    say(f"Cost: {change_of_cost}, {count(review.cost.after, 'billed job')}")


def _print_jobs(jobs: Sequence[JobReview], at: datetime) -> None:
    """A block a job: what differs, before and after, on one line where there is room."""
    say()
    for job in jobs[:SHOWN]:
        how = "" if job.change.how is How.CHANGED else f" ({job.change.how})"
        moved = moved_in_words(job)
        say_folded(f"{job.name}{how}{f': {moved}' if moved else ''}")
        for key, before, after in _lines(job, at):
            sides = [whole(plain(before)), whole(plain(after))]
            line = f"  {key}: {' -> '.join(side for side in sides if side)}"
            if width(line) <= room():
                say(line)
            else:
                say_folded(f"{key}: {plain(before)}", indent="  ")
                say_folded(f"-> {plain(after)}", indent="    ")
    if len(jobs) > SHOWN:
        say(f"and {count(len(jobs) - SHOWN, 'more job')}; --format json has all")


def _lines(job: JobReview, at: datetime) -> list[tuple[str, str, str]]:
    """What differs: the keys, and when it fires in which state; of a job that is new or gone all of it."""
    found = [
        (field.key, field.before or "(none)", field.after or "(none)") for field in job.change.fields if field.key != "schedule"
    ]
    before, after = (_said(side, at) for side in (job.before, job.after))
    told = [(key, before.get(key, ""), after.get(key, "")) for key in before or after]
    return found + [(key, old, new) for key, old, new in told if old != new or job.change.how is not How.CHANGED]


def _said(side: Side | None, at: datetime) -> Mapping[str, str]:
    if side is None:
        return {}
    place = zone(side.job.time_zone)
    return {
        "schedule": f"{side.job.schedule} ({side.words}) in {side.job.time_zone}",
        "next": format_end(side.next_fires[0], place, SINCE_EVER) if side.next_fires else nobody_knows(side.job.schedule),
        "fires": str(side.rate),
        "state": side.state.explain(place, at),
    }


def _print_strips(jobs: Sequence[JobReview]) -> None:
    drawn = [job for job in jobs if any(side.fires for side in (job.before, job.after) if side)][:SHOWN]
    for job in drawn:
        say()
        say(f"{job.name}, {job.day.date:%a %Y-%m-%d} in {job.day.zone.key}")
        say(f"{'':{LABEL}} {ruler(job.day)}")
        for which, side in zip(SIDES, (job.before, job.after), strict=True):
            if side is not None:
                fires = side.fires if side.job.paused is None else ()
                say(f"{which:>{LABEL}} {strip(fires, job.day, side.closed)}")
    if drawn:
        say_folded(LEGEND)


def _print_collisions(changes: Sequence[CollisionChange]) -> None:
    say()
    say("Collisions, with how many there are in a year:")
    for change in changes[:SHOWN]:
        word = "new" if change.appears else "gone" if change.vanishes else "more or fewer"
        times = ", ".join(whole(part.replace("→", "->")) for part in in_numbers(change))
        about = f"{word}: {change.kind} over {change.subject}, {listed([*change.jobs])}, {times}"
        say_folded(f"{about}: {plain(change.why)}", indent="  ")
    if len(changes) > SHOWN:
        say(f"and {count(len(changes) - SHOWN, 'more collision')}; --format json has all")


def _print_scope(change: ScopeChange) -> None:
    parts = {"joins": change.joins, "leaves": change.leaves, "near miss now": change.nearly}
    said = [f"{listed([member.job for member in members])} {word}" for word, members in parts.items() if members]
    if missed := missed_in_words(change):
        said.append(missed)
    say_folded(f"{change.scope}: {'; '.join(said)}")
