"""Which collisions appear, vanish or come more or less often, over a week in winter and one in summer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from interlock.access import Severity, is_real
from interlock.catalog import Catalog
from interlock.cron import zone
from interlock.holds import format_end
from interlock.review.diff import Difference
from interlock.review.remark import Remark, Topic, listed
from interlock.timing.collisions import WORST_FIRST, Collision, CollisionKind, CollisionSearch, seasons
from interlock.timing.minutes import Minutes, Span

Key = tuple[CollisionKind, str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class InSeason:
    """How often it begins in the week of one season; `first` is the first time, after the change if it happens then still.

    `new` and `gone` count the minutes that are worse and better than on the other side: for a budget, those in which not as
    many jobs of the service start there. A crowd that one of five leaves has not made a new crowd of four.
    """

    season: str
    before: int
    after: int
    new: int
    gone: int
    first: datetime | None


@dataclass(frozen=True, kw_only=True)
class CollisionChange:
    """One collision whose times differ. Kind, subject and jobs make it the same one; a renamed job goes by its new name."""

    kind: CollisionKind
    subject: str
    jobs: tuple[str, ...]
    severity: Severity | None
    why: str
    seasons: tuple[InSeason, ...]
    """Those in which its times differ, winter first."""

    @property
    def appears(self) -> bool:
        """Whether it happens in a season in which it did not."""
        return any(season.new and not season.before for season in self.seasons)

    @property
    def vanishes(self) -> bool:
        """Whether it no longer happens in a season in which it did, and appears in none."""
        return not self.appears and any(season.gone and not season.after for season in self.seasons)

    @property
    def is_real(self) -> bool:
        """Whether something comes of it; two accesses to a table may well meet in peace."""
        return self.severity is None or is_real(self.severity)


def collision_changes(before: Catalog, after: Catalog, at: datetime, renamed: Mapping[str, str]) -> tuple[CollisionChange, ...]:
    """What differs in the seasons of `at`; `renamed` maps old names of jobs to new ones. What appears comes first."""
    found: dict[Key, list[InSeason]] = {}
    told: dict[Key, Collision] = {}
    search_before, search_after = CollisionSearch(before), CollisionSearch(after)
    for season in seasons(at):
        old = {_key(collision, renamed): collision for collision in search_before.over(season.span)}
        new = {_key(collision, {}): collision for collision in search_after.over(season.span)}
        old_crowds, new_crowds = _Crowds(old.values(), season.span), _Crowds(new.values(), season.span)
        told = old | told | new
        for key in sorted(old.keys() | new.keys()):
            was, now = _times(old.get(key), season.span), _times(new.get(key), season.span)
            if was == now:
                continue
            worse, better = now - was - old_crowds.as_large(key), was - now - new_crowds.as_large(key)
            if worse or better:
                in_season = InSeason(
                    season=season.name,
                    before=len(was),
                    after=len(now),
                    new=len(worse),
                    gone=len(better),
                    first=next(iter(worse or now or was), None),
                )
                found.setdefault(key, []).append(in_season)
    changes = (_change(key, told[key], per_season) for key, per_season in found.items())
    # What comes as often at other times is not worth a word: the job moved, and took it along.
    return tuple(sorted((c for c in changes if any(s.before != s.after for s in c.seasons)), key=_order))


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


def _change(key: Key, told: Collision, seasons: Sequence[InSeason]) -> CollisionChange:
    return CollisionChange(
        kind=key[0], subject=key[1], jobs=key[2], severity=told.severity, why=told.why, seasons=tuple(seasons)
    )


def _order(change: CollisionChange) -> tuple[bool, bool, int, int, int, str, tuple[str, ...]]:

    return (
        not (change.appears and change.is_real),
        change.vanishes,
        -(change.severity or 0),
        WORST_FIRST.index(change.kind),
        -sum(season.new + season.gone for season in change.seasons),
        change.subject,
        change.jobs,
    )


OVER_TABLES = {CollisionKind.TABLE, CollisionKind.ORDER}
SINCE_EVER = datetime.min.replace(tzinfo=UTC)
"""Far from every instant: an end that is formatted seen from there is said with its date."""


def about_collisions(changes: Sequence[CollisionChange], after: Catalog, differing: Difference) -> Iterator[Remark]:
    """A finding for each service in which jobs start too close, and for each changed job that collides over tables: one that
    moved into the times of another collides over all that both write, and that is one thing to mend."""
    new = [change for change in changes if change.appears and change.is_real]
    often = Counter(job for change in new for job in change.jobs if change.kind in OVER_TABLES)
    changed = {job.newest.name for job in differing.jobs}
    alike: dict[tuple[Topic, str], list[CollisionChange]] = {}
    for change in new:
        culprits = sorted(changed.intersection(change.jobs), key=lambda job: (-often[job], job))
        subject = culprits[0] if culprits and change.kind in OVER_TABLES else change.subject
        topic = Topic.ORDER if change.kind is CollisionKind.ORDER else Topic.COLLISION
        alike.setdefault((topic, subject), []).append(change)
    for (topic, subject), found in alike.items():
        yield Remark(topic=topic, subject=subject, text=f"{_told(subject, found)} ({in_seasons(found[0], after)})")


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


def in_seasons(change: CollisionChange, catalog: Catalog) -> str:
    """How often a collision comes in a week of which season, and when first, in the zone of its first job and in UTC."""
    times = {season.season: season.after for season in change.seasons if season.new}
    if not times or change.jobs[0] not in catalog.jobs:
        return ""
    if len(times) > 1 and len(set(times.values())) == 1:
        often = f"{next(iter(times.values()))}x a week"
    else:
        often = " and ".join(f"{number}x a week in {season}" for season, number in times.items())
        often += " only" if len(times) == 1 else ""
    first = next(season.first for season in change.seasons if season.first and season.new)
    return f"{often}, first {format_end(first, zone(catalog.jobs[change.jobs[0]].time_zone), SINCE_EVER)}"


def blamed(change: CollisionChange, changed: Collection[str]) -> str:
    """Whom to name for it: the first of its jobs that changed, else what it is over."""
    return next((job for job in change.jobs if job in changed), change.subject)
