"""The review of a change of a made-up catalog of 1,000 jobs, and the whole command on the real one.

The change is one that a team might make in a busy week: some jobs move, a few go, come, or change their zone. What is quoted
for the review itself is processor time, the year of both catalogs and everything else in it; rendering is apart.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.collisions import JOBS, SEED, synthetic
from bench.measure import PYTHON, medians, say, timed
from interlock.access import Kind
from interlock.catalog import Backfill, Catalog, Job, Window
from interlock.cron import Cron
from interlock.review.comment import as_markdown
from interlock.review.review import review
from policies.from_catalog import findings
from tests.interlock.catalogs import GOOD, load

INTERLOCK = str(Path(PYTHON).parent / "interlock")
AT = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
MOVED, REZONED, GONE, COME = range(0, JOBS, 20), range(3, JOBS, 200), range(5, JOBS, 250), range(4)
"""Jobs by number: fifty move by a quarter of an hour, five change their zone, four go and four come."""
BACKFILLS, WINDOWS = 6, 2


def measure(runs: int) -> None:
    """Times the review, its rendering and the command."""
    before = whole(synthetic(random.Random(SEED)))  # noqa: S311
    after = changed(before)
    found = review(before, after, AT, rules=findings)
    comment = partial(as_markdown, found, base="base", head="head", whole="")
    reviewing = f"review of {JOBS} jobs over a year"
    ways = {
        reviewing: lambda: _cpu_seconds(lambda: review(before, after, AT, rules=findings)),
        "writing its comment": lambda: _cpu_seconds(comment),
    }
    measured = medians(ways, runs)
    note = f"{len(found.jobs)} jobs changed, {len(found.findings)} findings, {len(found.collisions)} collisions differ"
    say("Review, processor time", measured, reviewing, {reviewing: note, "writing its comment": f"{len(comment())} characters"})
    command = "interlock review --base HEAD"
    say(
        "The whole command on the real catalog, wall time",
        medians({command: lambda: timed([INTERLOCK, "review", "--base", "HEAD", "--format", "markdown"])}, runs),
        command,
    )


def whole(catalog: Catalog) -> Catalog:
    """The made-up catalog with backfills and windows."""
    base, jobs = load(GOOD).backfills["games"], list(catalog.jobs.values())
    tables = sorted(catalog.tables)
    backfills = {f"b{n}": _backfill(base, f"b{n}", tables[n * 7 : n * 7 + 4]) for n in range(BACKFILLS)}
    windows = {f"w{n}": _window(jobs[n], f"w{n}", n) for n in range(WINDOWS)}
    return replace(catalog, backfills=backfills, windows=windows)


def _backfill(base: Backfill, name: str, tables: list[str]) -> Backfill:
    accesses = {table: frozenset({Kind.MUTATE if n else Kind.READ}) for n, table in enumerate(tables)}
    hours = timedelta(hours=30)
    return replace(
        base, name=name, tables=accesses, protect=frozenset({"outputs", "inputs"}), expect=hours, default_end=1.5 * hours
    )


def _window(job: Job, name: str, number: int) -> Window:
    return Window(
        name=name,
        platform=job.platform,
        schedule=Cron.parse(f"0 {8 + number} * * 2"),
        time_zone="Etc/UTC",
        duration=timedelta(hours=2),
        covers=(f"service/{job.target.service.name}",),
        reason="deploys",
        owner="data",
        waivers=(),
        source=job.source,
    )


def changed(catalog: Catalog) -> Catalog:
    """The catalog after the change."""
    jobs = dict(catalog.jobs)
    names = list(jobs)
    for number in MOVED:
        job = jobs[names[number]]
        minute, _, rest = job.schedule.text.partition(" ")
        if minute.isdigit():
            jobs[job.name] = replace(job, schedule=Cron.parse(f"{(int(minute) + 15) % 60} {rest}"))
    for number in REZONED:
        jobs[names[number]] = replace(jobs[names[number]], time_zone="Europe/Berlin")
    for number in COME:
        jobs[f"new{number}"] = replace(jobs[names[number + 100]], name=f"new{number}", runs=())
    for number in GONE:
        del jobs[names[number]]
    return replace(catalog, jobs=jobs)


def _cpu_seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began
