"""What is expected of the schedules, what a proposal of other minutes takes, and the starts of a backfill. Processor time.

Then what proposals reach under other rules, of this repository's catalog: as it is, with minutes that may be missed by five,
and with any minute. Conflicts are ratios, as they rest on assumptions; meetings over tables are of one week of winter.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.collisions import SEED, in_season, synthetic
from bench.measure import say
from interlock.catalog import Catalog
from interlock.drawing.stagger import with_former_crons
from interlock.platform_rules import Stagger, rules_of
from interlock.reading.files import load_catalog
from interlock.review.rule_findings import new_findings
from interlock.review.staggering import Staggering
from interlock.timing.backfill_starts import BackfillStarts
from interlock.timing.collisions import CollisionKind, collisions
from interlock.timing.minutes import Span
from interlock.timing.risk import risk
from interlock.timing.year import Year
from policies.from_catalog import findings
from policies.staggering import StaggerLimits

ROOT = Path("catalog")
TODAY = date(2026, 1, 5)
YEAR = Year(first=TODAY).span
WINTER = Span(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 8, tzinfo=UTC))
WEEK = timedelta(days=7)


def measure() -> None:
    """Once each, with nothing known before."""
    real, made_up = load_catalog(ROOT), in_season(synthetic(random.Random(SEED)))  # noqa: S311
    names = [f"{len(one.jobs)} jobs of {what}" for one, what in ((real, f"{ROOT}/"), (made_up, "a made-up catalog"))]
    measured = {name: _cpu_seconds(partial(risk, one, YEAR)) for name, one in zip(names, (real, made_up), strict=True)}
    say("What is expected in a year, processor time", measured, names[0])
    ways = {names[0]: lambda: proposed(with_former_crons(real)), names[1]: lambda: proposed(made_up)}
    say("A proposal of other minutes, processor time", {name: _cpu_seconds(way) for name, way in ways.items()}, names[0])
    starts = {name: _cpu_seconds(partial(BackfillStarts, real, name, WINTER.start, WEEK)) for name in list(real.backfills)}
    if starts:
        say("Every start of a backfill in a week, processor time", starts, next(iter(starts)))
    variants(real)


def proposed(catalog: Catalog) -> Catalog:
    """The catalog with all that is proposed."""
    return Staggering(catalog, TODAY, StaggerLimits(catalog, TODAY)).propose().after


def variants(catalog: Catalog) -> None:
    """What proposals reach under other rules, counted under those of the catalog."""
    plain = {
        "as it is": catalog,
        "before the stagger": with_former_crons(catalog),
        "proposed": proposed(catalog),
        "proposed, +-5 minutes": proposed(_ruled(catalog, Stagger(within=timedelta(minutes=5)))),
        "proposed, any minute": proposed(_free(catalog)),
    }
    print("\nMinutes under other rules: conflicts expected, pairs and times over tables in a week, moved, new findings\n")
    whole = risk(catalog, WINTER).total
    for name, found in plain.items():
        ruled = replace(found, rules=catalog.rules)
        expected = f"{risk(found, WINTER).total / whole:6.2f} x"
        print(f"  {name:24} {expected} {_meetings(found)} {_moved(catalog, found)} {_new(catalog, ruled)}")


def _ruled(catalog: Catalog, stagger: Stagger) -> Catalog:
    platforms = catalog.platforms
    return replace(catalog, rules={name: replace(rules_of(catalog, name), stagger=stagger) for name in platforms})


def _free(catalog: Catalog) -> Catalog:
    """Without a stagger, and as if none had put anything anywhere."""
    return _ruled(catalog, Stagger(minutes=frozenset()))


def _meetings(catalog: Catalog) -> str:
    found = [one for one in collisions(catalog, WINTER) if one.kind is CollisionKind.TABLE and len(one.jobs) == 2]
    return f"{len(found):4} {sum(len(one.times) for one in found):7,}"


def _moved(before: Catalog, after: Catalog) -> str:
    return f"{sum(job.schedule != before.jobs[name].schedule for name, job in after.jobs.items()):3} moved"


def _new(before: Catalog, after: Catalog) -> str:
    return f"{len(new_findings(findings(before, TODAY), findings(after, TODAY), {})):3} new findings"


def _cpu_seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began
