"""When several jobs start: what a service bears, and what two writers of a table do to each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import combinations, permutations
from zoneinfo import ZoneInfo

from interlock.access import Kind, is_real, worst_pair
from interlock.cron import Cron
from interlock.names import count, rounded
from interlock.platform_rules import PlatformRules
from interlock.timing.collisions import AT_ONCE, crowds
from interlock.timing.minutes import Minutes, fire_minutes
from policies.rules.days import spans
from policies.rules.estate import JOB, Estate, Resource
from policies.rules.facts import MAX_GAP, Writes, rules_for, writes_of
from policies.rules.rule import Rule, rule
from policies.rules.schedules import fires
from policies.rules.targets import canonical_body
from policies.rules.values import NOTHING, Malformed, Unresolved
from policies.rules.waivers import waiver_of

SHOWN_JOBS = 3


@dataclass(frozen=True, kw_only=True)
class Starter:
    """A job that runs, what is known of what it starts, and when: its minutes in each span that is looked at (`days.py`)."""

    job: Resource
    key: tuple[str, str]
    """Schedule and zone: jobs that have them in common start at the same times."""
    starts: tuple[Minutes, ...]
    service: str | None
    bears: int
    """How many starts a minute."""
    gap: timedelta | None
    """How far apart its service wants starts."""
    writes: Writes
    rules: PlatformRules
    """Of its platform."""

    def meets(self, other: Starter) -> bool:
        """Whether both start in one minute."""
        return any(mine & theirs for mine, theirs in zip(self.starts, other.starts, strict=True))


def starters(estate: Estate) -> dict[str, Starter]:
    """Every job that is not paused by declaration and whose schedule and facts can be read, by address. Of one that can't be
    read the rules say that; the others are judged without it."""
    running = dict(_running(estate))
    looked_at = spans(estate.today.year, (when for _, when in running.values()))
    known: dict[tuple[str, str], tuple[Minutes, ...]] = {}
    found = {}
    for job, (schedule, in_zone) in running.values():
        with suppress(Malformed, Unresolved):
            key = (schedule.text, in_zone.key)
            if key not in known:
                known[key] = tuple(fire_minutes(schedule, in_zone, span) for span in looked_at)
            found[job.address] = Starter(
                job=job,
                key=key,
                starts=known[key],
                service=job.facts.text("service"),
                bears=_bears(job),
                gap=_gap(job),
                writes=writes_of(job),
                rules=rules_for(job, estate),
            )
    return found


def _running(estate: Estate) -> Iterator[tuple[str, tuple[Resource, tuple[Cron, ZoneInfo]]]]:
    """The jobs that are not paused by declaration and of which somebody knows when they fire, by address."""
    for job in estate.every(JOB):
        with suppress(Malformed, Unresolved):
            if "paused" not in job.facts and (when := fires(job)) is not None and when[0].is_known:
                yield job.address, (job, when)


def _must_be_readable(job: Resource, estate: Estate) -> None:
    """Raises what `starters` leaves a job out for."""
    rules_for(job, estate)
    fires(job)
    _bears(job)
    _gap(job)
    writes_of(job)


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
    folder for all of its services."""
    _must_be_readable(job, estate)
    if (crowd := estate.once(_crowded).get(job.address)) is not None:
        limit, others = crowd
        yield (
            f"starts in the same minute as {_names(others)}, and {job.facts.text('service')} takes "
            f"{count(limit, 'start')} a minute; move one, or say in starts_per_minute what was measured"
        )


def _crowded(estate: Estate) -> dict[str, tuple[int, list[str]]]:
    """The jobs that start with too many others, by address, with what is allowed and the others."""
    services: dict[str, dict[str, Starter]] = {}
    for address, starter in estate.once(starters).items():
        if starter.service:
            services.setdefault(starter.service, {})[address] = starter
    met: dict[str, tuple[int, set[str]]] = {}
    for jobs in services.values():
        limit = min(starter.bears for starter in jobs.values())
        for week, minutes in enumerate(next(iter(jobs.values())).starts):
            starts = {address: starter.starts[week] for address, starter in jobs.items()}
            for crowd in crowds(starts, limit, minutes.span):
                for address in crowd:
                    met.setdefault(address, (limit, set()))[1].update(set(crowd) - {address})
    named = estate.once(starters)
    return {address: (limit, sorted(named[one].job.name for one in others)) for address, (limit, others) in met.items()}


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
    by_reason: dict[str, list[str]] = {}
    for meeting in near:
        by_reason.setdefault(meeting.why, []).append(meeting.other.name)
    for why, others in sorted(by_reason.items()):
        yield f"starts less than {why.replace('{others}', _names(sorted(others)))}; move one, or waive the rule"


@dataclass(frozen=True, kw_only=True)
class _Meeting:
    other: Resource
    why: str


def _waived(other: Resource, by: Rule, estate: Estate) -> bool:
    """Whether the other one of a pair waives the rule: that counts for both."""
    return waiver_of(other, by.name, estate.today) is not None


def _meetings(estate: Estate) -> dict[str, list[_Meeting]]:
    """By address, the jobs that a job is too near to."""
    jobs = list(estate.once(starters).values())
    around: dict[tuple[tuple[str, str], timedelta], list[Minutes]] = {}
    found: dict[str, list[_Meeting]] = {}
    for one, other in _pairs(jobs):
        apart, why = _apart(one, other)
        key = (one.key, apart)
        if key not in around:
            around[key] = [minutes.around(timedelta(minutes=1) - apart, apart) for minutes in one.starts]
        if any(near & theirs for near, theirs in zip(around[key], other.starts, strict=True)):
            found.setdefault(one.job.address, []).append(_Meeting(other=other.job, why=why))
            found.setdefault(other.job.address, []).append(_Meeting(other=one.job, why=why))
    return found


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
        if _apart(jobs[one], jobs[other])[0]:
            yield jobs[one], jobs[other]


def _apart(one: Starter, other: Starter) -> tuple[timedelta, str]:
    """How far apart two jobs have to start, and why: text to go on after "starts less than"."""
    wanted = max(one.gap or AT_ONCE, other.gap or AT_ONCE) if one.service == other.service else AT_ONCE
    mine, theirs = one.writes, other.writes
    apart = max(one.rules.apart, other.rules.apart)
    shared = [table for table in mine if table in theirs and _conflict(mine[table], theirs[table])]
    if shared and apart and wanted <= apart:
        more = f" and {count(len(shared) - 1, 'more table')}" if len(shared) > 1 else ""
        why = f"{rounded(apart)} from {{others}}, and both write {shared[0]}{more}: "
        return apart, why + _conflict(mine[shared[0]], theirs[shared[0]])
    if wanted:
        return wanted, f"{rounded(wanted)} from {{others}}, the gap that {one.service} wants"
    return AT_ONCE, ""


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
    for how, others in estate.once(_twins).get(job.address, {}).items():
        does = "does" if len(others) == 1 else "do"
        yield f"does what {_names(sorted(others))} {does}, with the same body, {how}; remove one of them"


AT_ONE_MINUTE = "and sometimes in the same minute"
ON_TWO_CLOCKS = "at the same wall time in another zone"


def _twins(estate: Estate) -> dict[str, dict[str, list[str]]]:
    """By address, the jobs that do the same as one, and how they meet: less those that waive it."""
    found: dict[str, dict[str, list[str]]] = {}
    for same in _by_deed(estate).values():
        for one, other in permutations(same, 2):
            how = _meet(one, other)
            if how and not _waived(other.job, twin, estate):
                found.setdefault(one.job.address, {}).setdefault(how, []).append(other.job.name)
    return found


def _meet(one: Starter, other: Starter) -> str:
    """How two jobs that do the same meet, or nothing."""
    if one.meets(other):
        return AT_ONE_MINUTE
    return ON_TWO_CLOCKS if one.key[1] != other.key[1] and _clock(one.key[0]) == _clock(other.key[0]) else ""


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
