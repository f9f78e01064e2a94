"""A night played again: what is held, what is made up for, how old tables become; by example, on a small catalog."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interlock.catalog import Catalog
from interlock.timing.bigquery import ONCE, Retry, Settled
from interlock.timing.minutes import Span
from interlock.timing.nights import Average, nights
from interlock.timing.replay import Held, Met, Night, Plan, Played, Replay, Rewrite, oldest
from tests.interlock.cloud import at
from tests.interlock.timing.test_bigquery import write
from tests.interlock.timing.test_collisions import catalog as made

SPAN = Span(start=at("2026-01-05"), end=at("2026-01-06"))
HOUR = 3600.0
REWRITE = Rewrite(backfill="again", start=at("2026-01-05T02:30Z"), dates=300, dates_a_minute=2.0)
"""Until 05:00."""
SLOW = replace(REWRITE, dates=15, dates_a_minute=0.1)
"""The same, whose own dates are too far apart to meet."""


def platform(processors: str, *jobs: str, more: str = "") -> Catalog:
    """Jobs of `web` that write `raw.games`, and a backfill that rewrites it; all of their starts write."""
    keys = f"description: d, target: {{service: web, path: /x}}, runs: [load], active: 1{more}"
    lines = "\n".join(f'  {name}: {{schedule: "{schedule}", {keys}}}' for name, schedule in (job.split("|") for job in jobs))
    backfill = "  again: {description: d, owner: data, expect: 2h, tables: {raw.games: [mutate]}, protect: [outputs]}"
    return made(f"processors: {processors}\njobs:\n{lines}\nbackfills:\n{backfill}\n")


LOAD = "{load: {service: web, expect: 60s, dml: 20s, tables: {raw.games: [mutate]}}}"
NAMED = "{load: {service: web, expect: 60s, dml: 20s, tables: {raw.games: {write: [merge], partition: day, named_by: d}}}}"
BURST = "{load: {service: web, expect: 60s, dml: 20s, burst: 12, tables: {raw.games: [mutate]}}}"


def night(*rewrites: Rewrite, comes: float | None = None) -> Night:
    counted = {} if comes is None else {"raw.games": comes}
    return Night(span=SPAN, rewrites=rewrites, tables=("raw.games",), comes_a_day=counted)


def played(catalog: Catalog, *rewrites: Rewrite, holds: bool = False, retry: Retry = ONCE, seed: int = 1) -> Played:
    return Replay(night(*rewrites), Plan(name="p", catalog=catalog, holds=holds, retry=retry)).play(seed)


def held(catalog: Catalog) -> Held:
    return Replay(night(REWRITE), Plan(name="p", catalog=catalog, holds=True)).held


def sum_of(catalog: Catalog, what: str, *rewrites: Rewrite, holds: bool = False) -> int:
    """Over twenty nights."""
    return sum(int(getattr(played(catalog, *rewrites, holds=holds, seed=seed), what)) for seed in range(20))


def test_a_seed_has_always_the_same_night_and_another_seed_another() -> None:
    catalog = platform(BURST, "a|0 * * * *", "b|0 * * * *")
    assert played(catalog, REWRITE) == played(catalog, REWRITE)
    assert played(catalog, REWRITE) != played(catalog, REWRITE, seed=2)


def test_who_changes_any_row_meets_a_backfill_and_a_held_job_does_not() -> None:
    catalog = platform(LOAD, "a|10,40 * * * *", more=", catch_up: skip")
    assert sum_of(catalog, "reruns", SLOW) > 0
    assert sum_of(catalog, "reruns", SLOW, holds=True) == 0


def test_who_names_the_day_of_the_run_meets_no_backfill_of_the_past() -> None:
    catalog = platform(NAMED, "a|10,40 * * * *")
    assert sum_of(catalog, "reruns", SLOW) == 0


def test_a_held_job_makes_up_for_its_last_missed_run_once() -> None:
    catalog = platform(LOAD, "a|45 * * * *")
    assert held(catalog) == Held(starts=3, made_up_for=1, for_good=0)
    assert played(catalog, REWRITE, holds=True).oldest["raw.games"] < 4 * HOUR  # without it from 01:46 to 05:46


def test_who_starts_by_itself_when_the_hold_ends_needs_no_run_that_makes_up() -> None:
    twice = platform("{load: {service: web, expect: 60s, dml: 60s, tables: {raw.games: [mutate]}}}", "a|0 * * * *")
    assert sum_of(twice, "reruns", replace(REWRITE, dates=1, dates_a_minute=1 / 150), holds=True) == 0


def test_who_skips_makes_up_for_nothing() -> None:
    waiting = platform(LOAD, "a|30 2 * * *", "b|0 23 * * *")
    skipping = platform(LOAD, "a|30 2 * * *", "b|0 23 * * *", more=", catch_up: skip")
    ages = [played(one, REWRITE, holds=True).oldest["raw.games"] / HOUR for one in (waiting, skipping)]
    assert ages == [pytest.approx(18, abs=0.2), pytest.approx(23, abs=0.2)]


def test_each_of_two_holds_apart_is_made_up_for_and_two_that_meet_are_one() -> None:
    catalog = platform(LOAD, "a|45 * * * *")
    apart, meeting = (replace(REWRITE, start=at(f"2026-01-05T{hour}:00Z"), dates=150) for hour in ("10", "05"))
    both = (Replay(night(REWRITE, other), Plan(name="p", catalog=catalog, holds=True)).held for other in (apart, meeting))
    assert [*both] == [Held(starts=4, made_up_for=2, for_good=0), Held(starts=4, made_up_for=1, for_good=0)]


def test_what_starts_when_the_hold_ends_is_not_held_and_what_nobody_can_fetch_later_is_counted() -> None:
    catalog = platform(LOAD, "a|0 * * * *", more=", recoverable: false")
    assert held(catalog) == Held(starts=2, made_up_for=0, for_good=2)  # at 03:00 and 04:00; at 05:00 it starts by itself
    assert Replay(night(REWRITE), Plan(name="p", catalog=catalog)).held == Held(starts=0, made_up_for=0, for_good=0)


def test_freshness_counts_from_the_last_commit_of_a_live_run() -> None:
    live, past = write(0.0), replace(write(0.0), rewrite=True)
    found = Settled(commits=[(100.0, live), (500.0, past), (700.0, live)])
    assert oldest(found, 1000.0) == 600.0
    assert oldest(Settled(commits=[(500.0, past)]), 1000.0) == 1000.0


def test_the_runs_of_one_start_meet_each_other_and_a_retry_saves_them() -> None:
    catalog = platform(BURST, "a|0 3 * * *")
    several = [played(catalog, seed=seed) for seed in range(20)]
    assert {met for one in several for _, met in one.conflicts} == {Met.ITSELF}
    assert sum(one.lost for one in several) > 0
    assert sum(played(catalog, retry=Retry(), seed=seed).lost for seed in range(20)) == 0


def test_what_was_counted_comes_as_often_however_often_somebody_looks() -> None:
    often = [platform(LOAD, f"a|{minutes} * * * *") for minutes in ("0", "0,15,30,45")]
    ages = [nights(night(comes=3.0), Plan(name="p", catalog=one), range(200)).oldest["raw.games"] for one in often]
    assert ages[0] == pytest.approx(ages[1], rel=0.1)


def test_an_average_beside_another_knows_how_far_it_is_to_be_trusted() -> None:
    some, twice = Average.of([1.0, 2.0, 3.0]), Average.of([2.0, 4.0, 6.0])
    beside = twice.beside(some)
    assert beside is not None
    assert beside.mean == 2.0
    assert beside.error == pytest.approx(2.0 * 2**0.5 * some.error / some.mean)
    assert some.beside(Average.of([0.0, 0.0])) is None
