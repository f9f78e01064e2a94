"""Which jobs each backfill, window and breaker scope would hold, before and after, and the runs that this costs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from interlock.access import WRITES
from interlock.catalog import Backfill, Catalog, Job, Window
from interlock.cron import zone
from interlock.graph import Members, chains, members, scopes
from interlock.names import count, exact
from interlock.review.jobs import whole_minute
from interlock.review.losses import Loss, Sides, loss
from interlock.review.remark import Remark, Topic, listed
from interlock.timing.minutes import Minutes, Span, fire_minutes

WEEK = timedelta(days=7)
Renamed = Mapping[str, str]
"""The new name of each job that has one, by its old name."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A job that a scope covers, or nearly does: how, by a chain or a scope of a window, and why, in a sentence, or nothing."""

    job: str
    how: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Missed:
    """The runs that the jobs of a scope would miss: of a backfill from `at` until its default end, of a window in a week."""

    runs: int
    during: timedelta
    by_job: Mapping[str, int]
    unknown: tuple[str, ...]
    """The jobs of which nobody knows how many: not counted."""


@dataclass(frozen=True, kw_only=True)
class ScopeChange:
    """A scope that would hold other jobs than before, or costs other runs. `missed` is None on a side without the scope, and
    for a table, of which nobody knows how long the breaker will hold it."""

    scope: str
    joins: tuple[Member, ...]
    leaves: tuple[Member, ...]
    nearly: tuple[Member, ...]
    """Near misses that are new: jobs that lead to its tables and are left running."""
    no_longer_nearly: tuple[Member, ...]
    missed_before: Missed | None
    missed_after: Missed | None


class Covering:
    """What the scopes of one catalog hold, and why."""

    def __init__(self, catalog: Catalog, at: datetime) -> None:
        self.catalog = catalog
        self._start = whole_minute(at)
        self._members: dict[str, Members] = {}

    @property
    def scopes(self) -> Mapping[str, tuple[str, ...]]:
        """The jobs of each scope."""
        return scopes(self.catalog)

    @property
    def holding(self) -> Iterator[str]:
        """The scopes that hold something by themselves: those of backfills, windows and breakers."""
        return (scope for scope in self.scopes if scope.startswith(("backfill/", "window/", "table/")))

    def member(self, scope: str, job: str) -> Member:
        """Why `scope` covers `job`, which it does."""
        kind, _, name = scope.partition("/")
        if kind == "backfill":
            reason = self._backfill(name)[0][job][0]
            return Member(job=job, how=str(reason.chain), why=reason.conflict.why if reason.conflict else "")
        if kind == "window":
            named = [one for one in self.catalog.windows[name].covers if job in self.scopes[one]]
            return Member(job=job, how=f"it covers {', '.join(named)}", why="")
        ways = [chain for chain in chains(self.catalog)[job] if chain.table == name and chain.access & WRITES]
        return Member(job=job, how=str(min(ways, key=lambda chain: len(chain.processors))), why="")

    def near(self, scope: str) -> list[Member]:
        """The near misses of a backfill, each with why."""
        kind, _, name = scope.partition("/")
        if kind != "backfill" or name not in self.catalog.backfills:
            return []
        nearly = self._backfill(name)[1].items()
        return [Member(job=job, how=str(found[0].chain), why=found[0].why) for job, found in nearly]

    def _backfill(self, name: str) -> Members:
        """What it covers and its near misses."""
        if name not in self._members:
            self._members[name] = members(self.catalog, self.catalog.backfills[name])
        return self._members[name]

    def missed(self, scope: str) -> Missed | None:
        """The runs that a hold of `scope` costs."""
        kind, _, name = scope.partition("/")
        jobs = [self.catalog.jobs[job] for job in self.scopes.get(scope, ()) if self.catalog.jobs[job].paused is None]
        if kind == "backfill" and (backfill := self.catalog.backfills.get(name)):
            return self._missed_by_backfill(backfill, jobs)
        if kind == "window" and (window := self.catalog.windows.get(name)):
            return self._missed_by_window(window, jobs)
        return None

    def _missed_by_backfill(self, backfill: Backfill, jobs: list[Job]) -> Missed:
        span = Span(start=self._start, end=self._start + backfill.default_end)
        return _missed({job.name: len(_fires(job, span)) for job in jobs}, backfill.default_end, jobs)

    def _missed_by_window(self, window: Window, jobs: list[Job]) -> Missed:
        week = Span(start=self._start, end=self._start + WEEK)
        earlier = Span(start=self._start - window.duration, end=week.end)
        opened = fire_minutes(window.schedule, zone(window.time_zone), earlier)
        closed = opened.lengthened(window.duration).within(week)
        return _missed({job.name: len(_fires(job, week) & closed) for job in jobs}, WEEK, jobs)


def _missed(by_job: Mapping[str, int], during: timedelta, jobs: Iterable[Job]) -> Missed:
    unknown = tuple(job.name for job in jobs if not job.schedule.is_known)
    return Missed(runs=sum(by_job.values()), during=during, by_job=by_job, unknown=unknown)


def _fires(job: Job, span: Span) -> Minutes:
    return fire_minutes(job.schedule, zone(job.time_zone), span)


def coverage_changes(before: Covering, after: Covering, renamed: Renamed) -> tuple[ScopeChange, ...]:
    """Every backfill, window and breaker scope of either side that would hold other jobs, or cost other runs.

    `renamed` maps old names of jobs to new ones: such a job neither joins nor leaves.
    """
    found = (_change(scope, before, after, renamed) for scope in sorted({*before.holding, *after.holding}))
    return tuple(change for change in found if change is not None)


def _change(scope: str, before: Covering, after: Covering, renamed: Renamed) -> ScopeChange | None:
    old_names = {new: old for old, new in renamed.items()}
    old = {renamed.get(job, job) for job in before.scopes.get(scope, ())}
    new = set(after.scopes.get(scope, ()))
    old_near = {member.job: member for member in (_renamed(member, renamed) for member in before.near(scope))}
    new_near = {member.job: member for member in after.near(scope)}
    missed = before.missed(scope), after.missed(scope)
    costs = [one and (one.runs, len(one.unknown)) for one in missed]
    if old == new and old_near.keys() == new_near.keys() and costs[0] == costs[1]:
        return None
    return ScopeChange(
        scope=scope,
        joins=tuple(after.member(scope, job) for job in sorted(new - old)),
        leaves=tuple(_renamed(before.member(scope, old_names.get(job, job)), renamed) for job in sorted(old - new)),
        nearly=tuple(new_near[job] for job in sorted(new_near.keys() - old_near.keys())),
        no_longer_nearly=tuple(old_near[job] for job in sorted(old_near.keys() - new_near.keys())),
        missed_before=missed[0],
        missed_after=missed[1],
    )


def _renamed(member: Member, renamed: Renamed) -> Member:
    """By its new name, as everywhere in a review."""
    return replace(member, job=renamed.get(member.job, member.job))


def missed_in_words(change: ScopeChange) -> str:
    """The runs that a hold of the scope costs, before and after; nothing where that is not known."""
    known = change.missed_after or change.missed_before
    if known is None:
        return ""
    more = f", and those of {count(len(known.unknown), 'job')} that nobody can count" if known.unknown else ""
    old, new = (str(missed.runs) if missed else "none" for missed in (change.missed_before, change.missed_after))
    if old == new:
        return f"misses {count(known.runs, 'run')} in {exact(known.during)}, as before{more}"
    return f"runs missed in {exact(known.during)}: {old} before, {new} now{more}"


def about_coverage(changes: tuple[ScopeChange, ...], before: Catalog, after: Catalog, renamed: Renamed) -> Iterator[Remark]:
    """What changes for each backfill and window that would hold other jobs, and for each window into which more runs fall. It
    is a finding where a job is still there and would no longer be held, unless the change itself says so; of a table, only
    what no backfill or window says. That a backfill costs other runs is for the table: any change of a schedule does that."""
    sides = Sides(before=before, after=after, renamed=renamed)
    said_of: set[str] = set()
    for change in sorted(changes, key=lambda change: change.scope.startswith("table/")):
        left = [loss(change.scope, member.job, sides) for member in change.leaves if member.job in after.jobs]
        if change.scope.startswith("table/"):
            silent = [one for one in left if one.job not in said_of and not _has_no_writer(change, one, sides)]
            if silent:
                yield Remark(topic=Topic.COVERAGE, subject=change.scope, text="; ".join(_no_longer(silent)))
            continue
        said_of.update(one.job for one in left)
        joins = [f"{member.job} ({member.how})" for member in change.joins]
        said = [f"would hold {listed(joins, most=1)} too"] if joins else []
        said += _no_longer(left)
        more = change.missed_after if _runs(change.missed_after) > _runs(change.missed_before) else None
        if more and change.scope.startswith("window/"):
            said.append(_who_misses(change.missed_before, more))
        elif said and _runs(change.missed_after) != _runs(change.missed_before):
            said.append(missed_in_words(change))
        if said:
            is_lost = any(not one.is_said for one in left)
            yield Remark(topic=Topic.COVERAGE, subject=change.scope, text="; ".join(said), is_finding=is_lost)


def _no_longer(left: Iterable[Loss]) -> list[str]:
    """A sentence for each reason, with the jobs that leave for it."""
    jobs: dict[str, list[str]] = {}
    for one in left:
        jobs.setdefault(one.why, []).append(one.job)
    return [f"would no longer hold {listed(names)}: {why}" for why, names in jobs.items()]


def _has_no_writer(change: ScopeChange, one: Loss, sides: Sides) -> bool:
    """Whether the table has lost its last writer, or has another name: that is said of the table."""
    return sides.before.jobs[sides.old(one.job)].paused is None and not scopes(sides.after).get(change.scope)


def _who_misses(before: Missed | None, after: Missed) -> str:
    """The jobs that would miss more runs in a window than before."""
    old = before.by_job if before else {}
    more = {job: (old.get(job, 0), runs) for job, runs in after.by_job.items() if runs > old.get(job, 0)}
    said = [f"{job} misses {count(now, 'run')} in {exact(after.during)} ({runs} before)" for job, (runs, now) in more.items()]
    return listed(sorted(said))


def _runs(missed: Missed | None) -> int:
    return missed.runs if missed else 0
