"""Other minutes: how a schedule is moved, and that the search finds about the best there is, and then nothing more."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from interlock.catalog import Catalog
from interlock.cron import Cron, CronError
from interlock.timing.costs import Costs
from interlock.timing.minutes import Span
from interlock.timing.placing import Apart, Limits, PlacingSearch, greedy, moved
from interlock.timing.risk import risk
from interlock.timing.shifts import shifted, shifts
from tests.interlock.cloud import at
from tests.interlock.timing.test_collisions import jobs

WEEK = Span(start=at("2026-01-05"), end=at("2026-01-12"))
GRADED = """{load: {service: web, expect: 60s, tables: {raw.t: [mutate]}},
  grade: {service: web, tables: {raw.t: [read]}}}"""
FIVES = range(-55, 60, 5)


@pytest.mark.parametrize(
    ("text", "by", "expected"),
    [
        ("0 6 * * *", 15, "15 6 * * *"),
        ("15 6 * * 1-5", -15, "0 6 * * 1-5"),
        ("*/15 * * * *", 5, "5,20,35,50 * * * *"),
        ("5,20,35,50 * * * *", -5, "*/15 * * * *"),
        ("*/5 * * * *", 2, "2-59/5 * * * *"),
        ("15,45 22-23,0-2 * 10-12 *", -3, "12,42 22-23,0-2 * 10-12 *"),
        ("0 6 * * *", 0, "0 6 * * *"),
    ],
)
def test_a_schedule_moves_within_its_hours(text: str, by: int, expected: str) -> None:
    assert shifted(text, by) == expected
    before, after = Cron.parse(text), Cron.parse(expected)
    assert after.times == {time + by for time in before.times}
    assert by in shifts(before)


@pytest.mark.parametrize(("text", "by"), [("0 6 * * *", -1), ("15,45 * * * *", 15), ("*/15 * * * *", 15)])
def test_no_start_leaves_its_hour(text: str, by: int) -> None:
    assert by not in shifts(Cron.parse(text))
    with pytest.raises(CronError):
        shifted(text, by)


@pytest.mark.parametrize("text", ["every 5 minutes", "every monday 09:00", "5/15 * * * *"])
def test_what_nobody_can_write_otherwise_stays(text: str) -> None:
    assert [*shifts(Cron.read(text))] == [0]


def free(catalog: Catalog, minutes: range = FIVES, apart: int = 0) -> Limits:
    """Every such minute of the hour; with starts of two jobs at least so far apart."""
    allowed = {name: [by for by in minutes if by in shifts(job.schedule)] for name, job in catalog.jobs.items()}
    others = {name: tuple(other for other in catalog.jobs if other != name) for name in catalog.jobs}
    starts = {name: min(job.schedule.minutes) for name, job in catalog.jobs.items()}

    def near(pair: tuple[str, str]) -> Apart:
        distance = starts[pair[1]] - starts[pair[0]]
        return Apart({"gap": frozenset(by - distance for by in range(-apart + 1, apart))})

    return Limits(allowed=allowed, apart=lambda pair: near(pair).forbidden, together=others)


def made(rng: random.Random, number: int) -> Catalog:
    """So many jobs of the same hours that write some of three tables, and read some."""
    kinds = ("[mutate]", "[truncate]", "{write: [delete, load]}", "[mutate, read]", "[read]")
    processors = ", ".join(
        f"p{n}: {{service: web, expect: {rng.choice((30, 120, 400))}s, "
        f"tables: {{raw.t{rng.randrange(3)}: {rng.choice(kinds)}, raw.u{rng.randrange(2)}: {rng.choice(kinds)}}}}}"
        for n in range(number)
    )
    return jobs(
        *(f"j{n}|{rng.choice((0, 5, 15, 30))} {rng.choice(('6', '6', '*', '*/6'))} * * *|web|p{n}" for n in range(number)),
        processors=f"{{{processors}}}",
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_second_search_from_there_finds_nothing(seed: int) -> None:
    catalog = made(random.Random(seed), 5)  # noqa: S311
    found = PlacingSearch(Costs(catalog, catalog, WEEK), free(catalog)).run()
    after = moved(catalog, found)
    assert PlacingSearch(Costs(after, catalog, WEEK), free(after)).run() == {}
    assert PlacingSearch(Costs(catalog, catalog, WEEK), free(catalog)).run() == found


def test_what_a_move_costs_is_what_the_moved_catalog_is_expected_to_bring() -> None:
    catalog = made(random.Random(3), 5)  # noqa: S311
    costs = Costs(catalog, catalog, WEEK)
    moves = {name: [*shifts(job.schedule)][7] for name, job in catalog.jobs.items()}
    conflicts = sum(costs.conflicts(pair, moves[pair[1]] - moves[pair[0]]) for pair in costs.pairs)
    assert conflicts == pytest.approx(risk(moved(catalog, moves), WEEK).total, rel=0.01)


def test_two_that_may_not_come_near_each_other_stay_apart() -> None:
    catalog = made(random.Random(1), 5)  # noqa: S311
    limits = free(catalog, apart=4)
    found = PlacingSearch(Costs(catalog, catalog, WEEK), limits).run(worth=0.0)
    after = moved(catalog, found)
    starts = sorted(min(after.jobs[name].schedule.minutes) for name in found)
    assert all(later - start >= 4 for start, later in pairwise(starts))


def test_one_that_is_in_the_way_makes_room() -> None:
    catalog = jobs(
        "grade|0 6 * * *|web|grade",
        "load|45 6 * * *|web|load",
        "other|50 6 * * *|web|",
        processors=GRADED,
    )
    former = moved(catalog, {"load": -45})

    def near(pair: tuple[str, str]) -> set[int]:
        return {-50} if pair == ("grade", "other") else set()

    together = {"grade": ("other",), "other": ("grade",)}
    limits = Limits(allowed={"grade": [0, 50], "other": [0, 5]}, apart=near, together=together)
    assert PlacingSearch(Costs(catalog, former, WEEK), limits).run() == {"grade": 50, "other": 5}


def test_a_consumer_goes_back_behind_its_producer() -> None:
    catalog = jobs(
        "grade|0 6 * * *|web|grade",
        "load|15 6 * * *|web|load",
        processors=GRADED,
    )
    former = moved(catalog, {"load": -15})
    costs = Costs(catalog, former, WEEK)
    assert costs.lost(("load", "grade"), 0) == pytest.approx(7)
    found = PlacingSearch(costs, free(catalog)).run()
    after = moved(catalog, found)
    assert min(after.jobs["grade"].schedule.times) > min(after.jobs["load"].schedule.times)


def test_the_best_move_comes_first() -> None:
    catalog = made(random.Random(5), 7)  # noqa: S311
    costs = Costs(catalog, catalog, WEEK)
    found = PlacingSearch(costs, free(catalog)).run()
    totals = [costs.total({}), *(total for _, total in greedy(costs, found))]
    gains = [before - after for before, after in pairwise(totals)]
    assert len(gains) == len(found) > 1
    assert gains[0] == max(gains)
    assert totals[-1] == pytest.approx(costs.total(found))


def test_was_keeps_what_was_there_before_the_first_move() -> None:
    catalog = jobs("a|0 6 * * *|web|", "b|0 6 * * *|web|")
    once = moved(catalog, {"a": 15})
    twice = moved(once, {"a": 15, "b": 0})
    assert str(twice.jobs["a"].schedule) == "30 6 * * *"
    assert (str(twice.jobs["a"].was), twice.jobs["b"].was) == ("0 6 * * *", None)
