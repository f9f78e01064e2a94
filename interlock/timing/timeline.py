"""A day of the catalog: what fires when, what keeps it from firing, and what collides. Pure; instants are aware UTC."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import PurePosixPath

from interlock.access import Severity
from interlock.catalog import DEFAULT_STARTS_PER_MINUTE, Catalog, Job, Waiver
from interlock.findings import ORDER, accepted
from interlock.graph import chains, scopes
from interlock.holding import Holding
from interlock.names import count
from interlock.seasons import fires_between
from interlock.timing.collisions import WORST_FIRST, Collision, CollisionKind, collisions
from interlock.timing.minutes import Day, Span

Interval = tuple[datetime, datetime]
Start = tuple[str, datetime]
"""A job and when it starts."""
Begins = Mapping[datetime, Sequence[Start]]
"""When a collision begins, and the starts that take part in it."""


@dataclass(frozen=True, kw_only=True)
class Closed:
    """A time of the day in which a window or a hold keeps the jobs that it covers from firing; `end` not included."""

    scope: str
    start: datetime
    end: datetime
    reason: str
    known_since: bool = True
    """False for a hold of which only the end is known: it counts from when it was seen."""

    def when(self, day: Day) -> str:
        """From when to when by the clock of the day's zone, for people; with the date where it is another day."""
        local = [instant.astimezone(day.zone) for instant in (self.start, self.end)]
        start, end = (f"{at:%H:%M}" if at.date() == day.date else f"{at:%Y-%m-%d %H:%M}" for at in local)
        return f"{start} to {end}" if self.known_since else f"seen at {start}, until {end}"


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """A job that fires on the day, or would."""

    job: Job
    group: str
    fires: tuple[datetime, ...]
    """Of its schedule, whether it starts then or not."""
    closed: tuple[Closed, ...]
    """What covers it on the day, in the order of time."""
    colliding: Mapping[datetime, frozenset[CollisionKind]]
    """Those of its fires that take part in collisions, and in which kinds."""

    def held_by(self, fire: datetime) -> tuple[Closed, ...]:
        """What keeps it from starting then, besides a declared pause."""
        return tuple(closed for closed in self.closed if closed.start <= fire < closed.end)

    @cached_property
    def held(self) -> tuple[datetime, ...]:
        """The fires that a window or a hold keeps from starting."""
        return tuple(fire for fire in self.fires if self.held_by(fire))

    @property
    def starts(self) -> int:
        """How often it starts that day, as far as is known."""
        return 0 if self.job.paused else len(self.fires) - len(self.held)

    def intervals(self, day: Day) -> list[Interval]:
        """When it does not start: all day when it is paused by declaration."""
        return [(day.start, day.end)] if self.job.paused else [(closed.start, closed.end) for closed in self.closed]


@dataclass(frozen=True, kw_only=True)
class Clash:
    """The collisions of one kind between the same jobs, whatever they collide over: two jobs that share a chain share all its
    tables."""

    kind: CollisionKind
    jobs: tuple[str, ...]
    subjects: tuple[str, ...]
    why: str
    """Of the worst of them, or of the first."""
    accepted: Waiver | None
    """Of an order that one of the two waives: by whom, why and until when."""
    begins: tuple[datetime, ...]
    """The minutes of the day at which one begins, although some jobs may be held."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A day: its rows by group and first fire, what closes jobs of them, and what collides, the worst kind first, by time."""

    day: Day
    rows: tuple[JobRow, ...]
    closed: tuple[Closed, ...]
    clashes: tuple[Clash, ...]
    unknown: tuple[Job, ...]
    """The jobs of which nobody knows whether and when they fire on the day, by name: they are in no row and no clash."""

    @property
    def summary(self) -> str:
        """The day in numbers, for people."""
        starts = sum(row.starts for row in self.rows)
        held = sum(len(row.held) for row in self.rows if not row.job.paused)
        paused = sum(1 for row in self.rows if row.job.paused)
        unknown = f"; not counted, as nobody knows when they fire: {count(len(self.unknown), 'job')}" if self.unknown else ""
        return (
            f"{count(len(self.rows), 'job')}, {paused} of them paused by declaration; {count(starts, 'start')}, "
            f"{count(held, 'run')} held; {self.collision_counts}{unknown}"
        )

    @property
    def collision_counts(self) -> str:
        """How many clashes of each kind there are, for people."""
        counts = Counter(clash.kind for clash in self.clashes)
        return f"collisions: {', '.join(f'{counts[kind]} {kind}' for kind in WORST_FIRST if counts[kind]) or 'none'}"

    @property
    def groups(self) -> Iterator[tuple[str, list[JobRow]]]:
        """The rows under their groups."""
        for name in dict.fromkeys(row.group for row in self.rows):
            yield name, [row for row in self.rows if row.group == name]


def timeline(
    catalog: Catalog,
    day: Day,
    *,
    jobs: Iterable[str] | None = None,
    holding: Holding | None = None,
) -> Timeline:
    """The day of `catalog`, of `jobs` alone when they are named; a collision with one of them belongs to it.

    `holding` says what holds, now and on the day; without it only the windows of the catalog are known. A hold of which nobody
    knows since when counts from now on.
    """
    shown = set(catalog.jobs if jobs is None else jobs)
    known = holding or Holding(
        now=day.start, scopes=scopes(catalog), windows=tuple(catalog.timed.values()), identities=catalog.identities
    )
    closed = {name: _closed(known, name, day) for name in catalog.jobs}
    fires = {name: tuple(_fires(job, day)) for name, job in sorted(catalog.jobs.items())}
    found = [
        (collision, begins)
        for collision in collisions(catalog, _span(day))
        if shown & set(collision.jobs) and (begins := _begins(catalog, collision, fires, closed))
    ]
    colliding = _colliding(found)
    rows = [
        JobRow(
            job=catalog.jobs[name],
            group=group(catalog.jobs[name]),
            fires=fires[name],
            closed=closed[name],
            colliding=colliding.get(name, {}),
        )
        for name in sorted(shown)
        if fires[name]
    ]
    unknown = [catalog.jobs[name] for name in sorted(shown) if not catalog.jobs[name].schedule.is_known]
    seen = {closing for row in rows for closing in row.closed}
    return Timeline(
        day=day,
        rows=tuple(sorted(rows, key=lambda row: (row.group, row.fires[0], row.job.name))),
        closed=tuple(sorted(seen, key=lambda closing: (closing.start, closing.scope))),
        clashes=tuple(sorted(_clashes(catalog, day.date, found), key=_worst_first)),
        unknown=tuple(unknown),
    )


def group(job: Job) -> str:
    """The part of the platform that a job belongs to: the file that declares it, as `nba/scrapers`."""
    return PurePosixPath(*PurePosixPath(job.source.file).with_suffix("").parts[1:]).as_posix()


def leading_to(catalog: Catalog, table: str) -> frozenset[str]:
    """The jobs that lead to a writer or reader of `table`."""
    return frozenset(job for job, found in chains(catalog).items() if any(chain.table == table for chain in found))


def usual_zone(catalog: Catalog) -> str:
    """The time zone of most jobs; the first by name of equal ones, UTC without jobs."""
    zones = Counter(job.time_zone for job in catalog.jobs.values())
    return min(zones, key=lambda name: (-zones[name], name), default="Etc/UTC")


def _fires(job: Job, day: Day) -> Iterator[datetime]:
    return fires_between(job, day.start, day.end)


def _closed(holding: Holding, job: str, day: Day) -> tuple[Closed, ...]:
    """What closes a job on the day, in the order of time."""
    found = (
        Closed(
            scope=hold.scope,
            start=hold.start or holding.now,
            end=hold.end,
            reason=hold.reason or "",
            known_since=hold.start is not None,
        )
        for hold in holding.during(job, day.start, day.end)
    )
    return tuple(sorted(found, key=lambda closing: (closing.start, closing.scope)))


def _begins(
    catalog: Catalog,
    collision: Collision,
    fires: Mapping[str, Sequence[datetime]],
    closed: Mapping[str, Sequence[Closed]],
) -> Begins:
    """The minutes at which it begins although some of its jobs may be held, each with the starts that take part.

    A collision begins when the last of its jobs starts, or begins to write: each takes part with its latest fire until then.
    """
    enough = min(2, len(collision.jobs))  # a job that meets its own runs is alone
    if collision.kind is CollisionKind.BUDGET:
        service = catalog.services[collision.subject.partition("/")[2]]
        enough = (service.starts_per_minute or DEFAULT_STARTS_PER_MINUTE) + 1
    found = {}
    for at in collision.times:
        latest = {job: _latest(fires[job], at) for job in collision.jobs}
        free = [job for job, fire in latest.items() if not _is_closed(closed[job], fire or at)]
        if len(free) >= enough:
            found[at] = [(job, fire) for job in free if (fire := latest[job]) is not None]
    return found


def _is_closed(closed: Iterable[Closed], at: datetime) -> bool:
    return any(closing.start <= at < closing.end for closing in closed)


def _colliding(found: Iterable[tuple[Collision, Begins]]) -> dict[str, dict[datetime, frozenset[CollisionKind]]]:
    """By job, the starts that take part in collisions, and in which kinds."""
    colliding: dict[str, dict[datetime, frozenset[CollisionKind]]] = {}
    for collision, begins in found:
        for job, at in {start for starts in begins.values() for start in starts}:
            kinds = colliding.setdefault(job, {})
            kinds[at] = kinds.get(at, frozenset()) | {collision.kind}
    return colliding


def _worst_first(clash: Clash) -> tuple[int, bool, datetime, tuple[str, ...]]:
    return WORST_FIRST.index(clash.kind), clash.accepted is not None, clash.begins[0], clash.jobs


def _clashes(catalog: Catalog, today: date, found: Iterable[tuple[Collision, Begins]]) -> Iterator[Clash]:
    together: dict[tuple[CollisionKind, tuple[str, ...]], list[tuple[Collision, Begins]]] = {}
    for collision, begins in found:
        together.setdefault((collision.kind, collision.jobs), []).append((collision, begins))
    for (kind, jobs), same in together.items():
        worst = max((collision for collision, _ in same), key=lambda collision: collision.severity or Severity.NONE)
        yield Clash(
            kind=kind,
            jobs=jobs,
            subjects=tuple(collision.subject for collision, _ in same),
            why=worst.why,
            accepted=accepted(ORDER, jobs, catalog, today) if kind is CollisionKind.ORDER else None,
            begins=tuple(sorted({at for _, begins in same for at in begins})),
        )


def _latest(fires: Sequence[datetime], at: datetime) -> datetime | None:
    """The latest of `fires`, in order, at or before `at`; None when it was before the day."""
    place = bisect_right(fires, at)
    return fires[place - 1] if place else None


def _span(day: Day) -> Span:
    """The day in whole minutes: offsets of a hundred years ago have seconds."""
    return Span(start=day.start.replace(second=0), end=day.end.replace(second=0))
