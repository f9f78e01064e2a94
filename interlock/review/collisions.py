"""Which collisions appear, vanish or come more or less often, over a year from the day of the review on. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from interlock.access import Severity, is_real
from interlock.catalog import Catalog
from interlock.cron import zone
from interlock.holds import format_end
from interlock.review.diff import Difference
from interlock.review.remark import Remark, Topic, listed
from interlock.timing.collisions import WORST_FIRST, Collision, CollisionKind, CollisionSearch, differing
from interlock.timing.days_in_words import ALWAYS, Often, often
from interlock.timing.minutes import Minutes, Span
from interlock.timing.year import Year

Key = tuple[CollisionKind, str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class CollisionChange:
    """One collision whose times differ. Kind, subject and jobs make it the same one; a renamed job goes by its new name.

    Days are those of the zone of its first job. `new` and `gone` are what is worse and better than on the other side: on the
    days that are new or gone if there are some. For a budget it is worse in minutes in which not as many jobs of the service
    started: a crowd that one of five leaves has not made a new crowd of four.
    """

    kind: CollisionKind
    subject: str
    jobs: tuple[str, ...]
    severity: Severity | None
    why: str
    before: Often
    after: Often
    new: Often
    gone: Often
    appears: bool
    """Whether it happens on days on which it did not."""
    vanishes: bool
    """Whether it no longer happens on days on which it did, and appears on none."""
    first: datetime | None
    """The next of `new`, else the next after the change, else the next without it."""

    @property
    def is_new(self) -> bool:
        """Whether it is a finding: the same jobs did not collide over the same thing before, on whatever days."""
        return self.appears and self.is_real and not self.before.times

    @property
    def is_real(self) -> bool:
        """Whether something comes of it; two accesses to a table may well meet in peace."""
        return self.severity is None or is_real(self.severity)


def collision_changes(before: Catalog, after: Catalog, at: datetime, renamed: Mapping[str, str]) -> tuple[CollisionChange, ...]:
    """What differs in the year of `at`; `renamed` maps old names of jobs to new ones. What appears comes first."""
    year = Year.of(at)
    found_before, found_after = differing(CollisionSearch(before), CollisionSearch(after), year.span)
    old = {_key(collision, renamed): collision for collision in found_before}
    new = {_key(collision, {}): collision for collision in found_after}
    old_crowds, new_crowds = _Crowds(old.values(), year.span), _Crowds(new.values(), year.span)
    changes = []
    for key in sorted(old.keys() | new.keys()):
        was, now = _times(old.get(key), year.span), _times(new.get(key), year.span)
        if was == now:
            continue
        told = new[key] if key in new else old[key]
        zones = _zones(told, after if key in new else before)
        worse, better = now - was - old_crowds.as_large(key), was - now - new_crowds.as_large(key)
        if change := _change(key, told, _Compared(year=year, zones=zones, was=was, now=now, worse=worse, better=better), at):
            changes.append(change)
    return tuple(sorted(changes, key=_order))


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """The minutes of a collision before and after, and those that are worse and better, with the zones of its jobs."""

    year: Year
    zones: Sequence[ZoneInfo]
    was: Minutes
    now: Minutes
    worse: Minutes
    better: Minutes

    def often(self, minutes: Minutes) -> Often:
        return often(minutes, self.year, self.zones[0], self.zones)

    def days(self, minutes: Minutes) -> int:
        return self.year.days(minutes, self.zones[0])

    def on(self, days: int, minutes: Minutes) -> Minutes:
        return self.year.on(days, minutes, self.zones[0])


def _change(key: Key, told: Collision, found: _Compared, at: datetime) -> CollisionChange | None:
    """Nothing when it comes as often on the same days: the job moved, and took it along."""
    was, now, worse, better = (found.days(minutes) for minutes in (found.was, found.now, found.worse, found.better))
    before, after = found.often(found.was), found.often(found.now)
    # A time that is skipped or comes twice when the clock changes makes no new day of what happens anyway, and takes none away.
    aside = found.year.changes(tuple(found.zones), found.zones[0])
    on_new, on_fewer = worse & ~was, better & ~now
    on_new, on_fewer = (0 if days and not also & ~aside else also for days, also in ((was, on_new), (now, on_fewer)))
    if not (worse or better) or not (on_new or on_fewer or before.times != after.times):
        return None
    new, gone = found.on(on_new or worse, found.worse), found.on(on_fewer or better, found.better)
    times = (new, *(found.on(found.year.all_days, minutes) for minutes in (found.now, found.was)))
    return CollisionChange(
        kind=key[0],
        subject=key[1],
        jobs=key[2],
        severity=told.severity,
        why=told.why,
        before=before,
        after=after,
        new=found.often(new),
        gone=found.often(gone),
        appears=bool(on_new),
        vanishes=bool(on_fewer and not on_new),
        first=next((first for minutes in times for first in _ahead_first(minutes, at)), None),
    )


def _ahead_first(minutes: Minutes, at: datetime) -> Iterator[datetime]:
    """The minutes from `at` on, then those of its day that are over."""
    yield from (instant for instant in minutes if instant >= at)
    yield from minutes


def _zones(collision: Collision, catalog: Catalog) -> list[ZoneInfo]:
    return [zone(catalog.jobs[job].time_zone) for job in collision.jobs]


def _key(collision: Collision, renamed: Mapping[str, str]) -> Key:
    jobs = tuple(renamed.get(job, job) for job in collision.jobs)
    return collision.kind, collision.subject, jobs if collision.kind is CollisionKind.ORDER else tuple(sorted(jobs))


def _times(collision: Collision | None, span: Span) -> Minutes:
    return collision.times if collision else Minutes(span=span, bits=0)


class _Crowds:
    """Of each service the minutes in which so many jobs or more exceed its budget."""

    def __init__(self, found: Iterable[Collision], span: Span) -> None:
        self._none = Minutes(span=span, bits=0)
        self._crowds: dict[str, list[Collision]] = {}
        for collision in found:
            if collision.kind is CollisionKind.BUDGET:
                self._crowds.setdefault(collision.subject, []).append(collision)

    def as_large(self, key: Key) -> Minutes:
        """The minutes in which there is a crowd of at least as many jobs as the budget's collision `key` has."""
        kind, subject, jobs = key
        found = self._none
        if kind is CollisionKind.BUDGET:
            for crowd in self._crowds.get(subject, ()):
                if len(crowd.jobs) >= len(jobs):
                    found |= crowd.times
        return found


def _order(change: CollisionChange) -> tuple[bool, bool, int, int, int, str, tuple[str, ...]]:
    return (
        not (change.appears and change.is_real),
        change.vanishes,
        -(change.severity or 0),
        WORST_FIRST.index(change.kind),
        -(change.new.times + change.gone.times),
        change.subject,
        change.jobs,
    )


OVER_TABLES = {CollisionKind.TABLE, CollisionKind.ORDER}
SINCE_EVER = datetime.min.replace(tzinfo=UTC)
"""Far from every instant: an end that is formatted seen from there is said with its date."""


def about_collisions(
    changes: Sequence[CollisionChange], after: Catalog, differing: Difference, excused: Callable[[CollisionChange], bool]
) -> Iterator[Remark]:
    """A finding for each service in which jobs start too close, and for each changed job that collides over tables: one that
    moved into the times of another collides over all that both write, and that is one thing to mend. A note is what collided
    before and does so on more days, and what is `excused`."""
    for is_finding in (True, False):
        new = [change for change in changes if change.is_new and excused(change) is not is_finding]
        yield from _about(new, after, differing, is_finding=is_finding)
    more = [change for change in changes if change.appears and change.is_real and not change.is_new]
    yield from _about(more, after, differing, is_finding=False, topic=Topic.MORE_DAYS)


def _about(
    new: Sequence[CollisionChange], after: Catalog, differing: Difference, *, is_finding: bool, topic: Topic | None = None
) -> Iterator[Remark]:
    often = Counter(job for change in new for job in change.jobs if change.kind in OVER_TABLES)
    changed = {job.newest.name for job in differing.jobs}
    alike: dict[tuple[Topic, str], list[CollisionChange]] = {}
    for change in new:
        culprits = sorted(changed.intersection(change.jobs), key=lambda job: (-often[job], job))
        subject = culprits[0] if culprits and change.kind in OVER_TABLES else change.subject
        about = topic or (Topic.ORDER if change.kind is CollisionKind.ORDER else Topic.COLLISION)
        alike.setdefault((about, subject), []).append(change)
    for (about, subject), found in alike.items():
        text = f"{_told(subject, found)} ({how_often(found[0], after)})"
        yield Remark(topic=about, subject=subject, text=text, is_finding=is_finding)


def _told(subject: str, found: Sequence[CollisionChange]) -> str:
    """Who collides over what, and why the worst of them do. The sentence about two jobs and a table names the jobs."""
    first = found[0]
    names = "" if first.kind in OVER_TABLES else f"{listed([*first.jobs])}: "
    if len({change.jobs for change in found}) == 1 and names:
        return f"{names}{'; '.join(change.why for change in found)}"
    if len(found) == 1:
        return f"over {first.subject.partition('/')[2]}: {first.why}"
    others = sorted({job for change in found for job in change.jobs} - {subject})
    tables = sorted({change.subject.partition("/")[2] for change in found if change.kind in OVER_TABLES})
    over = f" over {listed(tables, most=2)}" if tables else ""
    return f"{len(found)} with {listed(others, most=2)}{over}. The worst: {names}{first.why}"


def how_often(change: CollisionChange, catalog: Catalog) -> str:
    """How often what is new of a collision comes on which days, and when first, in the zone of its first job and in UTC."""
    if not change.first or change.jobs[0] not in catalog.jobs:
        return ""
    return f"{change.new}, first {format_end(change.first, zone(catalog.jobs[change.jobs[0]].time_zone), SINCE_EVER)}"


def blamed(change: CollisionChange, changed: Collection[str]) -> str:
    """Whom to name for it: the first of its jobs that changed, else what it is over."""
    return next((job for job in change.jobs if job in changed), change.subject)


def in_numbers(change: CollisionChange) -> list[str]:
    """How often it comes in a year, before and after, and on which days it is new or gone: a line each."""
    said = [f"{change.before.times:,} → {change.after.times:,} a year"]
    if not (change.before.times and change.after.times):
        return [*said, (change.after if change.after.times else change.before).when.text]
    if change.appears or change.new.when.text != ALWAYS:
        said += [f"new {change.new.when.text}"] * bool(change.new.times)
    if change.vanishes or change.gone.when.text != ALWAYS:
        said += [f"gone {change.gone.when.text}"] * bool(change.gone.times)
    return said
