"""The sections of a review's comment, each in blocks of which the last may be cut. Pure.

What is read first stands open and is short; tables of many rows are folded. Every text of the catalog goes through
`drawing.markdown`, or through `_html` where GitHub reads HTML, so nothing in it is markup, calls people or links elsewhere.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from interlock.cron import zone
from interlock.drawing.markdown import code, escaped
from interlock.drawing.strip import LEGEND, ruler, strip
from interlock.holds import format_end
from interlock.names import plain
from interlock.review.collisions import SINCE_EVER, CollisionChange, blamed, in_numbers
from interlock.review.coverage import Member, ScopeChange, missed_in_words
from interlock.review.diff import Field, How, in_yaml
from interlock.review.job_remarks import moved_in_words
from interlock.review.jobs import JobReview, Side
from interlock.review.remark import Remark
from interlock.review.review import Review
from interlock.timing.minutes import Day
from interlock.timing.words import nobody_knows

OPEN_JOBS = 3
"""So many changed jobs stand unfolded."""
TABLES = 25
"""If more change, none has a table, but a line that says how it changes."""
OPEN_REMARKS = 12
"""So many findings and notes each; Atlantis folds beyond as many lines, too."""
SHOWN_NAMES = 3
MAX_TEXT = 300
"""Characters of one value of the catalog; a body or a reason may be long."""
LABEL = 28
"""Columns of a job's name beside its strip."""
SIDES = ("before", "after")
TIMING = {"schedule", "time_zone", "paused"}
"""Keys that have rows of their own."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the comment: what stands before, blocks each of which may be cut, and what stands after them."""

    name: str
    head: str
    blocks: tuple[str, ...]
    foot: str = ""

    def text(self, kept: int) -> str:
        """The section with its first `kept` blocks; nothing at all without any."""
        return "".join([self.head, *self.blocks[:kept], self.foot]) if kept else ""


def sections(review: Review) -> Iterator[Section]:
    """Those that have something to say, in the order in which they stand."""
    found = [
        *_remarks("findings", "", review.findings),
        *_remarks("notes", "\nNotes:\n", review.notes),
        _jobs(review),
        _strips(review),
        _collisions(review),
        _coverage(review),
        _waivers(review),
        _others(review),
    ]
    return (section for section in found if section.blocks)


def _folded(name: str, title: str, head: str, blocks: Iterable[str]) -> Section:
    """A section that opens when its title is clicked. `title` is HTML."""
    opening = f"\n<details><summary>{title}</summary>\n\n{head}"
    return Section(name=name, head=opening, blocks=tuple(blocks), foot="\n</details>\n")


def _columns(*names: str) -> str:
    """The head of a table."""
    return f"| {' | '.join(names)} |\n|{' --- |' * len(names)}\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _html(text: str) -> str:
    """Text in a line that GitHub reads as HTML, where Markdown's backslashes would be seen."""
    return html.escape(plain(text, MAX_TEXT)).replace("@", "&#64;&#8203;")


def _remarks(name: str, head: str, remarks: Sequence[Remark]) -> Iterator[Section]:
    lines = [f"- **{remark.topic}** {code(remark.subject)}: {escaped(remark.text, 3 * MAX_TEXT)}\n" for remark in remarks]
    yield Section(name=name, head=f"{head}\n", blocks=tuple(lines[:OPEN_REMARKS]))
    yield _folded(f"more {name}", f"{len(lines) - OPEN_REMARKS} more {name}", "", lines[OPEN_REMARKS:])


# Jobs: those whose times or state change each with a table; of the others a line for each set of changes that they share.


def _jobs(review: Review) -> Section:
    timed = [job for job in review.jobs if _is_timed(job)]
    alike: dict[tuple[Field, ...], list[str]] = {}
    for job in review.jobs:
        if not _is_timed(job):
            alike.setdefault(job.change.fields, []).append(job.name)
    if len(timed) > TABLES:
        blocks = [f"- {_summary(job)}\n" for job in timed]
    else:
        blocks = [_job(job, review.at, is_open=len(timed) <= OPEN_JOBS) for job in timed]
    blocks += [f"- {_codes(names)}: {_fields(fields)}\n" for fields, names in alike.items()]
    return Section(name="jobs", head="\n### Jobs\n\n", blocks=tuple(blocks))


def _is_timed(job: JobReview) -> bool:
    """Whether the change says when the job runs, or in which state it is."""
    if job.before is None or job.after is None or job.change.how is How.RENAMED:
        return True
    return bool(job.change.keys & TIMING) or job.before.state.paused != job.after.state.paused


def _codes(names: Sequence[str]) -> str:
    """Names as code; of many only the first few."""
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(code(name) for name in names[:SHOWN_NAMES]) + more


def _fields(fields: Iterable[Field]) -> str:
    return "; ".join(f"{field.key} {_value(field.before)} → {_value(field.after)}" for field in fields)


def _value(text: str) -> str:
    return code(text, MAX_TEXT) if text else "(none)"


def _job(job: JobReview, at: datetime, *, is_open: bool) -> str:
    sides = {name: side for name, side in zip(SIDES, (job.before, job.after), strict=True) if side}
    table = _columns("", *sides) + "".join(_row(*cells) for cells in _rows(job, list(sides.values()), at))
    other = [field for field in job.change.fields if field.key not in {*TIMING, "was"}]
    also = f"\nAlso: {_fields(other)}\n" if other else ""
    return f"<details{' open' * is_open}><summary>{_summary(job)}</summary>\n\n{table}{also}\n</details>\n"


def _summary(job: JobReview) -> str:
    """What becomes of a job, in one line of HTML."""
    sides = [side for side in (job.before, job.after) if side]
    rates = list(dict.fromkeys(str(side.rate) for side in sides))
    facts = [
        "" if job.change.how is How.CHANGED else str(job.change.how),
        " → ".join(dict.fromkeys(f'"{side.job.schedule}"' for side in sides)),
        moved_in_words(job) if job.change.how is How.CHANGED else "",
        " → ".join(rates) if len(rates) > 1 else "",
        "paused by declaration" if sides[-1].job.paused else "",
    ]
    return f"<b>{_html(job.name)}</b>: {_html('; '.join(filter(None, facts)))}"


def _rows(job: JobReview, sides: Sequence[Side], at: datetime) -> Iterator[list[str]]:
    if job.change.how is How.RENAMED:
        yield ["name", *(code(side.job.name) for side in sides)]
    yield ["cron", *(code(side.job.schedule.text) for side in sides)]
    yield ["in words", *(escaped(side.words) for side in sides)]
    yield ["zone", *(escaped(side.job.time_zone) for side in sides)]
    yield [
        "next fires",
        *(_next_fires(side) for side in sides),
    ]
    yield ["fires", *(escaped(str(side.rate)) for side in sides)]
    yield ["declared", *(_declared(side) for side in sides)]
    states = (side.state.explain(zone(side.job.time_zone), at) for side in sides)
    yield [f"at {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", *(escaped(state, MAX_TEXT) for state in states)]


def _next_fires(side: Side) -> str:
    if not side.next_fires:
        return escaped(nobody_knows(side.job.schedule))
    return "<br>".join(escaped(_dated(fire, side.job.time_zone)) for fire in side.next_fires)


def _dated(instant: datetime, zone_name: str) -> str:
    place = zone(zone_name)
    return f"{instant.astimezone(place):%a} {format_end(instant, place, SINCE_EVER)}"


def _declared(side: Side) -> str:
    paused = side.job.paused
    if side.job.undecided:
        return in_yaml(side.job.undecided)
    return escaped(f"paused: {in_yaml(paused)}", MAX_TEXT) if paused else "should run"


# The day: a strip a changed job before and one after, under the hours of its zone.


def _strips(review: Review) -> Section:
    by_day: dict[tuple[str, str], list[JobReview]] = {}
    for job in review.jobs:
        if _is_timed(job) and any(side.fires for side in (job.before, job.after) if side):
            by_day.setdefault((job.day.date.isoformat(), job.day.zone.key), []).append(job)
    blocks = [block for _, jobs in sorted(by_day.items()) for block in _strips_of_a_day(jobs)]
    foot = f"```\n<sub>{LEGEND}.</sub>\n"
    return Section(name="strips", head="\n### The day\n\n```text\n", blocks=tuple(blocks), foot=foot)


def _strips_of_a_day(jobs: Sequence[JobReview]) -> Iterator[str]:
    day = jobs[0].day
    yield f"{day.date:%a %Y-%m-%d}, {day.zone.key}\n{'':{LABEL + len(SIDES[0])}}  {ruler(day).rstrip()}\n"
    for job in jobs:
        sides = zip(SIDES, (job.before, job.after), strict=True)
        yield "".join(_strip(job.name, which, side, day) for which, side in sides if side)


def _strip(name: str, which: str, side: Side, day: Day) -> str:
    """One row; a job that is paused by declaration fires at no time."""
    label = name if len(name) < LABEL else f"{name[: LABEL - 4]}..."
    fires = side.fires if side.job.paused is None else ()
    return f"{label:<{LABEL}} {which:<{len(SIDES[0])}} {strip(fires, day, side.closed)}\n"


# Collisions: a row for each set of jobs, for all tables over which they collide as often; of those that are gone one a job.


def _collisions(review: Review) -> Section:
    appear = sum(1 for change in review.collisions if change.appears)
    vanish = sum(1 for change in review.collisions if change.vanishes)
    rest = len(review.collisions) - appear - vanish
    numbers = [f"{appear} appear" * bool(appear), f"{vanish} vanish" * bool(vanish), f"{rest} more or less often" * bool(rest)]
    title = f"<b>Collisions</b>: {', '.join(filter(None, numbers))}, over a year"
    zones = {job.name: job.day.zone.key for job in review.jobs}
    alike: dict[object, list[CollisionChange]] = {}
    for change in review.collisions:
        one = blamed(change, zones.keys()) if change.vanishes else (change.jobs, *in_numbers(change))
        alike.setdefault((change.kind, change.severity, change.appears, change.vanishes, one), []).append(change)
    rows = (_gone(found, zones) if found[0].vanishes else _collision(found, zones) for found in alike.values())
    return _folded("collisions", title, _columns("", "jobs", "over", "times", "first", "why"), rows)


def _collision(changes: Sequence[CollisionChange], zones: Mapping[str, str]) -> str:
    """A row; instants in the zone of the first of the jobs that changed, by `zones`. Only what is new needs its why."""
    change = changes[0]
    place = next((zones[job] for job in change.jobs if job in zones), "Etc/UTC")
    return _row(
        "**new**" if change.appears else "",
        _codes(change.jobs),
        _over(changes),
        "<br>".join(in_numbers(change)),
        escaped(_dated(change.first, place)) if change.first and change.appears else "",
        escaped(change.why, MAX_TEXT) if change.appears else "",
    )


def _gone(changes: Sequence[CollisionChange], zones: Mapping[str, str]) -> str:
    """A row for all that a job no longer collides with."""
    who = blamed(changes[0], zones.keys())
    others = sorted({job for change in changes for job in change.jobs} - {who})
    with_whom = f"{code(who)} with {_codes(others)}" if who in zones else _codes(others)
    return _row("gone", with_whom, _over(changes), "", "", "")


def _over(changes: Sequence[CollisionChange]) -> str:
    """The kind, how bad it is, and the service or tables."""
    first = changes[0]
    bad = f", {first.severity.label}" if first.severity is not None else ""
    return f"{first.kind}{bad}<br>{_codes(sorted({change.subject for change in changes}))}"


# Coverage: a paragraph a scope; tables that gain and lose the same jobs share one, with the why of the first.


def _coverage(review: Review) -> Section:
    alike: dict[object, list[ScopeChange]] = {}
    for change in review.coverage:
        key = _names(change) if change.scope.startswith("table/") else change.scope
        alike.setdefault(key, []).append(change)
    gone = {job.name for job in review.jobs if job.change.how is How.REMOVED}
    title = "<b>Coverage</b>: what backfills, windows and the breaker (table/...) would hold"
    return _folded("coverage", title, "", (_scopes(changes, gone) for changes in alike.values()))


def _names(change: ScopeChange) -> tuple[tuple[str, ...], ...]:
    parts = (change.joins, change.leaves, change.nearly, change.no_longer_nearly)
    return tuple(tuple(member.job for member in part) for part in parts)


def _scopes(changes: Sequence[ScopeChange], gone: set[str]) -> str:
    first = changes[0]
    missed = missed_in_words(first)
    return "".join(
        [
            f"- {_codes([change.scope for change in changes])}{f': {escaped(missed)}' if missed else ''}\n",
            *(_member("joins", member, gone) for member in first.joins),
            *(_member("leaves", member, gone) for member in first.leaves),
            *(_member("is a near miss now", member, gone) for member in first.nearly),
            *(_member("is no near miss any more", member, gone) for member in first.no_longer_nearly),
        ]
    )


def _member(what: str, member: Member, gone: set[str]) -> str:
    why = "the job is gone" if member.job in gone else escaped("; ".join(filter(None, [member.how, member.why])), 2 * MAX_TEXT)
    return f"  - {code(member.job)} {what}: {why}\n"


# The rest


def _waivers(review: Review) -> Section:
    rows = [
        _row(
            code(note.subject),
            code(note.waiver.rule, MAX_TEXT),
            f"{note.says} ({note.waiver.until})",
            note.age,
            escaped(note.waiver.reason, MAX_TEXT),
            escaped(note.waiver.owner, MAX_TEXT),
        )
        for note in review.waivers
    ]
    due = sum(note.is_due for note in review.waivers)
    title = f"<b>Waivers</b>: {due} new, or ending within 30 days, of {len(rows)}"
    return _folded("waivers", title, _columns("where", "rule", "when", "age", "why", "owner"), rows)


def _others(review: Review) -> Section:
    lines = [
        f"- {code(f'{section}.{thing.newest.name}')}: {_fields(thing.fields) if thing.how is How.CHANGED else thing.how}\n"
        for section, things in review.changes.others.items()
        for thing in things
    ]
    return _folded("other changes", "<b>Also changed</b>: windows, backfills, processors, services", "", lines)
