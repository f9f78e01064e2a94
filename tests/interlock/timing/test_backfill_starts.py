"""When to start a backfill: every minute counted at once, against a walk over the fires from one start."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from interlock.catalog import Catalog
from interlock.graph import chains, scopes
from interlock.seasons import fires_between
from interlock.timing.backfill_starts import BackfillStarts, Lost
from interlock.timing.minutes import MINUTE
from interlock.timing.writes import DEFAULT_EXPECT
from interlock.windows import open_at
from tests.interlock.catalogs import load
from tests.interlock.cloud import at

WEEK = timedelta(days=7)
FIRST, AUTUMN = at("2026-03-05 11:07"), at("2026-10-29 23:53")  # each over a change of the clocks


def made(rng: random.Random) -> Catalog:
    """A backfill of some hours, jobs that it covers, windows that hold some of them and a season that some are in."""
    schedules = ("*/15 * * * *", "0 6 * * *", "30 2 * * *", "15,45 8-20 * * 1-5", "0 12 * * 0", "5 */4 * * *", "59 23 1 * *")
    lines = "".join(
        f'  j{n}: {{description: d, schedule: "{rng.choice(schedules)}", target: {{service: web, path: /{n}}}, '
        f"runs: [{rng.choice(('quick', 'slow', 'other'))}], recoverable: {rng.choice(('true', 'false'))}, "
        f"time_zone: {rng.choice(('America/New_York', 'Asia/Kolkata', 'Etc/UTC'))}{rng.choice(('', ', season: spring'))}}}\n"
        for n in range(9)
    )
    return load(f"""\
defaults: {{owner: o, time_zone: America/New_York, region: us-west2, deadline: 180s, retry: none}}
retry_profiles: {{none: {{attempts: 0}}}}
services: {{web: {{kind: run, starts_per_minute: 9}}}}
processors:
  quick: {{service: web, expect: 45s, tables: {{raw.t: [mutate]}}}}
  slow: {{service: web, expect: {rng.choice((10, 61, 200))}m, tables: {{raw.t: [mutate]}}}}
  other: {{service: web, after: [quick], tables: {{raw.t: [mutate]}}}}
backfills:
  all: {{description: d, expect: {rng.choice(("90m", "4h", "30h"))}, tables: {{raw.t: [mutate]}}, protect: [outputs]}}
windows:
  night: {{schedule: "0 2 * * *", duration: 150m, covers: [job/j0, job/j1, job/j2], reason: r}}
  sunday: {{schedule: "30 1 * * 0", duration: 3h, covers: [service/web], reason: r}}
seasons: {{spring: {{from: 2026-03-09, until: 2026-06-30}}}}
jobs:
{lines}""")


def walked(catalog: Catalog, start: datetime) -> Lost:
    """The same from one start, fire by fire."""
    backfill = catalog.backfills["all"]
    end, day = start + backfill.expect, timedelta(days=1)
    unrecoverable = once = jobs = in_flight = 0
    for name in scopes(catalog)["backfill/all"]:
        job = catalog.jobs[name]
        held = [window for window in catalog.windows.values() if name in scopes(catalog)[f"window/{window.name}"]]
        fires = [f for f in fires_between(job, start - day, end) if not any(open_at(window, f) for window in held)]
        missed = [fire for fire in fires if fire >= start]
        unrecoverable += len(missed) * (not job.recoverable)
        once += len(missed) * (len(job.schedule.times) == 1)
        jobs += bool(missed)
        longest = max(
            sum((catalog.processors[p].expect or DEFAULT_EXPECT for p in chain.processors), timedelta(0))
            for chain in chains(catalog)[name]
        )
        in_flight += sum(fire < start < fire + longest for fire in fires)
    return Lost(unrecoverable, once, jobs, in_flight)


@pytest.mark.parametrize("first", [FIRST, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("seed", range(6))
def test_thirty_starts_of_each_are_as_a_walk_counts_them(seed: int, first: datetime) -> None:
    rng = random.Random(seed)  # noqa: S311
    catalog = made(rng)
    found = BackfillStarts(catalog, "all", first, WEEK)
    for _ in range(30):
        start = first + rng.randrange(WEEK // MINUTE) * MINUTE
        assert found.at(start) == walked(catalog, start), start


def test_the_best_is_no_worse_than_any_and_the_worst_no_better() -> None:
    found = BackfillStarts(made(random.Random(1)), "all", FIRST, WEEK)  # noqa: S311
    (best,), (worst,) = found.best(), found.best(worst=True)
    assert best.lost == min(found.costs) <= max(found.costs) == worst.lost
    assert found.at(best.at) == best.lost
    assert {found.at(best.at + n * MINUTE) for n in range(best.minutes)} == {best.lost}
    assert found.at(best.at + best.minutes * MINUTE) != best.lost


def test_of_starts_that_are_as_good_the_first_comes_first_and_several_are_apart() -> None:
    found = BackfillStarts(made(random.Random(2)), "all", FIRST, WEEK)  # noqa: S311
    three = found.best(most=3)
    assert [start.lost for start in three] == sorted(start.lost for start in three)
    assert len({start.at for start in three}) == 3


def test_what_cannot_be_fetched_later_counts_before_all_else() -> None:
    assert Lost(0, 9, 9, 9) < Lost(1, 0, 0, 0) < Lost(1, 1, 0, 0) < Lost(1, 1, 1, 0) < Lost(1, 1, 1, 1)


def test_only_minutes_outside_of_windows() -> None:
    catalog = made(random.Random(3))  # noqa: S311
    found = BackfillStarts(catalog, "all", FIRST, WEEK)
    outside = found.outside_windows()
    held = {f"window/{name}" for name in catalog.windows}
    for place, is_outside in enumerate(outside):
        opened = [window for window in catalog.windows.values() if open_at(window, FIRST + place * MINUTE)]
        assert is_outside is not bool(opened)
    assert set(found.windows) == held
    (best,) = found.best(outside)
    assert outside[(best.at - FIRST) // MINUTE]


def test_a_start_is_a_whole_minute_that_has_not_begun() -> None:
    found = BackfillStarts(made(random.Random(4)), "all", FIRST + timedelta(seconds=20), timedelta(hours=1))  # noqa: S311
    assert (found.first, len(found.costs)) == (FIRST + MINUTE, 60)
