"""What the catalog knows of a resource and Terraform has no attribute for, as JSON: it stands beside the resource under `//`,
which Terraform ignores, and the policies read it there. Pure.

https://developer.hashicorp.com/terraform/language/syntax/json#comment-properties
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from interlock.access import WRITES, Kind
from interlock.catalog import DEFAULT_STARTS_PER_MINUTE, Accepted, Catalog, Job, Json, Processor, Waiver, Window
from interlock.dates import NamedDay, named_day
from interlock.findings import waivers_of
from interlock.graph import conflicting, held_apart, pairs
from interlock.platform_rules import PlatformRules
from interlock.shares import Share
from interlock.windows import openings_json

KEY = "interlock"
"""Under `//`."""
SEASON_ENDS = "season_ends"
MUTATING = frozenset({Kind.MUTATE, Kind.TRUNCATE, Kind.REPLACE})
"""What meets another writer's with "Could not serialize access" (`access.py`)."""


def job_facts(job: Job, catalog: Catalog) -> dict[str, Json]:
    """Of a job: whose it is, what it starts, what that bears, and who waives what of it (`waivers_of`)."""
    service, started = job.target.service, [catalog.processors[name] for name in job.runs]
    tables: dict[str, set[str]] = {}
    for processor in started:
        for table, kinds in processor.tables.items():
            if kinds & WRITES:
                tables.setdefault(table, set()).update(kinds & WRITES)
    facts: dict[str, Json] = {
        "source": str(job.source),
        "owner": job.owner,
        "platform": job.platform,
        "service": service.name,
        "starts_per_minute": service.starts_per_minute or DEFAULT_STARTS_PER_MINUTE,
        "writes": {table: list[Json](sorted(kinds)) for table, kinds in sorted(tables.items())},
    }
    if days := _named_days(job, started):
        facts["days"] = days
    if job.undecided is not None:
        facts["undecided"] = {"review": job.undecided.review.isoformat()}
    if job.target.path:
        facts["path"] = job.target.path
    if service.gap is not None:
        facts["gap_s"] = _seconds(service.gap)
    if expects := [one.expect for one in started if one.service == service.name and one.expect is not None]:
        facts["expect_s"] = _seconds(max(expects))
    if unsafe := sorted(one.name for one in started if one.idempotent is False):
        facts["not_idempotent"] = list[Json](unsafe)
    if changed := conflicting(catalog).get(job.name):
        facts["backfilled"] = list[Json](changed)
    if others := pairs(catalog)[job.name]:
        facts["pairs"] = {other: list[Json](held_apart(catalog).get((job.name, other), ())) for other in others}
    if job.closed_by is not None:
        facts["season"] = job.closed_by.name
    if job.was is not None:
        facts["was"] = job.was.text
    if job.paused is not None:
        pause = job.paused
        facts["paused"] = {"reason": pause.reason, "owner": pause.owner, "review": pause.review.isoformat()}
    return {**facts, **waivers_json(waivers_of(job, catalog)), **_baseline_json(catalog.accepted.get(f"jobs.{job.name}", ()))}


def _named_days(job: Job, started: Iterable[Processor]) -> dict[str, Json]:
    """The tables of which a job changes one day of a partition alone: which, as days from that of its start."""
    named: dict[str, set[NamedDay | None]] = {}
    for processor in started:
        for table, kinds in processor.tables.items():
            if kinds & WRITES:
                named.setdefault(table, set()).add(named_day(processor.partitions.get(table), job.target.body))
    alone = {table: days.pop() for table, days in sorted(named.items()) if len(days) == 1}
    return {table: {"column": day.column, "from_start": day.offset.days} for table, day in alone.items() if day}


def window_facts(window: Window, covers: Iterable[str], max_hold: timedelta) -> dict[str, Json]:
    """Of the timers of a window: the jobs that it holds, for how long, and how long the environment allows at most."""
    facts: dict[str, Json] = {
        "source": str(window.source),
        "owner": window.owner,
        "window": {
            "name": window.name,
            "duration_s": _seconds(window.duration),
            "max_hold_s": _seconds(max_hold),
            "covers": list[Json](sorted(covers)),
        },
    }
    return {**facts, **waivers_json(window.waivers)}


def stack_facts(catalog: Catalog, environment: str, share: Share | None = None) -> dict[str, Json]:
    """Of the stack of a share's jobs, or of all: how many there have to be, and what is known of tables rather than jobs."""
    everyone = catalog.processors.values()
    return {
        "environment": environment,
        "jobs": len(share.jobs if share else catalog.jobs),
        "mutated": list[Json](sorted({table for one in everyone for table in _mutated(one)})),
        **_seasons_json(catalog),
        "removed": {
            name: {"reason": one.reason, "owner": one.owner, "until": one.until.isoformat()}
            for name, one in sorted(catalog.removed.items())
        },
        **({"rules": {name: _rules_json(rules) for name, rules in catalog.rules.items()}} if catalog.rules else {}),
    }


def _rules_json(rules: PlatformRules) -> dict[str, Json]:
    """Of a platform: what the rules about starts ask for; its services carry what each bears."""
    return {
        "stagger": list[Json](sorted(rules.stagger.minutes)),
        "within_s": _seconds(rules.stagger.within),
        "apart_s": _seconds(rules.apart),
        "was": rules.was,
    }


def _seasons_json(catalog: Catalog) -> dict[str, Json]:
    """When the seasons of jobs are open, from and until when in UTC; no key at all when there are none."""
    found: dict[str, Json] = {name: openings_json(season) for name, season in catalog.closing_seasons.items()}
    ends: dict[str, Json] = {season: {**facts} for season, (_, facts) in season_ends(catalog).items()}
    both: dict[str, Json] = {"seasons": found, SEASON_ENDS: ends}
    return {key: value for key, value in both.items() if value}


def season_ends(catalog: Catalog) -> dict[str, tuple[str, dict[str, Json]]]:
    """By season of days of one year, the last of its entries, with the last day, and until when somebody waives to say more."""
    last: dict[str, tuple[date, str]] = {}
    for name, entry in catalog.season_entries.items():
        if isinstance(entry.last, date):
            last[entry.season] = max(last.get(entry.season, (date.min, "")), (entry.last, name))
    found = {}
    for season, (day, name) in sorted(last.items()):
        waived = [one.until for one in catalog.season_entries[name].waivers if one.rule == "season"]
        more: dict[str, Json] = {"waived_until": max(waived).isoformat()} if waived else {}
        found[season] = (name, {"last": day.isoformat(), **more})
    return found


def _mutated(processor: Processor) -> Iterable[str]:
    return (table for table, kinds in processor.tables.items() if kinds & MUTATING)


def waivers_json(waivers: Iterable[Waiver]) -> dict[str, Json]:
    """What is waived, each once; no key at all when nothing is."""
    found: list[Json] = []
    for one in dict.fromkeys(waivers):
        said: dict[str, Json] = {"rule": one.rule, "reason": one.reason, "owner": one.owner}
        since: dict[str, Json] = {"since": one.since.isoformat()} if one.since else {}
        found.append({**said, **since, "until": one.until.isoformat()})
    return {"waive": found} if found else {}


def _baseline_json(accepted: Iterable[Accepted]) -> dict[str, Json]:
    """What is old until a day; no key at all when nothing is."""
    found: list[Json] = []
    for one in accepted:
        since, until = one.since.isoformat(), one.until.isoformat()
        found.append({"rule": one.rule, "count": one.count, "owner": one.owner, "since": since, "until": until})
    return {"baseline": found} if found else {}


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
