"""What holds do to jobs, said ahead: which pause, which runs they miss, and when they run again. Pure; half-open intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from interlock.cron import zone
from interlock.declaration import Declaration, DeclaredJob, DeclaredWindow
from interlock.holds import Hold, active, covers
from interlock.windows import compact, next_opening, openings

LOOK_AHEAD = timedelta(days=31)
"""How far ahead a time at which a job runs again, or is held next, is looked for."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a hold does to one job that it covers. `missed` counts the fires until its end which no hold in force holds."""

    job: DeclaredJob
    held_until: datetime | None
    """The latest end of the holds in force that cover the job already."""
    missed: int


def effects(
    declaration: Declaration, jobs: Iterable[str], in_force: Sequence[Hold], until: datetime, now: datetime
) -> list[Effect]:
    """What holding `jobs` until `until` does beyond what `in_force` does already, by name; what is lost for good first."""
    found = []
    for job in sorted({declaration.jobs[name] for name in jobs if name in declaration.jobs}, key=lambda job: job.name):
        held_until = max((hold.end for hold in in_force if covers(hold, job.name, declaration.scopes)), default=None)
        missed = 0 if job.paused else fires(job, max(now, held_until or now), until)
        found.append(Effect(job=job, held_until=held_until, missed=missed))
    return sorted(found, key=lambda effect: effect.job.recoverable or not effect.missed)


def fires(job: DeclaredJob, start: datetime, end: datetime) -> int:
    """How often `job` fires in [start, end)."""
    if start >= end:
        return 0
    return sum(1 for _ in job.schedule.fires_between(start, end, zone(job.time_zone)))


def made_up_for(job: DeclaredJob, missed: int) -> str:
    """What becomes of `missed` runs of `job` once nothing holds it, in few words."""
    if not missed:
        return ""
    if not job.recoverable:
        return "lost: can't be fetched later"
    if job.catch_up == "skip":
        return "none: its catch_up is skip"
    return "one catch-up run, for its own day" if job.relative_dates else "one catch-up run"


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What happens to a job from an instant on."""

    held_by: tuple[Hold, ...]
    """At that instant; the opening of a window is one too."""
    free: datetime | None
    """When nothing holds it any more, as far as is known; that instant itself when nothing does, None when beyond reach."""
    next_hold: Hold | None
    """What holds it next, once it is free."""


def outlook(declaration: Declaration, job: str, holds: Sequence[Hold], released: Sequence[Hold], at: datetime) -> Outlook:
    """What holds `job` at `at`, until when, and what comes next. `released` are the openings that somebody ended early."""
    horizon = at + LOOK_AHEAD
    known = [hold for hold in holds if covers(hold, job, declaration.scopes)]
    windows = [
        window for name, window in sorted(declaration.windows.items()) if job in declaration.scopes.get(f"window/{name}", ())
    ]
    gone = {(hold.scope, hold.id) for hold in released} | {(hold.scope, hold.id) for hold in known}
    held_by, free = _held(known, windows, gone, at), at
    while (now_by := _held(known, windows, gone, free)) and free < horizon:
        free = max(hold.end for hold in now_by)
    starts = (_as_hold(window, next_opening(window, free).start) for window in windows)
    following = min((hold for hold in starts if (hold.scope, hold.id) not in gone), key=lambda hold: hold.id, default=None)
    return Outlook(held_by=held_by, free=free if free < horizon else None, next_hold=following)


def _held(
    known: Sequence[Hold], windows: Sequence[DeclaredWindow], gone: set[tuple[str, str]], at: datetime
) -> tuple[Hold, ...]:
    """The holds at `at`: the objects that are active then, and the openings that will have one by then."""
    open_then = (
        _as_hold(window, opening.start) for window in windows for opening in openings(window, at, at + datetime.resolution)
    )
    return (*active(known, at), *(hold for hold in open_then if (hold.scope, hold.id) not in gone))


def _as_hold(window: DeclaredWindow, start: datetime) -> Hold:
    return Hold(
        scope=f"window/{window.name}",
        id=compact(start),
        end=start + window.duration,
        object_name="",
        reason=window.reason,
        owner=window.owner,
    )
