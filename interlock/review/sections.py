"""The sections of a review's comment, each in blocks of which the last may be cut. Pure.

What is read first stands open and is short; tables of many rows are folded. Every text of the catalog goes through
`drawing.markdown`, or through `as_html` where GitHub reads HTML, so nothing in it is markup, calls people or links elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from interlock.drawing.markdown import code, escaped
from interlock.review.alike import MANY, AlikeRemarks, alike_jobs
from interlock.review.collisions import CollisionChange, blamed, in_numbers
from interlock.review.coverage import Member, ScopeChange, missed_in_words
from interlock.review.diff import Field, How
from interlock.review.job_sections import jobs_section, strips_section
from interlock.review.markup import MAX_TEXT, SHOWN_NAMES, Section, codes, columns, dated, folded, row, value
from interlock.review.remark import shape
from interlock.review.review import Review

OPEN_REMARKS = 12
"""So many findings and notes each; Atlantis folds beyond as many lines, too."""
MANY_ROWS = 2
"""More rows of collisions than these that come and go alike are one."""


def sections(review: Review) -> Iterator[Section]:
    """Those that have something to say, in the order in which they stand."""
    groups = alike_jobs(review.jobs)
    found = [
        *_remarks("findings", "", [group for group in review.alike if group.first.is_finding]),
        *_remarks("notes", "\nNotes:\n", [group for group in review.alike if not group.first.is_finding]),
        jobs_section(groups, review.at),
        strips_section(groups),
        _collisions(review),
        _coverage(review),
        _waivers(review),
        _others(review),
    ]
    return (section for section in found if section.blocks)


def _remarks(name: str, head: str, groups: Sequence[AlikeRemarks]) -> Iterator[Section]:
    lines = [f"- **{group.first.topic}** {_remark(group)}\n" for group in groups]
    yield Section(name=name, head=f"{head}\n", blocks=tuple(lines[:OPEN_REMARKS]))
    yield folded(f"more {name}", f"{len(lines) - OPEN_REMARKS} more {name}", "", lines[OPEN_REMARKS:])


def _remark(group: AlikeRemarks) -> str:
    """What it says and of whom; where many are alike the words are those of the first, and the names are folded."""
    subjects, text = group.subjects, escaped(group.first.text, 3 * MAX_TEXT)
    if len(subjects) <= SHOWN_NAMES + 1:
        return f"{', '.join(map(code, subjects))}: {text}"
    words = "" if group.is_exact else "; the first of them: "
    names = ", ".join(map(code, subjects[SHOWN_NAMES:]))
    return f"{codes(subjects)}{words or ': '}{text} <details><summary>the others</summary>{names}</details>"


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
    rows = (
        _gone(found, zones) if found[0].vanishes else _collision(found, zones) for found in _few(alike.values(), review.names)
    )
    return folded("collisions", title, columns("", "jobs", "over", "times", "first", "why"), rows)


def _few(groups: Iterable[Sequence[CollisionChange]], names: Collection[str]) -> list[list[CollisionChange]]:
    """The rows; many of one kind that come and go alike, over whatever and between whomever, are one."""
    alike: dict[object, list[Sequence[CollisionChange]]] = {}
    for found in groups:
        first = found[0]
        times, why = (_times(first), shape(first.why, names)) if not first.vanishes else ("", "")
        alike.setdefault((first.kind, first.severity, first.appears, first.vanishes, times, why), []).append(found)
    rows = (
        [[one for found in several for one in found]] if len(several) > MANY_ROWS else several for several in alike.values()
    )
    return [[*found] for several in rows for found in several]


def _word(change: CollisionChange) -> str:
    if not change.appears:
        return ""
    return "more days" if change.before.times else "**new**"


def _times(change: CollisionChange) -> str:
    """How often it comes, before and after."""
    return "<br>".join(in_numbers(change))


def _collision(changes: Sequence[CollisionChange], zones: Mapping[str, str]) -> str:
    """A row; instants in the zone of the first of the jobs that changed, by `zones`. Only what is new needs its why."""
    change = changes[0]
    place = next((zones[job] for job in change.jobs if job in zones), "Etc/UTC")
    return row(
        _word(change),
        codes(list(dict.fromkeys(job for one in changes for job in one.jobs))),
        _over(changes),
        _times(change),
        escaped(dated(change.first, place)) if change.first and change.appears else "",
        escaped(change.why, MAX_TEXT) if change.appears else "",
    )


def _gone(changes: Sequence[CollisionChange], zones: Mapping[str, str]) -> str:
    """A row for all that a job no longer collides with."""
    whose = list(dict.fromkeys(blamed(change, zones.keys()) for change in changes))
    others = sorted({job for change in changes for job in change.jobs} - {*whose})
    who = [one for one in whose if one in zones]
    with_whom = f"{codes(who)} with {codes(others)}" if who and others else codes(who or others)
    return row("gone", with_whom, _over(changes), "", "", "")


def _over(changes: Sequence[CollisionChange]) -> str:
    """The kind, how bad it is, and the service or tables."""
    first = changes[0]
    bad = f", {first.severity.label}" if first.severity is not None else ""
    return f"{first.kind}{bad}<br>{codes(sorted({change.subject for change in changes}))}"


# Coverage: a paragraph a scope; tables that gain and lose the same jobs share one, with the why of the first.


def _coverage(review: Review) -> Section:
    alike: dict[object, list[ScopeChange]] = {}
    for change in review.coverage:
        key = (_names(change), missed_in_words(change)) if _is_alike(change) else change.scope
        alike.setdefault(key, []).append(change)
    gone = {job.name for job in review.jobs if job.change.how is How.REMOVED}
    title = "<b>Coverage</b>: what backfills, windows and the breaker (table/...) would hold"
    return folded("coverage", title, "", (_scopes(changes, gone) for changes in alike.values()))


def _is_alike(change: ScopeChange) -> bool:
    """Whether others like it need no words of their own: tables, and what only costs other runs."""
    return change.scope.startswith("table/") or not any(_names(change))


def _names(change: ScopeChange) -> tuple[tuple[str, ...], ...]:
    parts = (change.joins, change.leaves, change.nearly, change.no_longer_nearly)
    return tuple(tuple(member.job for member in part) for part in parts)


def _scopes(changes: Sequence[ScopeChange], gone: set[str]) -> str:
    first = changes[0]
    missed = missed_in_words(first)
    return "".join(
        [
            f"- {codes([change.scope for change in changes])}{f': {escaped(missed)}' if missed else ''}\n",
            *_members("joins", first.joins, gone),
            *_members("leaves", first.leaves, gone),
            *_members("is a near miss now", first.nearly, gone),
            *_members("is no near miss any more", first.no_longer_nearly, gone),
        ]
    )


def _members(what: str, members: Sequence[Member], gone: set[str]) -> Iterator[str]:
    """A line a job; many that join or leave for alike reasons have one, with the reason of the first."""
    alike: dict[str, list[Member]] = {}
    for member in members:
        alike.setdefault(shape(_why(member, gone), {one.job for one in members}), []).append(member)
    for found in alike.values():
        if len(found) > MANY:
            yield f"  - {codes([one.job for one in found])} each {what}: {escaped(_why(found[0], gone), 2 * MAX_TEXT)}\n"
        else:
            yield from (f"  - {code(one.job)} {what}: {escaped(_why(one, gone), 2 * MAX_TEXT)}\n" for one in found)


def _why(member: Member, gone: set[str]) -> str:
    return "the job is gone" if member.job in gone else "; ".join(filter(None, [member.how, member.why]))


# The rest


def _waivers(review: Review) -> Section:
    """Those to look at now: of a platform with many, a table of all would be most of every comment."""
    due = [note for note in review.waivers if note.is_due]
    rows = [
        row(
            code(note.subject),
            code(note.waiver.rule, MAX_TEXT),
            f"{note.says} ({note.waiver.until})",
            note.age,
            escaped(note.waiver.reason, MAX_TEXT),
            escaped(note.waiver.owner, MAX_TEXT),
        )
        for note in due
    ]
    title = f"<b>Waivers</b>: {len(due)} new, or ending within 30 days, of {len(review.waivers)}"
    return folded("waivers", title, columns("where", "rule", "when", "age", "why", "owner"), rows)


def _others(review: Review) -> Section:
    lines: dict[str, list[str]] = {}
    for section, things in review.changes.others.items():
        for thing in things:
            what = _fields(thing.fields) if thing.how is How.CHANGED else str(thing.how)
            concerned = review.concerned.get(thing.newest.name, []) if section == "services" else []
            calls = f"; called by {codes(concerned)}" if concerned and thing.how is How.CHANGED else ""
            lines.setdefault(f"{what}{calls}", []).append(f"{section}.{thing.newest.name}")
    blocks = [f"- {codes(names)}: {what}\n" for what, names in lines.items()]
    seasons = ", seasons" if review.changes.seasons else ""
    return folded("other changes", f"<b>Also changed</b>: windows, backfills, processors, services{seasons}", "", blocks)


def _fields(fields: Sequence[Field]) -> str:
    return "; ".join(f"{field.key} {value(field.before)} → {value(field.after)}" for field in fields)
