"""What a proposal of other minutes has to keep: the rules themselves, asked of one job and of two."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property

from interlock.catalog import Catalog, Job
from interlock.cron import Cron
from interlock.dates import NamedDay
from interlock.findings import Finding
from interlock.platform_rules import PlatformRules
from interlock.timing.costs import NEAR, Pair
from interlock.timing.held_minutes import held_minutes
from interlock.timing.minutes import DAY, MINUTE
from interlock.timing.placing import Apart
from interlock.timing.risk import Schedule
from interlock.timing.shifts import shifts
from interlock.timing.year import Year
from policies.from_catalog import estate
from policies.rejudging import Rejudging
from policies.rules.meetings import budget, gap, why_conflict
from policies.rules.stagger import backfilled, moved_wrongly, rests, stagger, starts_too_often
from policies.rules.starts import Starter, starters, waived

LOCKED, WITHIN, PLACED, WAS = "stagger: {locked}", "stagger: {within}", "the minutes that the stagger gave it", "was"
"""What forbids a move beside the rules."""


class StaggerLimits:
    """The rules of a catalog on a day, as far as they are about minutes. What is so already may stay so; of crowds of more than
    two only a whole look at the proposal knows."""

    def __init__(self, catalog: Catalog, today: date) -> None:
        self._estate = estate(catalog, today)
        self._rejudging = Rejudging(catalog, today, self._estate)
        self._jobs = catalog.jobs
        known = self._estate.once(starters)
        self._starters: dict[str, Starter] = {starter.job.name: starter for starter in known.values()}
        running = {name: job for name, job in catalog.jobs.items() if name in self._starters}
        span = Year(first=today).span
        self._schedule, self._held = Schedule(running, span), held_minutes(catalog, span)
        self._known: dict[Pair, Apart] = {}
        self._moves: dict[str, dict[int, str]] = {}

    def moves(self, job: Job) -> dict[int, str]:
        """By how many minutes a job may be moved within its hours, each with what forbids it; nothing for what is allowed."""
        if job.name not in self._moves:
            self._moves[job.name] = self._moves_of(job)
        return self._moves[job.name]

    def _moves_of(self, job: Job) -> dict[int, str]:
        starter = self._starters.get(job.name)
        if starter is None or rests(starter.job):
            return {}
        rules, was, asked = starter.rules, job.was or job.schedule, bool(backfilled(starter.job))
        return {by: self._forbids(job, rules, was, by, asked=asked) if by else "" for by in shifts(job.schedule)}

    def _forbids(self, job: Job, rules: PlatformRules, was: Cron, by: int, *, asked: bool) -> str:
        """`asked`: whether the stagger's minutes are asked of it."""
        if job.placing and job.placing.locked:
            return LOCKED
        new = replace(job.schedule, times=frozenset(time + by for time in job.schedule.times))
        if moved_wrongly(was, new, rules.was):
            return WAS
        if job.placing and job.placing.within is not None and _furthest(was, new) > job.placing.within:
            return WITHIN
        if window := self._into_a_window(job, by):
            return window
        if starts_too_often(new, rules) or new.minutes <= rules.stagger.allowed:
            return ""
        if asked:
            return stagger.name
        # Whom somebody moved to these minutes, stays at them, whether or not a backfill changes what it writes.
        return PLACED if job.was is not None and job.schedule.minutes <= rules.stagger.allowed else ""

    def _into_a_window(self, job: Job, by: int) -> str:
        """The window that holds more starts of a job if it is moved; nothing where none does."""
        held = self._held.get(job.name, {})
        starts = self._schedule.starts(job.name).minutes if held else None
        for scope, minutes in held.items():
            if starts is not None and len(starts.delayed(by * MINUTE) & minutes) > len(starts & minutes):
                return scope
        return ""

    @cached_property
    def together(self) -> dict[str, tuple[str, ...]]:
        """By job, the others that a rule may want it apart from."""
        found: dict[str, set[str]] = {name: set() for name in self._starters}
        by_thing: dict[str, list[str]] = {}
        for name, starter in self._starters.items():
            for thing in (
                *(f"table/{table}" for table in starter.writes),
                *([f"service/{starter.service}"] * bool(starter.service)),
            ):
                by_thing.setdefault(thing, []).append(name)
        for names in by_thing.values():
            for name in names:
                found[name].update(names)
        return {name: tuple(sorted(others - {name})) for name, others in found.items()}

    def apart(self, pair: Pair) -> Apart:
        """What the rules about two jobs forbid."""
        if pair not in self._known:
            self._known[pair] = Apart({rule: found for rule, found in self._rules(pair) if found})
        return self._known[pair]

    def around(self, after: Catalog, moved: Collection[str]) -> tuple[Sequence[Finding], Sequence[Finding]]:
        """What breaks a rule before and `after` some jobs were moved, as far as the moves may change it."""
        return self._rejudging.around(after, moved)

    def _rules(self, pair: Pair) -> Iterator[tuple[str, frozenset[int]]]:
        one, other = (self._starters[name] for name in pair)
        if not (waived(one.job, gap, self._estate) or waived(other.job, gap, self._estate)):
            yield gap.name, self._too_near(pair, one, other)
        same = one.service is not None and one.service == other.service
        if (
            same
            and min(one.bears, other.bears) == 1
            and not all(waived(each.job, budget, self._estate) for each in (one, other))
        ):
            yield budget.name, self._nearer(pair, MINUTE, None)

    def _too_near(self, pair: Pair, one: Starter, other: Starter) -> frozenset[int]:
        found = set[int]()
        apart = max(one.rules.apart, other.rules.apart)
        for table in one.writes:
            if apart and table in other.writes and why_conflict(one.writes[table], other.writes[table]):
                found |= self._nearer(pair, apart, _moved(one.days.get(table), other.days.get(table)))
        wanted = max(one.gap or timedelta(0), other.gap or timedelta(0)) if one.service == other.service else timedelta(0)
        return frozenset(found | self._nearer(pair, wanted, None)) if wanted else frozenset(found)

    def _nearer(self, pair: Pair, apart: timedelta, moved: int | None) -> frozenset[int]:
        """The moves by which the two start less than so long apart, some time; none where they do so already."""
        wide = -(-apart // MINUTE) - 1
        distances = self._schedule.apart(*pair, -NEAR - wide, NEAR + wide, moved)
        if any(-wide <= minutes <= wide for minutes in distances):
            return frozenset()
        return frozenset(by - minutes for minutes in distances for by in range(-wide, wide + 1))


def _moved(one: NamedDay | None, other: NamedDay | None) -> int | None:
    """By how many days what one names is moved against what the other does; None where it may be any day."""
    if one is None or other is None or one.column != other.column:
        return None
    return (one.offset - other.offset) // DAY


def _furthest(was: Cron, new: Cron) -> timedelta:
    """By how much a start of the day moved at most."""
    pairs = zip(sorted(was.times), sorted(new.times), strict=False)
    return max((abs(old - now) for old, now in pairs), default=0) * MINUTE
