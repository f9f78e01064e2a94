"""What a catalog knows of its entries, as facts for the rules about names and references: who uses what, who starts whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from interlock.access import WRITES
from interlock.catalog import (
    Backfill,
    Catalog,
    Job,
    Json,
    Processor,
    RetryProfile,
    SeasonEntry,
    Service,
    Window,
    once_a_catalog,
)
from interlock.dates import named_under
from interlock.graph import members, protected, reach, scopes
from interlock.terraform.facts import SEASON_ENDS, season_ends

Entry = Job | Service | Processor | Backfill | Window | RetryProfile | SeasonEntry


def entries(catalog: Catalog) -> Iterator[tuple[str, Entry, dict[str, Json]]]:
    """Every entry with what is known of it, by section and name, as `processors.load`."""
    sections: list[tuple[str, Mapping[str, Any], Callable[[Any, Catalog], dict[str, Json]]]] = [
        ("retry_profiles", catalog.retry_profiles, _retry_profile),
        ("services", catalog.services, _service),
        ("processors", catalog.processors, _processor),
        ("jobs", catalog.jobs, _job),
        ("backfills", catalog.backfills, _backfill),
        ("windows", catalog.windows, _window),
        ("seasons", catalog.season_entries, _season),
    ]
    for section, things, facts in sections:
        for name, thing in things.items():
            yield f"{section}.{name}", thing, facts(thing, catalog)


def _retry_profile(profile: RetryProfile, catalog: Catalog) -> dict[str, Json]:
    return {"users": _users_of_profiles(catalog)[profile.name]}


def _service(service: Service, catalog: Catalog) -> dict[str, Json]:
    return {"users": _users_of_services(catalog)[service.name]}


@once_a_catalog
def _users_of_profiles(catalog: Catalog) -> Counter[str]:
    return Counter(job.retry.name for job in catalog.jobs.values() if job.retry is not None)


@once_a_catalog
def _users_of_services(catalog: Catalog) -> Counter[str]:
    jobs = Counter(job.target.service.name for job in catalog.jobs.values())
    return jobs + Counter(one.service for one in catalog.processors.values())


@once_a_catalog
def _idle(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """By service, its jobs that start nothing, sorted."""
    found: dict[str, list[str]] = {}
    for job in catalog.jobs.values():
        if not (job.runs or job.decides):
            found.setdefault(job.target.service.name, []).append(job.name)
    return {service: tuple(sorted(jobs)) for service, jobs in found.items()}


@once_a_catalog
def _protecting(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """By table, the backfills that protect it."""
    found: dict[str, list[str]] = {}
    for name, backfill in sorted(catalog.backfills.items()):
        for table in protected(backfill):
            found.setdefault(table, []).append(name)
    return {table: tuple(names) for table, names in found.items()}


@once_a_catalog
def _followers(catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """By processor, those that its completion message starts."""
    found: dict[str, list[str]] = {}
    for one in catalog.processors.values():
        for before in one.after:
            found.setdefault(before, []).append(one.name)
    return {name: tuple(names) for name, names in found.items()}


def _processor(processor: Processor, catalog: Catalog) -> dict[str, Json]:
    writes = {table for table, kinds in processor.tables.items() if kinds & WRITES}
    protecting: dict[str, list[Json]] = {}
    for table in sorted(writes):
        for name in _protecting(catalog).get(table, ()):
            protecting.setdefault(name, []).append(table)
    return {
        "tables": list[Json](processor.tables),
        "writes": list[Json](sorted(writes)),
        "is_started": processor.name in _started(catalog),
        "protected": {name: protecting[name] for name in sorted(protecting)},
        "idle_jobs": list[Json](_idle(catalog).get(processor.service, ())),
        "circle": list[Json](_circle(processor, catalog)),
        "unnamed": {key: list[Json](jobs) for key, jobs in _unnamed(processor, catalog).items()},
    }


def _unnamed(processor: Processor, catalog: Catalog) -> dict[str, list[str]]:
    """The keys that name its days in no body of the jobs that lead to it, with those jobs. What is no JSON nobody can read."""
    keys = sorted({one.named_by for one in processor.partitions.values() if one.named_by})
    jobs = _leading(catalog).get(processor.name, ()) if keys else ()
    if not jobs or any(job.target.content is not None and not job.target.as_json for job in jobs):
        return {}
    return {key: [job.name for job in jobs] for key in keys if not any(named_under(job.target.body, key) for job in jobs)}


@once_a_catalog
def _leading(catalog: Catalog) -> Mapping[str, tuple[Job, ...]]:
    """By processor, the jobs that start it, with or without messages in between."""
    found: dict[str, list[Job]] = {}
    for job in catalog.jobs.values():
        for name in reach(catalog, (*job.runs, *job.decides)):
            found.setdefault(name, []).append(job)
    return {name: tuple(jobs) for name, jobs in found.items()}


@once_a_catalog
def _started(catalog: Catalog) -> frozenset[str]:
    """The processors that a job leads to, or another processor's message: what starts the first one is its own question."""
    led_to = reach(catalog, {name for job in catalog.jobs.values() for name in job.runs})
    return frozenset([*led_to, *(one.name for one in catalog.processors.values() if one.after)])


def _circle(processor: Processor, catalog: Catalog) -> tuple[str, ...]:
    """The shortest way from a processor over completion messages back to it; nothing where there is none."""
    followers = _followers(catalog).get(processor.name, ())
    return reach(catalog, followers).get(processor.name, ()) if followers else ()


def _job(job: Job, catalog: Catalog) -> dict[str, Json]:
    del catalog
    return {"whose": job.owner}


def _backfill(backfill: Backfill, catalog: Catalog) -> dict[str, Json]:
    needed, _ = members(catalog, replace(backfill, keep=()))
    idle = sorted({keep.job for keep in backfill.keep} - needed.keys())
    return {
        "whose": backfill.owner,
        "tables": list[Json](backfill.tables),
        "protects": list[Json](protected(backfill)),
        "covers": len(scopes(catalog)[f"backfill/{backfill.name}"]),
        "idle_keeps": list[Json](idle),
    }


def _window(window: Window, catalog: Catalog) -> dict[str, Json]:
    return {"whose": window.owner, "covers": {scope: len(scopes(catalog)[scope]) for scope in window.covers}}


def _season(entry: SeasonEntry, catalog: Catalog) -> dict[str, Json]:
    """Its last day, where no other entry of the season is later."""
    name, facts = season_ends(catalog).get(entry.season, ("", {}))
    return {SEASON_ENDS: {entry.season: facts}} if catalog.season_entries.get(name) is entry else {}
