"""What some moved jobs break anew is what two whole looks at the catalog find, whatever the catalog and the moves."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import pytest

from interlock.catalog import Catalog, rescheduled
from interlock.cron import Cron
from interlock.feeds import feeds, waits_for
from interlock.findings import Finding
from interlock.graph import chains, conflicting, pairs
from interlock.review.rule_findings import new_findings
from interlock.timing.placing import moved
from interlock.timing.shifts import shifts
from policies import rejudging
from policies.from_catalog import findings
from policies.rejudging import Rejudging
from policies.rules import RULES
from policies.rules.estate import Origin
from policies.staggering import StaggerLimits
from tests.interlock.catalogs import load

TODAY = date(2026, 1, 5)
SEEDS = 60


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One that is made up, with what is found in it before anything moves."""

    catalog: Catalog
    limits: StaggerLimits
    found: list[Finding]
    chance: random.Random
    """As it is when the platform has been made up."""

    def whole(self, after: Catalog) -> tuple[Finding, ...]:
        """What is new after moves, by a look at all before them and one after."""
        return new_findings(self.found, findings(after, TODAY), {})

    def broken(self, after: Catalog, moved: Iterable[str]) -> tuple[Finding, ...]:
        """What is new, by a look at what moved and what that meets."""
        return new_findings(*self.limits.around(after, moved), {})


@cache
def platform(seed: int) -> Platform:
    chance = random.Random(seed)  # noqa: S311
    catalog = made_up(chance)
    return Platform(catalog=catalog, limits=StaggerLimits(catalog, TODAY), found=[*findings(catalog, TODAY)], chance=chance)


@cache
def trials(seed: int) -> list[tuple[dict[str, int], Catalog, tuple[Finding, ...]]]:
    """Moves, what they make of the catalog, and what they break anew."""
    of = platform(seed)
    chance, found = copy(of.chance), []
    for _ in range(3):
        moves = moves_of(of.catalog, chance)
        after = moved(of.catalog, moves)
        found.append((moves, after, of.broken(after, moves)))
    return found


def made_up(rng: random.Random, jobs: int = 14, season: str = "{from: 2026-08-10, until: 2026-11-20}") -> Catalog:
    """A platform in which jobs share services that bear little or want a gap, tables, bodies, pairs, seasons and waivers."""
    waive = "waive: [{rule: %s, owner: crew, reason: r, until: 2027-01-01}]"
    kinds = ("mutate", "append", "truncate", "read", "replace")
    lines = [
        f"rules: {{apart: {rng.choice((1, 5, 15))}m, stagger: {rng.choice(('off', '{minutes: [0, 15, 45]}'))}}}",
        "defaults: {owner: crew, region: asia-south1, time_zone: Asia/Kathmandu, deadline: 180s, retry: none}",
        "retry_profiles: {none: {attempts: 0}}",
        f"seasons: {{harvest: {season}}}",
        "services:",
        *(
            f"  s{n}: {{kind: run, starts_per_minute: {rng.choice((1, 2, 9))}{rng.choice(('', ', gap: 4m'))}}}"
            for n in range(4)
        ),
        "processors:",
        *(
            f"  p{n}: {{service: s{n % 4}, expect: 2m, tables: {{raw.t{n and rng.randrange(4)}: [{rng.choice(kinds)}]}}}}"
            for n in range(6)
        ),
        "backfills: {all: {description: d, expect: 3h, tables: {raw.t0: [mutate]}, protect: [outputs]}}",
        "jobs:",
    ]
    for n in range(jobs):
        schedule = " ".join(
            (
                rng.choice(("0", "0", "15", "30,45", "*/15", "58", "2")),
                rng.choice(("*", "6", "6", "*/4", "22-23,0-2", "2")),
                rng.choice(("*", "*", "1,15")),
                rng.choice(("*", "*", "3-10")),
                "*",
            )
        )
        more = [
            *(["season: harvest"] * (n == 0 or rng.random() < 0.2)),
            *([f"time_zone: {rng.choice(('America/Phoenix', 'Europe/Oslo'))}"] * (rng.random() < 0.4)),
            *([waive % rng.choice(("gap", "twin", "budget", "stagger"))] * (rng.random() < 0.2)),
            *(["paused: {reason: r, owner: o, review: 2027-01-01}"] * (rng.random() < 0.1)),
            *([f"pair_with: [j{n - 1}]"] * (n > 0 and rng.random() < 0.1)),
        ]
        target = f"{{service: s{rng.randrange(4)}, path: /{rng.randrange(3)}}}"
        known = [f'schedule: "{schedule}"', f"target: {target}", f"runs: [p{rng.randrange(6)}]", *more]
        lines.append(f"  j{n}: {{description: d, {', '.join(known)}}}")
    return load("\n".join([*lines, ""]), platform="granary")


def moves_of(catalog: Catalog, rng: random.Random) -> dict[str, int]:
    """Of one to four jobs; some of those go where another one is."""
    jobs = rng.sample(sorted(catalog.jobs), rng.randint(1, 4))
    found = {}
    for name in jobs:
        minutes = catalog.jobs[name].schedule.minutes
        options = [by for by in shifts(catalog.jobs[name].schedule) if by]
        near = [by for by in options if {0, 15, 30, 45} & {minute + by for minute in minutes}]
        if options:
            found[name] = rng.choice(near or options) if rng.random() < 0.7 else rng.choice(options)
    return found


def in_months(months: str, schedule: Cron) -> Cron:
    """The same times in those months, on every day of theirs."""
    return Cron.read(" ".join([*schedule.text.split()[:2], "*", months, "*"]))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_moved_jobs_break_what_two_whole_looks_say(seed: int) -> None:
    for _, after, new in trials(seed):
        assert new == platform(seed).whole(after)


def test_what_moves_break_in_these_catalogs_is_of_every_rule_about_minutes_and_of_jobs_that_stay() -> None:
    rules, stays = Counter[str](), 0
    for seed in range(SEEDS):
        for moves, _, new in trials(seed):
            rules.update(finding.rule for finding in new)
            stays += sum(finding.subject.removeprefix("jobs.") not in moves for finding in new)
    assert {"stagger", "budget", "gap", "twin"} <= rules.keys()
    assert stays


def test_jobs_that_have_nothing_to_do_with_a_moved_one_are_not_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = made_up(random.Random(3), jobs=40)  # noqa: S311
    limits = StaggerLimits(catalog, TODAY)
    moves = {"j0": next(by for by in shifts(catalog.jobs["j0"].schedule) if by)}
    limits.around(moved(catalog, moves), moves)
    judged: list[str] = []
    again = Rejudging._judged
    monkeypatch.setattr(
        Rejudging,
        "_judged",
        lambda self, resource, rule, estate: judged.append(resource.name) or again(self, resource, rule, estate),
    )
    limits.around(moved(catalog, moves), moves)
    assert "j0" in judged
    assert len({*judged}) < len(catalog.jobs) / 2


@pytest.mark.parametrize("seed", range(SEEDS))
def test_so_do_those_with_a_season_that_move_to_other_months(seed: int) -> None:
    of = platform(seed)
    moves = {name: in_months("9-10", job.schedule) for name, job in of.catalog.jobs.items() if job.season is not None}
    after = rescheduled(of.catalog, moves)
    assert of.broken(after, moves) == of.whole(after)


def test_a_move_by_which_a_season_holds_a_job_or_does_not_is_judged_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejudging, "findings", lambda of, _: [of])  # a whole look, told by what it is at
    catalog = made_up(random.Random(0), season="{from: 09-01, until: 10-31}")  # noqa: S311
    assert catalog.closing_seasons.keys() == {"harvest"}
    kept = next(name for name, job in catalog.jobs.items() if job.season is not None and job.closed_by is None)
    held = rescheduled(catalog, {kept: in_months("*", catalog.jobs[kept].schedule)})
    assert held.jobs[kept].closed_by is not None
    for before, after in ((catalog, held), (held, catalog)):
        assert StaggerLimits(before, TODAY).around(after, [kept]) == ([before], [after])


def test_every_rule_of_a_catalog_is_in_what_is_judged_again() -> None:
    assert {rule.name for rule in RULES if Origin.CATALOG in rule.origins} >= {"stagger", "budget", "gap", "twin"}


@pytest.mark.parametrize("derive", [chains, conflicting, pairs, feeds, waits_for])
@pytest.mark.parametrize("seed", range(5))
def test_what_does_not_depend_on_when_jobs_fire_is_shared_and_is_what_it_would_be(seed: int, derive: object) -> None:
    assert callable(derive)
    catalog = made_up(random.Random(seed))  # noqa: S311
    known = derive(catalog)
    after = rescheduled(catalog, {"j1": Cron.read("7 7 * * *")})
    assert after.jobs["j1"].was == catalog.jobs["j1"].schedule
    assert derive(after) is known
    assert derive(replace(after, jobs=after.jobs)) == known
