"""A review on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from interlock.cron import zone
from interlock.drawing.strip import LEGEND, ruler
from interlock.holds import format_end
from interlock.names import count, plain
from interlock.review.alike import AlikeJobs, AlikeRemarks, alike_jobs, edits_of
from interlock.review.bodies import NONE
from interlock.review.collisions import SINCE_EVER, CollisionChange, in_numbers
from interlock.review.coverage import ScopeChange, missed_in_words
from interlock.review.diff import How
from interlock.review.job_remarks import moved_in_words
from interlock.review.jobs import JobReview, Side
from interlock.review.remark import listed
from interlock.review.review import Review
from interlock.review.strips import strips
from interlock.terminal.tables import room, say, say_folded, whole, width
from interlock.timing.words import nobody_knows

SHOWN = 40
"""Rows of a table; --format json has all."""
LABEL = 8
"""Columns before a strip."""
WIDE_INDENT = 4
"""Columns before what is folded of a collision."""


def print_review(review: Review) -> None:
    """Findings first, then what changes; remarks that say the same of several things are one."""
    number = len(review.findings)
    say(f"{count(number, 'finding') if number else 'No findings'}, as of {review.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    if review.net:
        say_folded(f"Net: {review.net}")
    for alike in review.alike:
        _print_remark(alike)
    if review.jobs:
        groups = alike_jobs(review.jobs)
        _print_jobs(groups, review.at)
        _print_strips(groups)
    _print_others(review)
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


def _print_remark(alike: AlikeRemarks) -> None:
    """What it says and of whom; where many are alike the words are those of the first."""
    subjects = [plain(subject) for subject in alike.subjects]
    names = ", ".join(subjects) if alike.is_exact else f"{listed(subjects)}, the first of them"
    say_folded(f"{'!' if alike.first.is_finding else '-'} {alike.first.topic}: {names}: {plain(alike.first.text)}")


def _print_jobs(groups: Sequence[AlikeJobs], at: datetime) -> None:
    """A block a job, or for those that are edited alike: what differs, before and after, on one line where there is room."""
    say()
    for group in groups[:SHOWN]:
        if len(group.jobs) > 1:
            _print_alike(group)
            continue
        (job,) = group.jobs
        how = "" if job.change.how is How.CHANGED else f" ({job.change.how})"
        moved = moved_in_words(job)
        say_folded(f"{job.name}{how}{f': {moved}' if moved else ''}")
        for key, before, after in _lines(job, at):
            sides = [whole(plain(before)), whole(plain(after))]
            line = f"  {plain(key)}: {' -> '.join(side for side in sides if side)}"
            if not before and not after:
                say_folded(plain(key), indent="  ")
            elif width(line) <= room():
                say(line)
            else:
                say_folded(f"{plain(key)}: {plain(before)}", indent="  ")
                say_folded(f"-> {plain(after)}", indent="    ")
    if len(groups) > SHOWN:
        say(f"and {count(sum(len(group.jobs) for group in groups[SHOWN:]), 'more job')}; --format json has all")


def _print_alike(group: AlikeJobs) -> None:
    say_folded(f"{listed([*group.names])} ({count(len(group.jobs), 'job')}){f': {group.moved}' if group.moved else ''}")
    for line in (*(edit.said("->") for edit in group.edits), *group.first_fires):
        say_folded(plain(line), indent="  ")


def _lines(job: JobReview, at: datetime) -> list[tuple[str, str, str]]:
    """What differs: what is edited, and when it fires in which state; of a job that is new or gone all of it."""
    found = [
        (edit.what, *(("", "") if edit.is_sentence else (edit.before or NONE, edit.after or NONE)))
        for edit in edits_of(job, {"schedule"})
    ]
    before, after = (_said(side, at) for side in (job.before, job.after))
    told = [(key, before.get(key, ""), after.get(key, "")) for key in before or after]
    found += [(key, old, new) for key, old, new in told if old != new or job.change.how is not How.CHANGED]
    if job.has_later_difference:
        sides = ((side, first) for side, first in ((job.before, job.first_gone), (job.after, job.first_new)) if side)
        old, new = (format_end(first, zone(side.job.time_zone), SINCE_EVER) if first else NONE for side, first in sides)
        found.append(("first of its own", old, new))
    return found


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


def _print_strips(groups: Sequence[AlikeJobs]) -> None:
    drawn = strips(groups)[:SHOWN]
    for one in drawn:
        say()
        say(f"{one.job.name}, {one.job.day.date:%a %Y-%m-%d} in {one.job.day.zone.key}")
        say(f"{'':{LABEL}} {ruler(one.job.day)}")
        for which, line in one.lines:
            say(f"{which:>{LABEL}} {line}")
        if one.more:
            say(f"and {count(one.more, 'more job')} alike")
    if drawn:
        say_folded(LEGEND)


def _print_others(review: Review) -> None:
    """Windows, backfills, processors and services that differ; of a service also which jobs call it."""
    alike: dict[str, list[str]] = {}
    for section, things in review.changes.others.items():
        for thing in things:
            fields = [f"{field.key} {field.before or NONE} -> {field.after or NONE}" for field in thing.fields]
            called = review.concerned[thing.newest.name] if section == "services" and thing.fields else []
            called_by = f"; called by {listed([*called])}" if called else ""
            said = f"{'; '.join(fields) or thing.how}{called_by}"
            alike.setdefault(said, []).append(f"{section}.{thing.newest.name}")
    if alike:
        say()
    for said, names in alike.items():
        say_folded(f"{listed(names)}: {plain(said)}")


def _print_collisions(changes: Sequence[CollisionChange]) -> None:
    say()
    say("Collisions, with how many there are in a year:")
    for change in changes[:SHOWN]:
        appears = "on more days" if change.before.times else "new"
        word = appears if change.appears else "gone" if change.vanishes else "more or fewer"
        times = ", ".join(_unless_wide(part.replace("→", "->")) for part in in_numbers(change))
        about = f"{word}: {change.kind} over {change.subject}, {listed([*change.jobs])}, {times}"
        say_folded(f"{about}: {plain(change.why)}", indent="  ")
    if len(changes) > SHOWN:
        say(f"and {count(len(changes) - SHOWN, 'more collision')}; --format json has all")


def _unless_wide(text: str) -> str:
    """`text` to be folded in only where it has no room on a line of its own."""
    return text if width(text) + WIDE_INDENT + len(":") > room() else whole(text)


def _print_scope(change: ScopeChange) -> None:
    parts = {"joins": change.joins, "leaves": change.leaves, "near miss now": change.nearly}
    said = [f"{listed([member.job for member in members])} {word}" for word, members in parts.items() if members]
    if missed := missed_in_words(change):
        said.append(missed)
    say_folded(f"{change.scope}: {'; '.join(said)}")
