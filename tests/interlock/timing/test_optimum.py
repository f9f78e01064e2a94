"""What the search finds for a few jobs is the best there is: HiGHS proves it, of catalogs made by chance and of narrow ones."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from interlock.catalog import Catalog
from interlock.timing.costs import Costs, Pair
from interlock.timing.placing import FEW, Limits, PlacingSearch, moved
from tests.interlock.timing.optimum import GAP, optimum
from tests.interlock.timing.test_collisions import jobs
from tests.interlock.timing.test_placing import WEEK, free, made

KINDS = ("[mutate]", "[truncate]", "{write: [delete, load]}", "[mutate, read]", "[read]")


def crowded(rng: random.Random, number: int) -> Catalog:
    """So many jobs around half past six that all write and read four tables, longer than there is room between them."""
    processors = ", ".join(
        f"p{n}: {{service: web, expect: {rng.choice((60, 200, 400, 900))}s, dml: {rng.choice((5, 30, 60))}s, "
        f"tables: {{raw.t{rng.randrange(2)}: {rng.choice(KINDS)}, raw.u{rng.randrange(2)}: {rng.choice(KINDS)}}}}}"
        for n in range(number)
    )
    hours = ("6", "6", "*", "*/6", "6,12")
    return jobs(
        *(f"j{n}|{rng.choice((20, 25, 30, 35))} {rng.choice(hours)} * * *|web|p{n}" for n in range(number)),
        processors=f"{{{processors}}}",
    )


def before(catalog: Catalog, rng: random.Random) -> Catalog:
    """The same with other schedules for some, as a stagger may have found them."""
    return moved(catalog, {name: rng.choice((-10, 0, 0, 10)) for name in sorted(catalog.jobs)})


def limits(catalog: Catalog, minutes: range, apart: int) -> Limits:
    """Those minutes, and starts of two jobs at least so far apart, unless they are nearer already."""
    found = free(catalog, minutes, apart)

    def near(pair: Pair) -> frozenset[int]:
        forbidden = frozenset(found.apart(pair))
        return frozenset() if 0 in forbidden else forbidden

    return replace(found, apart=near)


NARROW, COARSE, FINE = range(-15, 16, 5), range(-20, 21, 4), range(-15, 16, 3)


@pytest.mark.parametrize(
    ("number", "seed", "minutes", "apart"),
    [
        *((5, seed, COARSE, 0) for seed in (0, 2, 3, 4)),
        *((6, seed, NARROW, 3) for seed in (0, 4, 8, 9, 10)),
        *((7, seed, NARROW, 6) for seed in (51, 55, 57)),
        (7, 2, FINE, 6),
        (8, 0, COARSE, 0),
        (8, 102, range(-12, 13, 4), 4),
    ],
)
def test_of_a_crowd_the_search_finds_the_best_there_is(number: int, seed: int, minutes: range, apart: int) -> None:
    assert number <= FEW
    catalog = crowded(random.Random(seed), number)  # noqa: S311
    costs = Costs(catalog, before(catalog, random.Random(seed)), WEEK)  # noqa: S311
    allowed = limits(catalog, minutes, apart)
    is_best(costs, allowed, PlacingSearch(costs, allowed).run(worth=0.0))


@pytest.mark.parametrize("seed", range(4))
def test_where_there_is_room_the_search_finds_it(seed: int) -> None:
    catalog = made(random.Random(seed), 6)  # noqa: S311
    costs, allowed = Costs(catalog, catalog, WEEK), free(catalog)
    is_best(costs, allowed, PlacingSearch(costs, allowed).run(worth=0.0))


def test_a_consumer_that_writes_what_its_producer_writes_is_two_pairs_with_it_that_count_once_each() -> None:
    both = """{grade: {service: web, expect: 60s, tables: {raw.t: [mutate], raw.u: [read]}},
      load: {service: web, expect: 400s, tables: {raw.t: [mutate], raw.u: [mutate]}}}"""
    lines = ("a|30 6 * * *|web|grade", "b|30 6 * * *|web|load", "c|32 6 * * *|web|grade")
    catalog = jobs(*lines, processors=both)
    costs, allowed = Costs(catalog, moved(catalog, {"a": 5}), WEEK), limits(catalog, range(-3, 4), 0)
    assert {("a", "b"), ("b", "a")} <= {*costs.pairs}
    is_best(costs, allowed, PlacingSearch(costs, allowed).run(worth=0.0))


def is_best(costs: Costs, allowed: Limits, found: Mapping[str, int]) -> None:
    """Whether moves keep the limits and cost as little as any."""
    assert all(by in allowed.allowed[job] for job, by in found.items())
    assert not any(found.get(b, 0) - found.get(a, 0) in allowed.apart((a, b)) for a, b in pairs_of(allowed))
    assert costs.total(found) == pytest.approx(optimum(costs, allowed), rel=2 * GAP, abs=2 * GAP)


def pairs_of(allowed: Limits) -> list[Pair]:
    return [(one, other) for one in allowed.allowed for other in allowed.allowed if one < other]
