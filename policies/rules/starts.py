"""When several jobs start: what a service bears, and what two writers of a table do to each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, reduce
from itertools import combinations
from operator import or_
from zoneinfo import ZoneInfo

from interlock.access import Kind, is_real, worst_pair
from interlock.cron import Cron
from interlock.dates import NamedDay
from interlock.names import count, rounded
from interlock.platform_rules import PlatformRules
from interlock.seasons import Season
from interlock.timing.collisions import AT_ONCE
from interlock.timing.crowds import crowds
from interlock.timing.days_in_words import ALWAYS, days_in_words
from interlock.timing.minutes import Minutes, Span, fire_minutes
from interlock.timing.named_days import Starts, by_same_day
from interlock.timing.season_minutes import season_minutes
from interlock.timing.year import Year
from policies.rules.estate import JOB, Estate, Resource
from policies.rules.facts import MAX_GAP, Writes, days_of, rules_for, writes_of
from policies.rules.rule import Rule, rule
from policies.rules.schedules import fires
from policies.rules.seasons import season_of
from policies.rules.targets import canonical_body
from policies.rules.values import NOTHING, Malformed, Unresolved
from policies.rules.waivers import waiver_of

SHOWN_JOBS = 3


Timing = tuple[str, str, Season | None]
"""A schedule, its zone and the season outside of which it is held."""
Met = dict[str, Minutes]
"""By address, other jobs and when one meets them, in the year from the estate's day on."""


@dataclass(frozen=True, kw_only=True)
class Starter:
    """A job that runs, what is known of what it starts, and when: its minutes in the year from the estate's day on."""

    job: Resource
    key: Timing
    """Jobs that have it in common start at the same times."""
    zone: ZoneInfo
    starts: Minutes
    service: str | None
    bears: int
    """How many starts a minute."""
    gap: timedelta | None
    """How far apart its service wants starts."""
    writes: Writes
    days: Mapping[str, NamedDay]
    """Of the tables of which it changes one day alone."""
    rules: PlatformRules
    """Of its platform."""


def starters(estate: Estate) -> dict[str, Starter]:
    """Every job that is not paused by declaration and whose schedule and facts can be read, by address. Of one that can't be
    read the rules say that; the others are judged without it."""
    span = Year(first=estate.today).span
    known: dict[Timing, Minutes] = {}
    found = {}
    for job, (schedule, in_zone) in _running(estate):
        with suppress(Malformed, Unresolved):
            season = season_of(job, estate)
            key = (schedule.text, in_zone.key, season)
            if key not in known:
                known[key] = _starts(schedule, in_zone, season, span)
            found[job.address] = Starter(
                job=job,
                key=key,
                zone=in_zone,
                starts=known[key],
                service=job.facts.text("service"),
                bears=_bears(job),
                gap=_gap(job),
                writes=writes_of(job),
                days=days_of(job),
                rules=rules_for(job, estate),
            )
    return found


def _starts(schedule: Cron, in_zone: ZoneInfo, season: Season | None, span: Span) -> Minutes:
    fires = fire_minutes(schedule, in_zone, span)
    return fires & season_minutes(season, span) if season else fires


def _running(estate: Estate) -> Iterator[tuple[Resource, tuple[Cron, ZoneInfo]]]:
    """The jobs that are not paused by declaration and of which somebody knows when they fire."""
    for job in estate.every(JOB):
        with suppress(Malformed, Unresolved):
            if "paused" not in job.facts and (when := fires(job)) is not None and when[0].is_known:
                yield job, when


def _must_be_readable(job: Resource, estate: Estate) -> None:
    """Raises what `starters` leaves a job out for."""
    rules_for(job, estate)
    fires(job)
    season_of(job, estate)
    _bears(job)
    _gap(job)
    writes_of(job)
    days_of(job)


def _bears(job: Resource) -> int:
    """How many starts a minute the service of a job takes: one, until somebody says how many."""
    starts = job.facts.number("starts_per_minute")
    if starts is not None and starts < 1:
        raise Malformed("starts_per_minute", starts, "a number from 1 on")
    return starts or 1


def _gap(job: Resource) -> timedelta | None:
    wanted = job.facts.seconds("gap_s")
    if wanted is not None and wanted > MAX_GAP:
        raise Malformed("gap_s", int(wanted.total_seconds()), f"{rounded(MAX_GAP)} at most, in seconds")
    return wanted


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
    _must_be_readable(job, estate)
    if (crowd := estate.once(_crowded).get(job.address)) is not None:
        limit, met = crowd
        yield (
            f"starts in the same minute as {_with_days(job, met, estate)}, and {job.facts.text('service')} takes "
            f"{count(limit, 'start')} a minute; move one, or say in starts_per_minute what was measured"
        )


def _crowded(estate: Estate) -> dict[str, tuple[int, Met]]:
    """The jobs that start with too many others, by address, with what is allowed and the others."""
    services: dict[str, dict[str, Starter]] = {}
    for address, starter in estate.once(starters).items():
        if starter.service:
            services.setdefault(starter.service, {})[address] = starter
    found: dict[str, tuple[int, Met]] = {}
    for jobs in services.values():
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
    _must_be_readable(job, estate)
    near = [meeting for meeting in estate.once(_meetings).get(job.address, ()) if not _waived(meeting.other, gap, estate)]
    by_reason: dict[str, Met] = {}
    for meeting in near:
        by_reason.setdefault(meeting.why, {})[meeting.other.address] = meeting.times
    for why, met in sorted(by_reason.items()):
        yield f"starts less than {why.replace('{others}', _with_days(job, met, estate))}; move one, or waive the rule"


@dataclass(frozen=True, kw_only=True)
class _Meeting:
    other: Resource
    why: str
    times: Minutes
    """When the later of the two starts."""


def _waived(other: Resource, by: Rule, estate: Estate) -> bool:
    """Whether the other one of a pair waives the rule: that counts for both."""
    return waiver_of(other, by.name, estate.today) is not None


def _meetings(estate: Estate) -> dict[str, list[_Meeting]]:
    """By address, the jobs that a job is too near to."""
    near = _Near()
    found: dict[str, list[_Meeting]] = {}
    for one, other in _pairs(list(estate.once(starters).values())):
        for why, times in _too_near(one, other, near):
            found.setdefault(one.job.address, []).append(_Meeting(other=other.job, why=why, times=times))
            found.setdefault(other.job.address, []).append(_Meeting(other=one.job, why=why, times=times))
    return found


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


def _pairs(jobs: list[Starter]) -> Iterator[tuple[Starter, Starter]]:
    """The pairs that have something in common: a service that wants a gap, or a table that both write."""
    together: dict[str, list[int]] = {}
    wanting = {starter.service for starter in jobs if starter.gap and starter.service}
    for number, starter in enumerate(jobs):
        if starter.service in wanting:
            together.setdefault(f"service/{starter.service}", []).append(number)
        for table in starter.writes:
            together.setdefault(f"table/{table}", []).append(number)
    pairs = {pair for numbers in together.values() for pair in combinations(numbers, 2)}
    for one, other in sorted(pairs):
        yield jobs[one], jobs[other]


def _too_near(one: Starter, other: Starter, near: _Near) -> Iterator[tuple[str, Minutes]]:
    """Why two jobs are too near, text to go on after "starts less than", and when: over tables, and over what else their
    service wants."""
    wanted = max(one.gap or AT_ONCE, other.gap or AT_ONCE) if one.service == other.service else AT_ONCE
    mine, theirs, apart = one.writes, other.writes, max(one.rules.apart, other.rules.apart)
    over = Minutes(span=one.starts.span, bits=0)
    if apart and wanted <= apart:
        shared = [table for table in mine if table in theirs and _conflict(mine[table], theirs[table])]
        met = {table: times for table in shared if (times := near.of_one_day(one, other, apart, table))}
        if tables := [*met]:
            over = reduce(or_, met.values())
            more = f" and {count(len(tables) - 1, 'more table')}" if len(tables) > 1 else ""
            why = f"{rounded(apart)} from {{others}}, and both write {tables[0]}{more}: "
            yield why + _conflict(mine[tables[0]], theirs[tables[0]]), over
    if wanted and (times := near.of(one, other, wanted)).bits & ~over.bits:
        yield f"{rounded(wanted)} from {{others}}, the gap that {one.service} wants", times


def _conflict(a: frozenset[Kind], b: frozenset[Kind]) -> str:
    """Why two writers conflict, or nothing."""
    pair = worst_pair(a, b)
    return pair.conflict.why.rstrip(".") if pair is not None and is_real(pair.conflict.severity) else ""


@rule(
    9,
    "twin",
    "No two jobs do the same at the same time, on the clock of one zone or of two",
    kinds=(JOB,),
    bad='gap-filler and gap-filler-v2, both POST /fill {} at "15 6 * * *", the one in New York and the other in UTC',
    good="one of them; the other under `removed`",
)
def twin(job: Resource, estate: Estate) -> Iterator[str]:
    """A job is set up anew under another name, or in another zone, and the old one stays: on the NBA platform two that fill
    gaps "drift by 4-7h", and five triggers graded the same games. So jobs are twins that call the same with the same body and
    sometimes start in one minute, and those that start at the same time of the day in two zones. A waiver of either of two
    jobs counts for both."""
    fires(job)
    _does(job)
    met = estate.once(_twins).get(job.address, {})
    at_once = {other: times for other, times in met.items() if times}
    if at_once:
        words = _words(job, at_once, estate)
        when = "sometimes in the same minute" if words == ALWAYS else f"in the same minute {words}"
        yield f"does what {_named(at_once, estate)}, with the same body, and {when}; remove one of them"
    if others := met.keys() - at_once.keys():
        when = "at the same wall time in another zone"
        yield f"does what {_named(others, estate)}, with the same body, {when}; remove one of them"


def _named(others: Iterable[str], estate: Estate) -> str:
    """The jobs at these addresses, and that they do something."""
    names = sorted(estate.once(starters)[other].job.name for other in others)
    return f"{_names(names)} {'does' if len(names) == 1 else 'do'}"


def _twins(estate: Estate) -> dict[str, Met]:
    """By address, the jobs that do the same as one: sometimes in its minute, or at no common minute and at the same time of the
    day in another zone. Less those that waive it."""
    found: dict[str, Met] = {}
    for same in _by_deed(estate).values():
        for one, other in combinations(same, 2):
            times = one.starts & other.starts
            if times or _on_two_clocks(one, other):
                for mine, theirs in ((one, other), (other, one)):
                    if not _waived(theirs.job, twin, estate):
                        found.setdefault(mine.job.address, {})[theirs.job.address] = times
    return found


def _on_two_clocks(one: Starter, other: Starter) -> bool:
    """Whether both start at the same time of the day, in two zones."""
    return one.key[1] != other.key[1] and _clock(one.key[0]) == _clock(other.key[0])


@lru_cache
def _clock(schedule: str) -> tuple[object, ...]:
    """What a schedule says of the clock and the calendar of its zone, however it is written."""
    cron = Cron.read(schedule)
    return cron.times, cron.days, cron.months, cron.weekdays, cron.either_day


def _by_deed(estate: Estate) -> dict[str, list[Starter]]:
    found: dict[str, list[Starter]] = {}
    for starter in estate.once(starters).values():
        with suppress(Malformed, Unresolved):
            if (does := _does(starter.job)) is not None:
                found.setdefault(does, []).append(starter)
    return found


def _does(job: Resource) -> str | None:
    """What a job calls, and with what; None when it calls nothing. In a catalog it has no URL yet: a service and a path."""
    http, topic = job.attributes.block("http_target") or NOTHING, job.attributes.block("pubsub_target") or NOTHING
    where = http.text("uri") or topic.text("topic_name")
    if where is None and (service := job.facts.text("service")):
        where = service + (job.facts.text("path") or "")
    labels = topic.block("attributes") or NOTHING
    told = sorted((name, labels.text(name)) for name in labels.names())
    return repr((where, http.text("http_method") or "POST", told, canonical_body(job))) if where else None


def _names(jobs: list[str]) -> str:
    shown = ", ".join(jobs[:SHOWN_JOBS])
    return shown if len(jobs) <= SHOWN_JOBS else f"{shown} and {count(len(jobs) - SHOWN_JOBS, 'more job')}"


def _with_days(job: Resource, met: Met, estate: Estate) -> str:
    """The names of the jobs that one meets, those first with which it does on most days; with the days, where not on all."""
    known = estate.once(starters)
    alike: dict[str, list[str]] = {}
    for other in sorted(met, key=lambda address: (-len(met[address]), known[address].job.name)):
        alike.setdefault(_words(job, {other: met[other]}, estate), []).append(other)
    if len(alike) > SHOWN_JOBS:
        alike = {_words(job, met, estate): [*met]}
    said = (
        f"{_names(sorted(known[other].job.name for other in others))}{'' if words == ALWAYS else f' {words}'}"
        for words, others in alike.items()
    )
    return ", and ".join(said)


def _words(job: Resource, met: Met, estate: Estate) -> str:
    """The days on which one meets some of the others, by its own clock."""
    known, year = estate.once(starters), Year(first=estate.today)
    zone = known[job.address].zone
    bits = 0
    for minutes in met.values():
        bits |= minutes.bits
    clocks = [known[other].zone for other in met]
    return days_in_words(year.days(Minutes(span=year.span, bits=bits), zone), year, zone, clocks).text
