"""Proposals of other minutes keep the rules, on platforms with little in common: a tiny one, a seasonal one, other regions."""

from __future__ import annotations

import random
from datetime import date

import pytest

from interlock.catalog import Catalog
from interlock.review.rule_findings import new_findings
from interlock.review.staggering import Proposal, Staggering
from interlock.timing.minutes import Span
from interlock.timing.risk import risk
from policies.from_catalog import findings
from policies.staggering import LOCKED, PLACED, WAS, WITHIN, StaggerLimits
from tests.interlock.catalogs import beside, load
from tests.interlock.cloud import at
from tests.shop import shop

TODAY = date(2026, 1, 5)
YEAR = Span(start=at("2026-01-05"), end=at("2027-01-05"))


def platform(jobs: str, *, rules: str = "{}", zone: str = "Asia/Kathmandu", more: str = "") -> str:
    """A platform's file with its jobs; `load` writes what the backfill `all` changes, `copy` another table, `read` both."""
    return f"""\
rules: {rules}
defaults: {{owner: crew, region: asia-south1, time_zone: {zone}, deadline: 180s, retry: none}}
retry_profiles: {{none: {{attempts: 0}}}}
services: {{mill: {{kind: run, starts_per_minute: 9}}}}
processors:
  load: {{service: mill, expect: 2m, tables: {{raw.grain: [mutate]}}}}
  copy: {{service: mill, expect: 2m, tables: {{raw.flour: [mutate]}}}}
  read: {{service: mill, expect: 1m, tables: {{raw.grain: [read], raw.flour: [read]}}}}
backfills:
  all: {{description: d, expect: 3h, tables: {{raw.grain: [mutate]}}, protect: [outputs]}}
{more}
jobs:
{jobs}"""


def job(name: str, schedule: str, runs: str, more: str = "") -> str:
    return f'  {name}: {{description: d, schedule: "{schedule}", target: {{service: mill, path: /}}, runs: [{runs}]{more}}}\n'


def proposed(catalog: Catalog) -> Proposal:
    return Staggering(catalog, TODAY, StaggerLimits(catalog, TODAY)).propose()


def moves(catalog: Catalog) -> dict[str, str]:
    return {move.job: move.new for move in proposed(catalog).moves}


def forbidden(catalog: Catalog, name: str) -> dict[int, str]:
    return StaggerLimits(catalog, TODAY).moves(catalog.jobs[name])


# What forbids a move


def test_a_writer_of_what_a_backfill_changes_goes_to_the_minutes_of_its_platform_only() -> None:
    of = forbidden(load(platform(job("a", "15 6 * * *", "load"), rules="{stagger: {minutes: [15, 45], within: 2m}}")), "a")
    assert {by for by, why in of.items() if not why} == {-2, -1, 0, 1, 2, 28, 29, 30, 31, 32}
    assert {why for by, why in of.items() if why} == {"stagger"}
    free = forbidden(load(platform(job("a", "15 6 * * *", "load"), rules="{stagger: off}")), "a")
    assert not any(free.values())


def test_whom_a_stagger_put_at_its_minutes_stays_at_them() -> None:
    of = forbidden(load(platform(job("a", "15 6 * * *", "copy", ', was: "0 6 * * *"'))), "a")
    assert (of[30], of[5]) == ("", PLACED)
    assert not any(forbidden(load(platform(job("a", "15 6 * * *", "copy"))), "a").values())


def test_one_that_is_locked_stays_and_one_that_says_how_far_goes_no_further() -> None:
    locked = forbidden(load(platform(job("a", "10 6 * * *", "copy", ", stagger: {locked: the news come at ten}"))), "a")
    assert {why for by, why in locked.items() if by} == {LOCKED}
    near = forbidden(load(platform(job("a", "10 6 * * *", "copy", ', was: "5 6 * * *", stagger: {within: 15m}'))), "a")
    assert [by for by, why in near.items() if not why] == [*range(-10, 11)]
    assert near[11] == WITHIN


def test_what_was_is_less_than_an_hour_away() -> None:
    of = forbidden(load(platform(job("a", "50 6 * * *", "copy", ', was: "0 6 * * *"'))), "a")
    assert WAS not in of.values()
    late = forbidden(load(platform(job("a", "5 7 * * *", "copy", ', was: "10 6 * * *"'))), "a")
    assert [by for by, why in late.items() if why == WAS] == [*range(5, 55)]


def test_nobody_is_moved_into_a_window_that_holds_it() -> None:
    window = 'windows: {night: {schedule: "0 6 * * *", duration: 50m, covers: [job/a], reason: r, owner: o}}'
    of = forbidden(load(platform(job("a", "55 6 * * *", "copy"), more=window)), "a")
    assert {by for by, why in of.items() if why == "window/night"} == {*range(-55, -5)}
    inside = forbidden(load(platform(job("a", "20 6 * * *", "copy"), more=window)), "a")
    assert not any(inside.values())
    other = forbidden(load(platform(job("b", "55 6 * * *", "copy") + job("a", "0 1 * * *", "copy"), more=window)), "b")
    assert not any(other.values())


@pytest.mark.parametrize(
    "more", [", paused: {reason: r, owner: o, review: 2027-01-01}", ", paused: {undecided: true, review: 2027-01-01}"]
)
def test_one_that_nobody_has_run_is_left_alone(more: str) -> None:
    assert forbidden(load(platform(job("a", "0 6 * * *", "copy", more))), "a") == {}


def test_two_writers_stay_as_far_apart_as_their_platform_wants() -> None:
    catalog = load(platform(job("a", "0 6 * * *", "copy") + job("b", "30 6 * * *", "copy"), rules="{apart: 5m}"))
    apart = StaggerLimits(catalog, TODAY).apart(("a", "b"))
    assert apart.forbidden == frozenset(range(-34, -25))
    assert {apart.rule(by) for by in apart.forbidden} == {"gap"}
    near = load(platform(job("a", "0 6 * * *", "copy") + job("b", "2 6 * * *", "copy"), rules="{apart: 5m}"))
    assert StaggerLimits(near, TODAY).apart(("a", "b")).forbidden == frozenset()


def test_a_service_that_takes_one_start_a_minute_gets_one() -> None:
    text = platform(job("a", "0 6 * * *", "read") + job("b", "30 6 * * *", "read")).replace(
        "starts_per_minute: 9", "starts_per_minute: 1"
    )
    apart = StaggerLimits(load(text), TODAY).apart(("a", "b"))
    assert (apart.forbidden, apart.rule(-30)) == (frozenset({-30}), "budget")


# Whole proposals


TINY = platform(job("poll", "*/15 * * * *", "load") + job("daily", "15 6 * * *", "load"), rules="{apart: 1m}")
SEASONAL = platform(
    job("poll", "*/20 * * * *", "copy", ", season: harvest")
    + job("one", "0 6 * * *", "copy", ", season: harvest")
    + job("other", "0 6 * * *", "copy", ", season: fallow"),
    more="seasons: {harvest: {from: 2026-08-10, until: 2026-11-20}, fallow: {from: 2026-12-01, until: 2027-02-01}}",
    rules="{apart: 1m}",
)
INVERTED = platform(job("grade", "0 6 * * *", "read") + job("mill", "15 6 * * *", "load", ', was: "0 6 * * *"'))


@pytest.mark.parametrize("text", [TINY, SEASONAL, INVERTED], ids=["tiny", "seasonal", "inverted"])
def test_a_proposal_is_better_breaks_nothing_anew_and_is_the_last_one(text: str) -> None:
    catalog = load(text, platform="granary")
    found = proposed(catalog)
    assert found.moves
    assert found.left < 1
    assert risk(found.after, YEAR).total <= risk(catalog, YEAR).total
    assert new_findings(findings(catalog, TODAY), findings(found.after, TODAY), {}) == ()
    assert proposed(found.after).moves == ()


def test_a_poller_goes_between_the_minutes_of_the_others() -> None:
    (new,) = moves(load(TINY, platform="granary")).values()
    assert not {15, 45} & {int(minute) for minute in new.split()[0].split(",")}


def test_a_consumer_follows_its_producer_again() -> None:
    found = proposed(load(INVERTED, platform="granary"))
    assert [(move.job, move.follows) for move in found.moves] == [("grade", ("mill",))]


def test_jobs_of_two_seasons_that_never_meet_stay() -> None:
    assert "other" not in moves(load(SEASONAL, platform="granary"))


def test_two_platforms_are_moved_apart_within_the_rules_of_each() -> None:
    one = platform(job("a", "15 6 * * *", "copy"), rules="{apart: 1m, was: free}", zone="Etc/UTC")
    two = one.replace("mill", "kiln").replace("  a:", "  b:").replace("  all:", "  every:")
    catalog = beside(granary=one, bakery=two)
    found = proposed(catalog)
    assert len(found.moves) == 1
    assert risk(found.after, YEAR).total < 0.1 * risk(catalog, YEAR).total


def test_a_platform_where_nothing_is_to_be_gained_is_left_alone() -> None:
    catalog = shop()
    found = proposed(catalog)
    assert new_findings(findings(catalog, TODAY), findings(found.after, TODAY), {}) == ()
    assert proposed(found.after).moves == ()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_a_platform_is_like_nothing_breaks_and_a_second_run_says_nothing(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    minutes = ("0", "15", "15,45", "*/15", "*/10", "30")
    lines = [
        job(
            f"j{n}",
            f"{rng.choice(minutes)} {rng.choice(('*', '6', '*/4', '22-23,0-2'))} * * {rng.choice(('*', '1-5'))}",
            rng.choice(("load", "copy", "read")),
        )
        for n in range(8)
    ]
    catalog = load(platform("".join(lines), rules="{apart: 3m}", zone=rng.choice(("America/Phoenix", "Europe/Oslo"))))
    found = proposed(catalog)
    assert new_findings(findings(catalog, TODAY), findings(found.after, TODAY), {}) == ()
    assert proposed(found.after).moves == ()
