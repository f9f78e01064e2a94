"""What a service bears, and what two writers of a table do to each other, by when their jobs start."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_

from interlock.access import Kind, is_real, worst_pair
from interlock.names import count, rounded
from interlock.timing.crowds import crowds
from interlock.timing.minutes import AT_ONCE, Minutes
from interlock.timing.named_days import Starts, by_same_day
from interlock.timing.year import Year
from policies.rules.estate import JOB, Estate, Resource
from policies.rules.rule import rule
from policies.rules.starts import Met, Starter, Timing, must_be_readable, starters, waived, with_days


@rule(
    7,
    "budget",
    "No more jobs of a service start in one minute than it bears",
    kinds=(JOB,),
    bad='two jobs of a service without starts_per_minute, both at "0 6 * * *"',
    good="services:\n  nba-scrapers: {kind: run, starts_per_minute: 4}  # measured",
)
def budget(job: Resource, estate: Estate) -> Iterator[str]:
    """On 2026-01-17 two jobs met on a service that scales from zero at 06:30: 503s, and 9,282 predictions ungraded. A service
    takes one start a minute, until somebody says how many: `starts_per_minute` of the service, or under `rules` of a platform's
    folder for all of its services. Each minute of the year from today on is looked at, here and by `gap` and `twin`; where it
    is not every day, the finding says on which."""
    must_be_readable(job, estate)
    if (crowd := estate.once(crowded).get(job.address)) is not None:
        limit, met = crowd
        yield (
            f"starts in the same minute as {with_days(job, met, estate)}, and {job.facts.text('service')} takes "
            f"{count(limit, 'start')} a minute; move one, or say in starts_per_minute what was measured"
        )


Crowded = dict[str, tuple[int, Met]]
"""By address, what is allowed and the others."""


def crowded(estate: Estate) -> Crowded:
    """The jobs that start with too many others."""
    return {address: crowd for _, found in estate.once(_crowded).values() for address, crowd in found.items()}


def _crowded(estate: Estate) -> dict[str, tuple[dict[str, Starter], Crowded]]:
    """The same by service, each with its jobs."""
    services: dict[str, dict[str, Starter]] = {}
    for address, starter in estate.once(starters).items():
        if starter.service:
            services.setdefault(starter.service, {})[address] = starter
    before = {} if estate.like is None else estate.like.once(_crowded)
    return {
        service: before[service] if service in before and before[service][0] == jobs else (jobs, _of_service(jobs, estate))
        for service, jobs in services.items()
    }


def _of_service(jobs: dict[str, Starter], estate: Estate) -> Crowded:
    found: Crowded = {}
    limit = min(starter.bears for starter in jobs.values())
    starts = {address: starter.starts for address, starter in jobs.items()}
    for crowd, times in crowds(starts, limit, Year(first=estate.today).span).items():
        for address in crowd:
            met = found.setdefault(address, (limit, {}))[1]
            for other in crowd:
                if other != address:
                    met[other] = met[other] | times if other in met else times
    return found


@rule(
    8,
    "gap",
    "Two jobs that write one table with a real conflict start 15 minutes apart, unless their platform says otherwise, and jobs "
    "of a service as far as it wants",
    kinds=(JOB,),
    bad='two jobs that delete and load nba_raw.nbac_gamebook_player_stats, both at "15 * * * *"',
    good='one at "15 * * * *", the other at "45 * * * *"',
)
def gap(job: Resource, estate: Estate) -> Iterator[str]:
    """Two statements that change one table at once fail with "Could not serialize access"
    (cloud.google.com/bigquery/docs/reference/standard-sql/data-manipulation-language). Starts that are apart don't promise that
    the writes are, but starts at once nearly promise that they meet. 15 minutes are the default: `rules: {apart: 5m}` of a
    platform's folder says another number, and of two platforms the larger one counts. A waiver of either of two jobs counts
    for both."""
    must_be_readable(job, estate)
    near = [meeting for meeting in estate.once(meetings).get(job.address, ()) if not waived(meeting.other, gap, estate)]
    by_reason: dict[str, Met] = {}
    for meeting in near:
        by_reason.setdefault(meeting.why, {})[meeting.other.address] = meeting.times
    for why, met in sorted(by_reason.items()):
        yield f"starts less than {why.replace('{others}', with_days(job, met, estate))}; move one, or waive the rule"


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """Another job that one is too near to."""

    other: Resource
    why: str
    times: Minutes
    """When the later of the two starts."""


def meetings(estate: Estate) -> dict[str, list[Meeting]]:
    """By address, the jobs that a job is too near to."""
    known = estate.once(starters)
    found: dict[str, list[Meeting]] = {}
    for (one, other), several in estate.once(_meetings).items():
        for why, times in several:
            found.setdefault(one, []).append(Meeting(other=known[other].job, why=why, times=times))
            found.setdefault(other, []).append(Meeting(other=known[one].job, why=why, times=times))
    return found


def _meetings(estate: Estate) -> dict[tuple[str, str], tuple[tuple[str, Minutes], ...]]:
    """By address the pairs that are too near, in the order of the estate, with why and when."""
    near, known = _Near(), estate.once(starters)
    number = {address: place for place, address in enumerate(known)}
    found = {}
    if estate.like is not None:
        before = estate.like.once(_meetings)
        found = {pair: several for pair, several in before.items() if estate.changed.isdisjoint(pair)}
    for one, other in _pairs(list(known.values()), None if estate.like is None else estate.changed):
        if several := tuple(_too_near(one, other, near)):
            found[one.job.address, other.job.address] = several
    return dict(sorted(found.items(), key=lambda one: (number[one[0][0]], number[one[0][1]])))


class _Near:
    """When the later of two starts less than so long after the earlier; found once for all jobs that start alike."""

    def __init__(self) -> None:
        self._after: dict[tuple[Timing, timedelta], Minutes] = {}

    def of(self, one: Starter, other: Starter, apart: timedelta) -> Minutes:
        """Of any of their starts."""
        return self._then(one, apart) & other.starts | self._then(other, apart) & one.starts

    def of_one_day(self, one: Starter, other: Starter, apart: timedelta, table: str) -> Minutes:
        """Of those that may change the same rows of a table."""
        found = self.of(one, other, apart)
        mine, theirs = (Starts(fires=each.starts, zone=each.zone, day=each.days.get(table)) for each in (one, other))
        if not found or mine.day is None or theirs.day is None:
            return found
        met = Minutes(span=found.span, bits=0)
        for ours, others in by_same_day(mine, theirs):
            met |= ours.around(AT_ONCE, apart) & others | others.around(AT_ONCE, apart) & ours
        return met

    def _then(self, starter: Starter, apart: timedelta) -> Minutes:
        if (starter.key, apart) not in self._after:
            self._after[starter.key, apart] = starter.starts.around(AT_ONCE, apart)
        return self._after[starter.key, apart]


def _pairs(jobs: list[Starter], those: Collection[str] | None) -> Iterator[tuple[Starter, Starter]]:
    """The pairs that have something in common: a service that wants a gap, or a table that both write; with one of those at
    some addresses only, if any are named."""
    together: dict[str, list[int]] = {}
    wanting = {starter.service for starter in jobs if starter.gap and starter.service}
    for number, starter in enumerate(jobs):
        if starter.service in wanting:
            together.setdefault(f"service/{starter.service}", []).append(number)
        for table in starter.writes:
            together.setdefault(f"table/{table}", []).append(number)
    named = {number for number, starter in enumerate(jobs) if those is None or starter.job.address in those}
    pairs = {
        (min(one, other), max(one, other))
        for numbers in together.values()
        for one in named.intersection(numbers)
        for other in numbers
        if one != other
    }
    for one, other in sorted(pairs):
        yield jobs[one], jobs[other]


def _too_near(one: Starter, other: Starter, near: _Near) -> Iterator[tuple[str, Minutes]]:
    """Why two jobs are too near, text to go on after "starts less than", and when: over tables, and over what else their
    service wants."""
    wanted = max(one.gap or AT_ONCE, other.gap or AT_ONCE) if one.service == other.service else AT_ONCE
    mine, theirs, apart = one.writes, other.writes, max(one.rules.apart, other.rules.apart)
    over = Minutes(span=one.starts.span, bits=0)
    if apart and wanted <= apart:
        shared = [table for table in mine if table in theirs and why_conflict(mine[table], theirs[table])]
        met = {table: times for table in shared if (times := near.of_one_day(one, other, apart, table))}
        if tables := [*met]:
            over = reduce(or_, met.values())
            more = f" and {count(len(tables) - 1, 'more table')}" if len(tables) > 1 else ""
            why = f"{rounded(apart)} from {{others}}, and both write {tables[0]}{more}: "
            yield why + why_conflict(mine[tables[0]], theirs[tables[0]]), over
    if wanted and (times := near.of(one, other, wanted)).bits & ~over.bits:
        yield f"{rounded(wanted)} from {{others}}, the gap that {one.service} wants", times


def why_conflict(a: frozenset[Kind], b: frozenset[Kind]) -> str:
    """Why two writers conflict, or nothing."""
    pair = worst_pair(a, b)
    return pair.conflict.why.rstrip(".") if pair is not None and is_real(pair.conflict.severity) else ""
