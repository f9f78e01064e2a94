"""Which collisions appear, vanish or come more or less often, over a week in winter and one in summer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from interlock.access import Severity, is_real
from interlock.catalog import Catalog
from interlock.collisions import Collision, CollisionKind, Season, collisions, seasons
from interlock.cron import zone
from interlock.diff import Difference
from interlock.holds import format_end
from interlock.remark import Remark, Topic, listed

Key = tuple[CollisionKind, str, tuple[str, ...]]

KINDS = (CollisionKind.TABLE, CollisionKind.ORDER, CollisionKind.BUDGET, CollisionKind.GAP)
"""What is worst first."""


@dataclass(frozen=True, kw_only=True)
class InSeason:
    """How often it begins in the week of one season; `first` is the first time, after the change if it happens then still."""

    season: str
    before: int
    after: int
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

    @property
    def appears(self) -> bool:
        """Whether it happens in a season in which it did not."""
        return any(season.after and not season.before for season in self.seasons)

    @property
    def vanishes(self) -> bool:
        """Whether it no longer happens in a season in which it did, and appears in none."""
        return not self.appears and any(season.before and not season.after for season in self.seasons)

    @property
    def is_real(self) -> bool:
        """Whether something comes of it; two accesses to a table may well meet in peace."""
        return self.severity is None or is_real(self.severity)


def collision_changes(before: Catalog, after: Catalog, at: datetime, renamed: Mapping[str, str]) -> tuple[CollisionChange, ...]:
    """What differs in the seasons of `at`; `renamed` maps old names of jobs to new ones. What appears comes first."""
    found: dict[Key, list[InSeason]] = {}
    told: dict[Key, Collision] = {}
    weeks = seasons(at)
    for season in weeks:
        old = {_key(collision, renamed): collision for collision in collisions(before, season.span)}
        new = {_key(collision, {}): collision for collision in collisions(after, season.span)}
        told |= {key: collision for key, collision in old.items() if key not in told} | new
        for key in old.keys() | new.keys():
            found.setdefault(key, []).append(_in_season(season, old.get(key), new.get(key)))
    changes = [_change(key, told[key], per_season, weeks) for key, per_season in found.items()]
    differing = (change for change in changes if any(season.before != season.after for season in change.seasons))
    return tuple(sorted(differing, key=_order))


def _key(collision: Collision, renamed: Mapping[str, str]) -> Key:
    jobs = tuple(renamed.get(job, job) for job in collision.jobs)
    return collision.kind, collision.subject, jobs if collision.kind is CollisionKind.ORDER else tuple(sorted(jobs))


def _in_season(season: Season, old: Collision | None, new: Collision | None) -> InSeason:
    shown = new or old
    return InSeason(
        season=season.name,
        before=len(old.times) if old else 0,
        after=len(new.times) if new else 0,
        first=next(iter(shown.times), None) if shown else None,
    )


def _change(key: Key, told: Collision, found: list[InSeason], weeks: tuple[Season, ...]) -> CollisionChange:
    by_name = {season.season: season for season in found}
    never = (InSeason(season=week.name, before=0, after=0, first=None) for week in weeks)
    return CollisionChange(
        kind=key[0],
        subject=key[1],
        jobs=key[2],
        severity=told.severity,
        why=told.why,
        seasons=tuple(by_name.get(season.season, season) for season in never),
    )


def _order(change: CollisionChange) -> tuple[bool, bool, int, int, str, tuple[str, ...]]:

    return (
        not (change.appears and change.is_real),
        change.vanishes,
        -(change.severity or 0),
        KINDS.index(change.kind),
        change.subject,
        change.jobs,
    )


OVER_TABLES = {CollisionKind.TABLE, CollisionKind.ORDER}
SINCE_EVER = datetime.min.replace(tzinfo=UTC)
"""Far from every instant: an end that is formatted seen from there is said with its date."""


def about_collisions(changes: Sequence[CollisionChange], after: Catalog, differing: Difference) -> Iterator[Remark]:
    """A finding for each kind of new collision of a service, or over tables of a changed job: one that moved into the times of
    another collides over all that both write, and that is one thing to mend."""
    new = [change for change in changes if change.appears and change.is_real]
    blamed = Counter(job for change in new for job in change.jobs if change.kind in OVER_TABLES)
    changed = {job.name for job in differing.jobs}
    alike: dict[tuple[CollisionKind, str], list[CollisionChange]] = {}
    for change in new:
        culprits = sorted(changed.intersection(change.jobs), key=lambda job: (-blamed[job], job))
        subject = culprits[0] if culprits and change.kind in OVER_TABLES else change.subject
        alike.setdefault((change.kind, subject), []).append(change)
    for (kind, subject), found in alike.items():
        text = f"{_with_whom(subject, found)}{found[0].why} ({in_seasons(found[0], after)})"
        topic = Topic.ORDER if kind is CollisionKind.ORDER else Topic.COLLISION
        yield Remark(topic=topic, subject=subject, text=text)


def _with_whom(subject: str, found: Sequence[CollisionChange]) -> str:
    """Of more than one collision all that take part, before the sentence about the first."""
    if len(found) == 1:
        return ""
    others = sorted({job for change in found for job in change.jobs} - {subject})
    tables = sorted({change.subject.partition("/")[2] for change in found} - {subject.partition("/")[2]})
    over = f" over {listed(tables, most=2)}" if tables else ""
    return f"{len(found)} with {listed(others, most=2)}{over}. The first: "


def in_seasons(change: CollisionChange, catalog: Catalog) -> str:
    """How often a collision comes in a week of which season, and when first, in the zone of its first job and in UTC."""
    times = {season.season: season.after for season in change.seasons if season.after}
    if not times or change.jobs[0] not in catalog.jobs:
        return ""
    if len(times) == len(change.seasons) and len(set(times.values())) == 1:
        often = f"{next(iter(times.values()))}x a week"
    else:
        often = " and ".join(f"{number}x a week in {season}" for season, number in times.items())
        often += " only" if len(times) < len(change.seasons) else ""
    first = next(season.first for season in change.seasons if season.first and season.after)
    return f"{often}, first {format_end(first, zone(catalog.jobs[change.jobs[0]].time_zone), SINCE_EVER)}"
