"""The board as a value: what is held, what each job does, the day ahead and the week behind, at one instant.

Everybody who shows it makes it here: the coordinator after each look, and `interlock board` from what it reads itself. It asks
`Holding`, as every command does. Instants are aware UTC; the day ahead is [now, now + 24 hours).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from interlock.about import AboutJob
from interlock.actual import ENABLED, MISSING, PAUSED, UNSEEN
from interlock.board.ahead import Clash, Covered, clashes, closings, starts
from interlock.board.history import Happened, History
from interlock.declaration import DeclaredJob
from interlock.holding import Effective
from interlock.holds import Hold
from interlock.runtime.drift import find_drift
from interlock.runtime.events import JOB_PAUSED, JOB_RESUMED
from interlock.runtime.report import Record
from interlock.runtime.snapshot import Snapshot
from interlock.seasons import fires_between

DAY = timedelta(hours=24)
NEXT_STARTS = 3
LATE_TICKS = 2
"""A board that is older than so many ticks is late: the coordinator writes one every other tick, whatever happens."""
SLACK = timedelta(minutes=1)
"""How long a tick may take before anybody calls it late."""
BEYOND = timedelta(days=31)
"""How far ahead a next start is looked for."""
NO_WORDS = AboutJob(description="", words="", platform="", part="")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A hold that is in force, or planned, with what it covers."""

    hold: Hold
    jobs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A job."""

    job: DeclaredJob
    about: AboutJob
    effective: Effective
    state: str
    """As the API names it; MISSING, or UNSEEN where its region could not be listed."""
    drift: tuple[str, ...]
    """The parts that are not as declared; a state that is not as it should be among them."""
    last_attempt: datetime | None
    starts: tuple[datetime, ...]
    """Of the day ahead, by its schedule, whether it is held then or not."""
    closed: tuple[Covered, ...]
    """What holds it in the day ahead, by time."""
    colliding: frozenset[datetime]
    """Those of its starts that are expected to collide over a table."""
    next: tuple[datetime, ...]
    """Its first starts, however far ahead."""
    may_hold: tuple[str, ...]
    """The backfills, windows and seasons that cover it."""

    @property
    def kind(self) -> str:
        """In one word, what people ask for first."""
        if self.drift or self.state in (MISSING, UNSEEN):
            return "wrong"
        if self.effective.held_by:
            return "held"
        if self.effective.declared:
            return "paused"
        return "undecided" if self.effective.undecided else "runs"

    def is_held_at(self, at: datetime) -> bool:
        """Whether something is known to hold it then."""
        return any(closed.start <= at < closed.end for closed in self.closed)


@dataclass(frozen=True, kw_only=True)
class Board:
    """All of it. `looked` is when the coordinator looked last; None where nobody knows."""

    now: datetime
    looked: datetime | None
    tick: timedelta
    zone: ZoneInfo
    """Whose clock is shown beside UTC where no script shows the reader's own."""
    project: str
    environment: str
    holds: tuple[Shown, ...]
    planned: tuple[Shown, ...]
    rows: tuple[Row, ...]
    """By name."""
    closings: tuple[Covered, ...]
    """What holds whatever job in the day ahead, by time."""
    clashes: tuple[Clash, ...]
    trouble: tuple[Happened, ...]
    """What is not as it should be."""
    history: History

    @property
    def end(self) -> datetime:
        """Of the day ahead."""
        return self.now + DAY

    @property
    def late_at(self) -> datetime | None:
        """When the board counts as late unless it is written again."""
        return self.looked + LATE_TICKS * self.tick + SLACK if self.looked else None

    @property
    def is_late(self) -> bool:
        """Whether it does already."""
        return self.late_at is not None and self.now >= self.late_at

    def of_kind(self, kind: str) -> list[Row]:
        """The jobs of a kind."""
        return [row for row in self.rows if row.kind == kind]


def board(
    snapshot: Snapshot,
    *,
    records: Sequence[Record],
    trouble: Iterable[Record],
    history: History,
    looked: datetime | None,
    zone: ZoneInfo,
    project: str,
) -> Board:
    """The board of what was seen. `records` are what was done since; `trouble` is what is wrong."""
    declaration, holding, now = snapshot.declaration, snapshot.holding, snapshot.now
    end = now + DAY
    closed, by_job = closings(holding, now, end)
    day = starts(declaration.jobs.values(), now, end)
    met = clashes(declaration.about.meetings, declaration.jobs, day, by_job)
    colliding: dict[str, set[datetime]] = {}
    for clash in met:
        for start, at in clash.starts:
            if clash.is_of_a_table:
                colliding.setdefault(start, set()).add(at)
    parts, states, scopes = find_drift(snapshot), _states(snapshot, records), _may_hold(declaration.scopes)
    rows = []
    for name, job in declaration.jobs.items():
        effective, state = holding.of(job), states[name]
        actual = snapshot.jobs.get(name)
        rows.append(
            Row(
                job=job,
                about=declaration.about.jobs.get(name, NO_WORDS),
                effective=effective,
                state=state,
                drift=(*parts.get(name, ()), *_state_drift(effective, state, declaration.tick)),
                last_attempt=actual.last_attempt if actual else None,
                starts=day[name],
                closed=tuple(by_job.get(name, ())),
                colliding=frozenset(colliding.get(name, ())),
                next=day[name][:NEXT_STARTS] or _later(job, end),
                may_hold=tuple(scopes.get(name, ())),
            )
        )
    return Board(
        now=now,
        looked=looked,
        tick=declaration.tick,
        zone=zone,
        project=project,
        environment=declaration.about.environment,
        holds=tuple(_shown(snapshot, holding.active)),
        planned=tuple(_shown(snapshot, holding.ahead)),
        rows=tuple(sorted(rows, key=lambda row: row.job.name)),
        closings=tuple(closed),
        clashes=tuple(met),
        trouble=tuple(Happened.of(record, now) for record in trouble),
        history=history,
    )


def _shown(snapshot: Snapshot, holds: Iterable[Hold]) -> list[Shown]:
    jobs = snapshot.declaration.jobs
    found = [Shown(hold=hold, jobs=tuple(sorted(snapshot.holding.covered(hold) & jobs.keys()))) for hold in holds]
    return sorted(found, key=lambda one: (not one.hold.scope.startswith("backfill/"), one.hold.start is None, one.hold.scope))


def _states(snapshot: Snapshot, records: Iterable[Record]) -> dict[str, str]:
    """The state of each job as it was seen, and as it has been changed since."""
    changed = {JOB_PAUSED: PAUSED, JOB_RESUMED: ENABLED}
    found = {
        name: snapshot.jobs[name].state if name in snapshot.jobs else (UNSEEN if job.region in snapshot.unlisted else MISSING)
        for name, job in snapshot.declaration.jobs.items()
    }
    for record in records:
        if record.job in found and record.event in changed:
            found[record.job] = changed[record.event]
    return found


def _state_drift(effective: Effective, state: str, tick: timedelta) -> list[str]:
    """What is wrong with the state of a job, for people."""
    if state == ENABLED and effective.paused and not effective.is_due(tick):
        return [f"{ENABLED}, should be {PAUSED}"]
    if state == PAUSED and not effective.paused and not effective.undecided:
        return [f"{PAUSED}, should be {ENABLED}"]
    return [] if state in (ENABLED, PAUSED, MISSING, UNSEEN) else [f"its state is {state}"]


def _may_hold(scopes: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for scope, jobs in sorted(scopes.items()):
        if scope.startswith(("backfill/", "window/", "season/")):
            for job in jobs:
                found.setdefault(job, []).append(scope)
    return found


def _later(job: DeclaredJob, after: datetime) -> tuple[datetime, ...]:
    return tuple(islice(fires_between(job, after, after + BEYOND), NEXT_STARTS))
