"""The sections of a comment that are about jobs: what becomes of each, and their day. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from interlock.cron import zone
from interlock.drawing.markdown import code, escaped
from interlock.drawing.strip import LEGEND, ruler
from interlock.names import count
from interlock.review.alike import AlikeJobs, edits_of
from interlock.review.as_written import in_yaml
from interlock.review.bodies import Edit
from interlock.review.diff import How
from interlock.review.edits import TIMING
from interlock.review.job_remarks import moved_in_words
from interlock.review.jobs import JobReview, Side
from interlock.review.markup import MAX_TEXT, SHOWN_NAMES, Section, and_more, as_html, codes, columns, dated, edit, row
from interlock.review.strips import SIDES, Strips, by_day, strips
from interlock.timing.words import nobody_knows

OPEN_JOBS = 3
"""So many changed jobs stand unfolded."""
TABLES = 25
"""If more change, none has a table, but a line that says how it changes."""
LISTED = 60
"""So many jobs that are edited alike are named; --format json has all."""
LABEL = 28
"""Columns of a job's name beside its strip."""


def jobs_section(groups: Sequence[AlikeJobs], at: datetime) -> Section:
    """Jobs whose times or state change each with a table, or with the others that change alike; of the others a line for each
    edit that they share."""
    timed = [group for group in groups if _is_timed(group.jobs[0])]
    single = [group for group in timed if len(group.jobs) == 1]
    blocks = [_group(group) for group in timed if len(group.jobs) > 1]
    if len(timed) > TABLES:
        blocks += [f"- {_summary(group.jobs[0])}\n" for group in single]
    else:
        blocks += [_job(group.jobs[0], at, is_open=len(timed) <= OPEN_JOBS) for group in single]
    others = [group for group in groups if not _is_timed(group.jobs[0])]
    blocks += [f"- {codes(group.names)}: {_edits(group.edits)}\n" for group in others]
    return Section(name="jobs", head="\n### Jobs\n\n", blocks=tuple(blocks))


def _is_timed(job: JobReview) -> bool:
    """Whether the change says when the job runs, or in which state it is."""
    if job.before is None or job.after is None or job.change.how is How.RENAMED:
        return True
    return bool(job.change.keys & TIMING) or job.before.state.paused != job.after.state.paused


def _edits(edits: Sequence[Edit]) -> str:
    return "; ".join(map(edit, edits))


def _group(group: AlikeJobs) -> str:
    """Jobs that are edited alike: what changes, with the jobs one by one inside."""
    names = f"<b>{as_html(', '.join(group.names[:SHOWN_NAMES]))}{and_more(group.names)}</b>"
    facts = [*(one.said("→") for one in group.edits), group.moved, *group.first_fires]
    inside = "<br>".join([*(_alike(job) for job in group.jobs[:LISTED]), *more(len(group.jobs) - LISTED)])
    title = f"{names} ({count(len(group.jobs), 'job')}): {as_html('; '.join(filter(None, facts)))}"
    return f"<details><summary>{title}</summary>\n\n{inside}\n</details>\n"


def more(left: int) -> list[str]:
    """How many are left out, if any are."""
    return [f"and {left} more"] if left > 0 else []


def _alike(job: JobReview) -> str:
    """One of several jobs: its schedule and how often it fires."""
    sides = [side for side in (job.before, job.after) if side]
    crons = list(dict.fromkeys(side.job.schedule.text for side in sides))
    rates = list(dict.fromkeys(str(side.rate) for side in sides))
    rate = f", {escaped(' → '.join(rates))}" if len(rates) > 1 else ""
    return f"{code(job.name)} {' → '.join(map(code, crons))}{rate}"


def _job(job: JobReview, at: datetime, *, is_open: bool) -> str:
    sides = {name: side for name, side in zip(SIDES, (job.before, job.after), strict=True) if side}
    table = columns("", *sides) + "".join(row(*cells) for cells in _rows(job, list(sides.values()), at))
    other = edits_of(job, {*TIMING, "was"})
    also = f"\nAlso: {_edits(other)}\n" if other else ""
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
    return f"<b>{as_html(job.name)}</b>: {as_html('; '.join(filter(None, facts)))}"


def _rows(job: JobReview, sides: Sequence[Side], at: datetime) -> Iterator[list[str]]:
    if job.change.how is How.RENAMED:
        yield ["name", *(code(side.job.name) for side in sides)]
    yield ["cron", *(code(side.job.schedule.text) for side in sides)]
    yield ["in words", *(escaped(side.words) for side in sides)]
    yield ["zone", *(escaped(side.job.time_zone) for side in sides)]
    yield ["next fires", *(_next_fires(side) for side in sides)]
    if job.has_later_difference:
        firsts = zip(sides, (job.first_gone, job.first_new), strict=True)
        yield ["first of its own", *(escaped(dated(first, side.job.time_zone)) if first else "" for side, first in firsts)]
    yield ["fires", *(escaped(str(side.rate)) for side in sides)]
    yield ["declared", *(_declared(side) for side in sides)]
    states = (side.state.explain(zone(side.job.time_zone), at) for side in sides)
    yield [f"at {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", *(escaped(state, MAX_TEXT) for state in states)]


def _next_fires(side: Side) -> str:
    if not side.next_fires:
        return escaped(nobody_knows(side.job.schedule))
    return "<br>".join(escaped(dated(fire, side.job.time_zone)) for fire in side.next_fires)


def _declared(side: Side) -> str:
    paused = side.job.paused
    if side.job.undecided:
        return in_yaml(side.job.undecided)
    return escaped(f"paused: {in_yaml(paused)}", MAX_TEXT) if paused else "should run"


# The day: a strip a changed job before and one after, under the hours of its zone.


def strips_section(groups: Sequence[AlikeJobs]) -> Section:
    """The day of the jobs whose times or state change."""
    timed = [group for group in groups if _is_timed(group.jobs[0])]
    blocks = [block for day in by_day(strips(timed)) for block in _strips_of_a_day(day)]
    foot = f"```\n<sub>{LEGEND}.</sub>\n"
    return Section(name="strips", head="\n### The day\n\n```text\n", blocks=tuple(blocks), foot=foot)


def _strips_of_a_day(drawn: Sequence[Strips]) -> Iterator[str]:
    day = drawn[0].job.day
    yield f"{day.date:%a %Y-%m-%d}, {day.zone.key}\n{'':{LABEL + len(SIDES[0])}}  {ruler(day).rstrip()}\n"
    for one in drawn:
        name = one.job.name
        label = name if len(name) < LABEL else f"{name[: LABEL - 4]}..."
        lines = [f"{label:<{LABEL}} {which:<{len(SIDES[0])}} {line}\n" for which, line in one.lines]
        yield "".join([*lines, f"and {one.more} more alike\n" * bool(one.more)])
