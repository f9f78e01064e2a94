"""Collisions of a made-up catalog by minute sets, against a walk over the fires of two jobs at a time.

Both find the same, which is checked. Then a whole year, as a review and the rules look at it: of a thousand jobs, a third of
them with months or days of the month, and of this repository's catalog. What is quoted is processor time: other work on the
machine hardly changes it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.measure import medians, say
from interlock.access import Kind
from interlock.catalog import Catalog, Job, Processor, Service
from interlock.cron import Cron
from interlock.reading.files import load_catalog
from interlock.timing.collisions import collisions
from interlock.timing.minutes import Span
from interlock.timing.year import Year
from tests.interlock.catalogs import GOOD, load
from tests.interlock.timing.naive_collisions import Naive

JOBS, SERVICES, PROCESSORS, TABLES = 1_000, 80, 300, 200
SEED = 4
TWO_WEEKS = Span(start=datetime(2026, 1, 5, tzinfo=UTC), end=datetime(2026, 1, 19, tzinfo=UTC))
ZONES = ("America/New_York", "America/New_York", "America/New_York", "America/Los_Angeles", "Etc/UTC")
ACCESSES = ((Kind.READ,), (Kind.READ,), (Kind.APPEND,), (Kind.MUTATE,), (Kind.TRUNCATE,), (Kind.READ, Kind.APPEND))
EXPECTS = (None, *(timedelta(seconds=seconds) for seconds in (20, 45, 90, 300, 1_200, 3_600)))
SEASONS = (("*", "3-10"), ("*", "4-11"), ("1", "*"), ("*", "10-12,1-4"), ("1,15", "*"), ("31", "*"))
YEAR = Year(first=date(2026, 1, 5))
ROOT = Path("catalog")
STARTS_PER_MINUTE = (None, None, 2, 4, 10)
GAPS = (None, None, None, timedelta(minutes=15))


def measure(runs: int) -> None:
    """Both."""
    search(runs)
    year()


def search(runs: int) -> None:
    """Times both on the same catalog and span."""
    catalog = synthetic(random.Random(SEED))  # noqa: S311
    sets, pairs = "minute sets", "walk over the fires of two jobs at a time"
    measured = medians({sets: lambda: _cpu_seconds(lambda: collisions(catalog, TWO_WEEKS))}, runs)
    walk = Naive(catalog, TWO_WEEKS)
    fires, walking = _cpu_seconds(walk.find_fires), _cpu_seconds(walk.walk)
    found = collisions(catalog, TWO_WEEKS)
    if {(collision.kind, collision.subject, collision.jobs): set(collision.times) for collision in found} != walk.found:
        raise SystemExit("bench: the two do not find the same collisions")
    measured[pairs] = fires + walking
    note = f"measured once; {fires:.2f} s to find the fires, {walking:.2f} s to walk"
    say(f"Collisions of {JOBS} jobs over two weeks, processor time", measured, sets, {pairs: note})
    times = sum(len(collision.times) for collision in found)
    print(f"\n  Both find the same {len(found)} collisions, which begin {times} times.")


def year() -> None:
    """Times all collisions of a year once, with nothing known of it: of the made-up catalog, part of it in season, and of the
    real one."""
    made_up, real = in_season(synthetic(random.Random(SEED))), load_catalog(ROOT)  # noqa: S311
    ways = {f"{len(made_up.jobs)} made-up jobs": made_up, f"{len(real.jobs)} jobs of {ROOT}/": real}
    measured = {name: _cpu_seconds(partial(collisions, catalog, YEAR.span)) for name, catalog in ways.items()}
    notes = {name: f"{len(collisions(catalog, YEAR.span))} collisions" for name, catalog in ways.items()}
    say("Collisions over a year, processor time", measured, next(iter(ways)), notes)


def in_season(catalog: Catalog) -> Catalog:
    """The same with every third job in some months or on some days of the month only."""
    jobs = dict(catalog.jobs)
    for number, job in enumerate(catalog.jobs.values()):
        minute, hour, _, _, weekdays = job.schedule.text.split()
        if number % 3 == 0:
            days, months = SEASONS[number // 3 % len(SEASONS)]
            jobs[job.name] = replace(
                job, schedule=Cron.parse(f"{minute} {hour} {days} {months} {weekdays if days == '*' else '*'}")
            )
    return replace(catalog, jobs=jobs)


def synthetic(rng: random.Random) -> Catalog:
    """A thousand jobs: most once a day, some an hour, a few all the time; six in ten start processors that touch tables."""
    base = load(GOOD)
    services = {f"s{n}": _service(rng, base.services["web"], f"s{n}") for n in range(SERVICES)}
    names = [f"p{n}" for n in range(PROCESSORS)]
    return Catalog(
        services=services,
        processors={name: _processor(rng, base.processors["load"], name, names[:n]) for n, name in enumerate(names)},
        jobs={f"j{n:03}": _job(rng, base.jobs["fetch"], f"j{n:03}", list(services.values()), names) for n in range(JOBS)},
        backfills={},
        windows={},
    )


def _service(rng: random.Random, base: Service, name: str) -> Service:
    return replace(base, name=name, starts_per_minute=rng.choice(STARTS_PER_MINUTE), gap=rng.choice(GAPS))


def _processor(rng: random.Random, base: Processor, name: str, before: list[str]) -> Processor:
    return replace(
        base,
        name=name,
        after=(rng.choice(before),) if before and rng.random() < 0.3 else (),
        tables={f"d.t{rng.randrange(TABLES)}": frozenset(rng.choice(ACCESSES)) for _ in range(rng.choice((1, 2, 3)))},
        expect=rng.choice(EXPECTS),
    )


def _job(rng: random.Random, base: Job, name: str, services: list[Service], processors: list[str]) -> Job:
    return replace(
        base,
        name=name,
        schedule=Cron.parse(_schedule(rng)),
        time_zone=rng.choice(ZONES),
        target=replace(base.target, service=rng.choice(services)),
        runs=(rng.choice(processors),) if rng.random() < 0.6 else (),
    )


def _schedule(rng: random.Random) -> str:
    minute, hour = rng.choice((0, 0, 0, 5, 15, 30, 45, rng.randrange(60))), rng.randrange(24)
    kinds = {
        f"{minute} {hour} * * *": 60,
        f"{minute} {hour} * * {rng.randrange(7)}": 8,
        f"{minute} {hour % 12},{hour % 12 + 6},{hour % 12 + 12} * * *": 10,
        f"{minute} * * * *": 12,
        f"{minute % 30},{minute % 30 + 30} * * * *": 4,
        "*/15 * * * *": 4,
        "*/5 * * * *": 2,
    }
    return rng.choices(list(kinds), list(kinds.values()))[0]


def _cpu_seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began
