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
from interlock.windows import openings
from tests.interlock.catalogs import load
from tests.interlock.cloud import at

DAY, WEEK = timedelta(days=1), timedelta(days=7)
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


class Walk:
    """The same from one start, fire by fire."""

    def __init__(self, catalog: Catalog, first: datetime) -> None:
        self.catalog, self.backfill = catalog, catalog.backfills["all"]
        end = first + WEEK + self.backfill.expect
        opened = {name: [*openings(window, first - DAY, end)] for name, window in catalog.windows.items()}
        self.fires: dict[str, list[datetime]] = {}
        """Of each job that the backfill covers, those that no window holds."""
        for name in scopes(catalog)["backfill/all"]:
            held = [one for window, found in opened.items() if name in scopes(catalog)[f"window/{window}"] for one in found]
            fires = fires_between(catalog.jobs[name], first - DAY, end)
            self.fires[name] = [fire for fire in fires if not any(one.start <= fire < one.end for one in held)]

    def lost(self, start: datetime) -> Lost:
        end = start + self.backfill.expect
        unrecoverable = once = jobs = in_flight = 0
        for name, fires in self.fires.items():
            job = self.catalog.jobs[name]
            missed = [fire for fire in fires if start <= fire < end]
            unrecoverable += len(missed) * (not job.recoverable)
            once += len(missed) * (len(job.schedule.times) == 1)
            jobs += bool(missed)
            longest = max(
                sum((self.catalog.processors[p].expect or DEFAULT_EXPECT for p in chain.processors), timedelta(0))
                for chain in chains(self.catalog)[name]
            )
            in_flight += sum(start - DAY <= fire < start < fire + longest for fire in fires)
        return Lost(unrecoverable, once, jobs, in_flight)


@pytest.mark.parametrize("first", [FIRST, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("seed", range(6))
def test_thirty_starts_of_each_are_as_a_walk_counts_them(seed: int, first: datetime) -> None:
    rng = random.Random(seed)  # noqa: S311
    catalog = made(rng)
    found, walk = BackfillStarts(catalog, "all", first, WEEK), Walk(catalog, first)
    for _ in range(30):
        start = first + rng.randrange(WEEK // MINUTE) * MINUTE
        assert found.at(start) == walk.lost(start), start


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
    opened = [one for window in catalog.windows.values() for one in openings(window, FIRST, FIRST + WEEK)]
    for place, is_outside in enumerate(outside):
        minute = FIRST + place * MINUTE
        assert is_outside is not any(one.start <= minute < one.end for one in opened)
    assert not all(outside)
    assert set(found.windows) == held
    (best,) = found.best(outside)
    assert outside[(best.at - FIRST) // MINUTE]


def test_a_start_is_a_whole_minute_that_has_not_begun() -> None:
    found = BackfillStarts(made(random.Random(4)), "all", FIRST + timedelta(seconds=20), timedelta(hours=1))  # noqa: S311
    assert (found.first, len(found.costs)) == (FIRST + MINUTE, 60)
