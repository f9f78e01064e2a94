"""Jobs of which windows hold every start: nothing fails, and nothing runs when it should. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from interlock.catalog import Catalog
from interlock.findings import ALWAYS_HELD, accepted
from interlock.names import count
from interlock.review.jobs import year_from
from interlock.review.remark import Remark, Topic, listed
from interlock.timing.fires import Fires
from interlock.timing.held_minutes import held_minutes


def always_held(catalog: Catalog, at: datetime) -> dict[str, tuple[tuple[str, ...], int]]:
    """The jobs all of whose starts in the year from `at` on windows hold: by which, and how many starts that are. Jobs that are
    paused by declaration, or of which nobody knows when they start, are none."""
    span = year_from(at)
    fires, found = Fires(span), {}
    for name, held in held_minutes(catalog, span).items():
        job = catalog.jobs[name]
        if job.paused is None and job.schedule.is_known and (left := fires.of(job)):
            windows = []
            for scope, minutes in held.items():
                if left & minutes:
                    windows.append(scope)
                    left -= minutes
            if not left:
                found[name] = tuple(windows), len(fires.of(job))
    return found


def about_always_held(before: Catalog, after: Catalog, renamed: Mapping[str, str], at: datetime) -> Iterator[Remark]:
    """A finding for each job that a change leaves no start; a note where somebody accepts that."""
    known = {renamed.get(name, name) for name in always_held(before, at)}
    for name, (windows, starts) in sorted(always_held(after, at).items()):
        if name not in known:
            waiver = accepted(ALWAYS_HELD, [name], after, at.date())
            said = f"accepted: {waiver.reason}" if waiver else f"move it, or waive the rule {ALWAYS_HELD}"
            text = f"{listed([*windows])} would hold every start of it, all {count(starts, 'start')} of a year; {said}"
            yield Remark(topic=Topic.ALWAYS_HELD, subject=name, text=text, is_finding=waiver is None)
