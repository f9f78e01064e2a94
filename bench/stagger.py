"""What is expected of the schedules, what a proposal of other minutes takes, and the starts of a backfill. Processor time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.collisions import SEED, in_season, synthetic
from bench.measure import say
from interlock.catalog import Catalog
from interlock.drawing.stagger import with_former_crons
from interlock.reading.files import load_catalog
from interlock.review.staggering import Staggering
from interlock.timing.backfill_starts import BackfillStarts
from interlock.timing.minutes import Span
from interlock.timing.risk import risk
from interlock.timing.year import Year
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


def proposed(catalog: Catalog) -> Catalog:
    """The catalog with all that is proposed."""
    return Staggering(catalog, TODAY, StaggerLimits(catalog, TODAY)).propose().after


def _cpu_seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began
