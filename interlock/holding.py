"""The one idea of Interlock, answered in one place: what holds a job, until when, and what comes next. Pure.

    paused(job, now) = declared paused(job) or any(hold is active at now and covers job)

Everybody asks `Holding`: the coordinator before it pauses, the command line before it says why, the review of a change.
`stacks/held.py` says the same of objects in HCL; a differential test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from heapq import merge
from typing import Protocol
from zoneinfo import ZoneInfo

from interlock.catalog import DeclaredPause, Undecided
from interlock.holds import Hold, active, until
from interlock.seasons import SCOPE_PREFIX, Season
from interlock.windows import Opening, Planned, Timed, begun_at, next_opening, openings, scope_of

UNDECIDED = "left as it is found, until somebody decides"
LOOK_AHEAD = timedelta(days=31)
"""How far ahead a time at which a job runs again, or is held next, is looked for."""


class Pausable(Protocol):
    """A job, of the catalog or of a declaration, as far as pausing goes."""

    @property
    def name(self) -> str: ...

    @property
    def paused(self) -> DeclaredPause | bool | None: ...

    @property
    def undecided(self) -> Undecided | bool | None: ...


class HoldingWindow(Timed, Protocol):
    """A window, of the catalog or of a declaration."""

    @property
    def reason(self) -> str: ...

    @property
    def owner(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What holds at `now`, an aware instant, and from then on as far as is known.

    A hold covers a job by its scope as it is now, or as it was when its object was written. The opening of a window holds from
    its first instant on, whether or not its object has been written yet; one that was released holds nothing, whether or not
    its object is still there. A season holds while it is closed, and has no objects. A scope that is unknown covers what it did
    when the object was written; a plan refuses it.
    """

    now: datetime
    scopes: Mapping[str, Iterable[str]]
    """The names of the jobs that each scope covers."""
    identities: Mapping[str, str]
    """The region and name in Cloud Scheduler of each job, by its name here: what objects call it."""
    objects: tuple[Hold, ...] = ()
    """Flags and holds of the bucket, active or not."""
    tombstones: tuple[Hold, ...] = ()
    """The openings of windows that were released early."""
    windows: tuple[HoldingWindow | Season | Planned, ...] = ()
    """What holds by the clock."""

    @cached_property
    def active(self) -> tuple[Hold, ...]:
        """What holds at `now`, objects before openings that have none."""
        return self.active_at(self.now)

    @cached_property
    def ahead(self) -> tuple[Hold, ...]:
        """What is planned to hold after `now`, and nobody has taken back, the first of it first. Each has its start."""
        planned = (window for window in self.windows if isinstance(window, Planned) and window.start > self.now)
        known = (one.hold for one in sorted(planned, key=lambda one: (one.start, one.scope)))
        return tuple(hold for hold in known if (hold.scope, hold.id) not in self._released)

    def active_at(self, at: datetime) -> tuple[Hold, ...]:
        """What holds at `at`: the objects that are active then, and the openings that will have one by then."""
        if at not in self._active:
            opened = (_hold(w, opening) for w in self.windows for opening in openings(w, at, at + datetime.resolution))
            written = active(self._standing, at)
            self._active[at] = (*written, *self._unwritten(opened, written))
        return self._active[at]

    def of(self, job: Pausable, at: datetime | None = None) -> Effective:
        """The effective state of `job` at `at`, by default now."""
        instant = self.now if at is None else at
        held_by = tuple(self._indexed(instant).covering(job.name))
        return Effective(
            job=job.name,
            declared=job.paused,
            undecided=bool(job.undecided),
            at=instant,
            held_by=held_by,
            holding=self,
        )

    def is_held(self, job: str) -> bool:
        """Whether anything holds the job called `job` now."""
        return self._indexed(self.now).covers(job)

    def grounds(self, job: str) -> tuple[Hold, ...]:
        """Enough of what holds the job called `job` now to tell since when, until when and by which scopes: of each scope the
        hold that ends last, the one that was written first, and one of which nobody knows when. However many hold all jobs."""
        return tuple(self._indexed(self.now).grounds(job))

    def covered(self, hold: Hold) -> frozenset[str]:
        """The names of the jobs that `hold` covers, of jobs that are gone too."""
        return self._members(hold.scope) | self._named(hold)

    def during(self, job: str, start: datetime, end: datetime) -> list[Hold]:
        """What holds the job called `job` at some time of [start, end), as far as is known: openings of windows, and what
        holds now. `Hold.start` is None where nobody knows since when; then it is known from now on only."""
        standing = (hold for hold in active(self._standing, self.now) if self._covers(hold, job))
        return self._between(standing, self._windows_of(job), start, end)

    def all_during(self, start: datetime, end: datetime) -> list[Hold]:
        """The same of whatever job."""
        return self._between(active(self._standing, self.now), self.windows, start, end)

    def free(self, job: str, at: datetime) -> datetime | None:
        """From when on nothing holds the job called `job`, as far as is known: `at` itself when nothing does, None when that is
        beyond reach."""
        closed = [hold for hold in self._indexed(at).covering(job) if hold.scope.startswith(SCOPE_PREFIX)]
        if any(hold.is_open_ended for hold in closed):
            return None
        opens = max([at, *(hold.end for hold in closed)])  # however far ahead: that is declared
        standing = self._standing_at(opens).covering(job)  # of an extension that was caught half way the last object
        free, horizon = max([opens, *(hold.end for hold in standing)]), opens + LOOK_AHEAD
        opened = (openings(window, opens, horizon) for window in self._windows_of(job))
        for opening in merge(*opened, key=lambda opening: opening.start):
            if opening.start > free or free >= horizon:
                break
            if (opening.scope, opening.id) not in self._released:
                free = max(free, opening.end)
        return free if free < horizon else None

    def next_opening(self, job: str, after: datetime) -> Hold | None:
        """The first opening of a window after `after` that will hold the job called `job`."""
        openings = ((window, next_opening(window, after)) for window in self._windows_of(job))
        ahead = (_hold(window, opening) for window, opening in openings if opening)
        coming = (hold for hold in ahead if (hold.scope, hold.id) not in self._released)
        return min(coming, key=lambda hold: (hold.start or after, hold.scope), default=None)

    def without(self, hold: Hold) -> Holding:
        """The same once `hold` is released."""
        rest = tuple(other for other in self.objects if other.identity != hold.identity)
        return replace(self, objects=rest, tombstones=(*self.tombstones, hold))

    def _between(
        self,
        standing: Iterable[Hold],
        windows: Iterable[HoldingWindow | Season | Planned],
        start: datetime,
        end: datetime,
    ) -> list[Hold]:
        found = [self._since(hold) for hold in standing]
        opened = (_hold(w, opening) for w in windows for opening in openings(w, start, end))
        found += self._unwritten(opened, found)
        return [hold for hold in found if hold.end > start and (hold.start or self.now) < min(end, hold.end)]

    @cached_property
    def _standing(self) -> tuple[Hold, ...]:
        """The objects of what nobody has released: a release deletes them after it has written the tombstone."""
        return tuple(hold for hold in self.objects if hold.is_flag or (hold.scope, hold.id) not in self._released)

    @cached_property
    def _released(self) -> frozenset[tuple[str, str]]:
        """The openings that have a tombstone."""
        return frozenset((hold.scope, hold.id) for hold in self.tombstones)

    @cached_property
    def _active(self) -> dict[datetime, tuple[Hold, ...]]:
        """What `active_at` has found: many jobs are asked about one instant."""
        return {}

    @cached_property
    def _by_scope(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _indexes(self) -> dict[datetime, _Index]:
        return {}

    def _indexed(self, at: datetime) -> _Index:
        """What is active at `at`, by what it covers."""
        if at not in self._indexes:
            self._indexes[at] = _Index(self.active_at(at), self)
        return self._indexes[at]

    def _standing_at(self, at: datetime) -> _Index:
        """The objects alone that are active at `at`."""
        if at not in self._objects_at:
            self._objects_at[at] = _Index(active(self._standing, at), self)
        return self._objects_at[at]

    @cached_property
    def _objects_at(self) -> dict[datetime, _Index]:
        return {}

    @cached_property
    def _scopes_of(self) -> dict[str, list[str]]:
        """The scopes that cover each job."""
        found: dict[str, list[str]] = {}
        for scope in self.scopes:
            for job in self._members(scope):
                found.setdefault(job, []).append(scope)
        return found

    @cached_property
    def _names(self) -> dict[str, str]:
        """The name of each job by its identity."""
        return {one: name for name, one in self.identities.items()}

    def _named(self, hold: Hold) -> frozenset[str]:
        """The jobs that the hold's object names."""
        return hold.unplaced | {self._names.get(one, one) for one in hold.identities}

    def _unwritten(self, opened: Iterable[Hold], written: Iterable[Hold]) -> list[Hold]:
        """Those openings that nobody has released, and that are not among what is `written`."""
        said = {(hold.scope, hold.id) for hold in written if not hold.is_flag}
        return [hold for hold in opened if (hold.scope, hold.id) not in said | self._released]

    def _covers(self, hold: Hold, job: str) -> bool:
        return job in self._members(hold.scope) or job in hold.unplaced or self.identities.get(job) in hold.identities

    def _members(self, scope: str) -> frozenset[str]:
        if scope not in self._by_scope:
            self._by_scope[scope] = frozenset(self.scopes.get(scope, ()))
        return self._by_scope[scope]

    def _windows_of(self, job: str) -> Iterator[HoldingWindow | Season | Planned]:
        return (window for window in self.windows if job in self._members(scope_of(window)))

    def _since(self, hold: Hold) -> Hold:
        """The hold with its start as far as that can be: the id of an opening states it, and contents are a stranger's."""
        start = begun_at(hold) or hold.start
        return replace(hold, start=start if start and start <= self.now else None)


class _Index:
    """Holds by what they cover, so that a job's are found without a look at all of them. They keep their order."""

    def __init__(self, holds: Iterable[Hold], holding: Holding) -> None:
        self._holding = holding
        self._by_scope: dict[str, list[tuple[int, Hold]]] = {}
        self._by_job: dict[str, list[tuple[int, Hold]]] = {}
        """Of jobs that only the object names, and the scope no more."""
        self._grounds: dict[str, list[tuple[int, Hold]]] = {}
        for ordered in enumerate(holds):
            hold = ordered[1]
            self._by_scope.setdefault(hold.scope, []).append(ordered)
            for job in holding._named(hold) - holding._members(hold.scope):
                self._by_job.setdefault(job, []).append(ordered)

    def covers(self, job: str) -> bool:
        return job in self._by_job or any(scope in self._by_scope for scope in self._scopes(job))

    def covering(self, job: str) -> list[Hold]:
        """All that cover the job."""
        return _in_order([self._by_job.get(job, ()), *(self._by_scope[scope] for scope in self._scopes(job))])

    def grounds(self, job: str) -> list[Hold]:
        """Of each scope the three that say it all; and those that only name the job."""
        scopes = self._scopes(job)
        for scope in scopes:
            if scope not in self._grounds:
                self._grounds[scope] = _essential(self._by_scope[scope])
        return _in_order([_essential(self._by_job.get(job, ())), *(self._grounds[scope] for scope in scopes)])

    def _scopes(self, job: str) -> list[str]:
        """Those of the job's scopes that something holds."""
        return [scope for scope in self._holding._scopes_of.get(job, ()) if scope in self._by_scope]


def _in_order(found: Iterable[Sequence[tuple[int, Hold]]]) -> list[Hold]:
    """The holds of several lists, each of which is in order."""
    some = [holds for holds in found if holds]
    return [hold for _, hold in (merge(*some) if len(some) > 1 else some[0] if some else ())]


def _essential(ordered: Sequence[tuple[int, Hold]]) -> list[tuple[int, Hold]]:
    """Of holds that cover the same the one that ends last, the one that was written first and one of unknown age; of each
    scope, as what a season alone holds is another matter."""
    chosen: dict[int, tuple[int, Hold]] = {}
    by_scope: dict[str, list[tuple[int, Hold]]] = {}
    for one in ordered:
        by_scope.setdefault(one[1].scope, []).append(one)
    for same in by_scope.values():
        last = max(same, key=lambda one: one[1].end)
        unknown = [one for one in same if one[1].created is None][:1]
        first = sorted(((one[1].created, one[0], one) for one in same if one[1].created), key=lambda found: found[:2])[:1]
        chosen |= {one[0]: one for one in (last, *unknown, *(found[2] for found in first))}
    return [chosen[place] for place in sorted(chosen)]


def _hold(window: HoldingWindow | Season | Planned, opening: Opening) -> Hold:
    """What an opening is before it has its object: as if that were written at its first instant."""
    if isinstance(window, Planned):
        return replace(window.hold, object_name="", start=opening.start, created=opening.start)
    return Hold(
        scope=opening.scope,
        id=opening.id,
        end=opening.end,
        object_name="",
        reason=window.reason,
        owner=window.owner,
        start=opening.start,
        created=opening.start,
        is_open_ended=isinstance(window, Season) and not window.opens_at(opening.end),
    )


@dataclass(frozen=True, kw_only=True)
class Effective:
    """Whether a job is paused at an instant, everything that makes it so, and what comes next."""

    job: str
    declared: DeclaredPause | bool | None
    """A pause by declaration, with its reason where that is known."""
    undecided: bool
    """Nobody has decided whether it should run: unless something holds it, it is what it is found as."""
    at: datetime
    held_by: tuple[Hold, ...]
    holding: Holding = field(repr=False, compare=False)

    @property
    def paused(self) -> bool:
        """Declared paused, or held."""
        return bool(self.declared or self.held_by)

    @property
    def held_until(self) -> datetime | None:
        """The latest end of what holds it; None when nothing does."""
        return max((hold.end for hold in self.held_by), default=None)

    @cached_property
    def free(self) -> datetime | None:
        """From when on nothing holds it: `at` itself when nothing does, None when that is beyond reach."""
        return self.holding.free(self.job, self.at)

    @cached_property
    def next_hold(self) -> Hold | None:
        """What is known to hold it next, once it is free."""
        return self.holding.next_opening(self.job, self.free or self.at + LOOK_AHEAD)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What pauses it, for people, without ends: a declared pause with its reason, then the scopes."""
        why = f": {self.declared.reason}" if isinstance(self.declared, DeclaredPause) else ""
        declared = (f"paused by declaration{why}",) if self.declared else ()
        return (*declared, *(f"held by {hold.scope}" for hold in self.held_by))

    def explain(self, zone: ZoneInfo, now: datetime) -> str:
        """Why, for people at `now`, with ends in `zone` and UTC; `running` when nothing pauses the job."""
        ends = ("",) * bool(self.declared) + tuple(f" {until(hold, zone, now)}" for hold in self.held_by)
        free = UNDECIDED if self.undecided else "running"
        return "; ".join(reason + end for reason, end in zip(self.reasons, ends, strict=True)) or free

    def is_due(self, tick: timedelta) -> bool:
        """Whether it is held only by openings that are younger than a tick and have no object yet: the coordinator pauses it
        at its next look, and until then a job that is enabled is nobody's fault."""
        young = (hold.start is not None and not hold.is_written and self.at < hold.start + tick for hold in self.held_by)
        return not self.declared and bool(self.held_by) and all(young)
