"""Which collisions appear, vanish or come more or less often, over a week in winter and one in summer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from interlock.access import Severity, is_real
from interlock.catalog import Catalog
from interlock.collisions import Collision, CollisionKind, Season, collisions, seasons

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
