"""How many conflicts are expected: by example, and against weeks that are drawn by chance."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from statistics import fmean, stdev

import pytest

from interlock.catalog import Catalog
from interlock.cron import Cron
from interlock.timing.chance import Landing, meets, not_done
from interlock.timing.minutes import Span
from interlock.timing.risk import DML, RiskSearch, active, risk
from tests.interlock.cloud import at
from tests.interlock.timing.test_collisions import catalog as made
from tests.interlock.timing.test_collisions import jobs

WEEKS = 100
WEEK = Span(start=at("2026-01-05"), end=at("2026-01-12"))
SUMMER = Span(start=at("2026-07-06"), end=at("2026-07-13"))
YEAR = Span(start=at("2026-01-01"), end=at("2027-01-01"))

LOAD = "load: {service: web, expect: 60s, dml: 20s, tables: {raw.games: [mutate]}}"
MERGE = "merge: {service: web, expect: 120s, dml: 30s, tables: {raw.games: [mutate]}, after: [load]}"
REPLACE = (
    "swap: {service: web, expect: 300s, dml: 60s, tables: {raw.games: {write: [delete, load], partition: day, named_by: d}}}"
)
TRUNCATE = "new: {service: web, expect: 90s, dml: 45s, tables: {raw.games: [truncate]}}"
ALL = f"{{{LOAD}, {MERGE}, {REPLACE}, {TRUNCATE}}}"


def two(a: str, b: str, *more: str, processors: str = f"{{{LOAD}}}") -> Catalog:
    """Two jobs that write one table, at those schedules."""
    return jobs(f"a|{a}|web|load", f"b|{b}|web|load", *more, processors=processors)


def measured(catalog: Catalog, share: float = 1.0) -> Catalog:
    """The same, with a measured share of starts that write."""
    return replace(catalog, jobs={name: replace(job, active=share) for name, job in catalog.jobs.items()})


def moved(catalog: Catalog, **schedules: str) -> Catalog:
    """The same with other schedules."""
    new = {name: replace(catalog.jobs[name], schedule=Cron.parse(text)) for name, text in schedules.items()}
    return replace(catalog, jobs={**catalog.jobs, **new})


# The closed form


def test_two_runs_meet_most_likely_when_they_are_expected_to_end_together() -> None:
    slow, quick = Landing(mean=600.0, lasts=30.0), Landing(mean=60.0, lasts=10.0)
    chances = meets(quick, slow)
    assert max(chances, key=lambda minutes: chances[minutes]) == -9
    assert chances[-9] > chances[0] > chances[9]
    assert chances[0] == pytest.approx(meets(slow, quick)[0])


def test_the_chance_adds_up_to_how_long_both_write_when_any_distance_is_as_likely() -> None:
    one, other = Landing(mean=300.0, lasts=40.0), Landing(mean=90.0, lasts=20.0)
    assert sum(meets(one, other).values()) == pytest.approx(1.0, rel=0.01)  # 60 s of 60 s: a start in every minute


def test_a_producer_is_done_sooner_or_later() -> None:
    chances = not_done(Landing(mean=600.0, lasts=30.0))
    assert [*chances] == [*range(len(chances))]
    assert chances[0] > 0.98
    assert chances[10] == pytest.approx(0.5)
    assert chances[len(chances) - 1] < 1e-6


# Monte Carlo: each run ends, writes and names a partition by chance


def drawn(search: RiskSearch, starts: Mapping[str, list[datetime]], rng: random.Random) -> float:
    """The weighted conflicts of one week with these starts, by job, drawn run by run."""
    total = 0.0
    for (one, other), tables in search.pairs.items():
        for ways in tables.values():
            for (ours, theirs, named), (weight, _) in ways.items():
                mine, its = (
                    [(landed(fire, landing, rng), fire) for fire in starts[job] if rng.random() < active(search.jobs[job])]
                    for job, landing in ((one, ours), (other, theirs))
                )
                its.sort()
                for (begins, ends), fire in mine:
                    for (other_begins, other_ends), other_fire in its[bisect_left(its, ((begins - LONGEST, 0.0),)) :]:
                        if other_begins >= ends:
                            break
                        if begins < other_ends:
                            days = other_fire.date().toordinal() - fire.date().toordinal()
                            total += weight * (named is None or days == named)
    return total


LONGEST = 100.0
"""Seconds for which no write of these catalogs lasts."""


def landed(fire: datetime, landing: Landing, rng: random.Random) -> tuple[float, float]:
    ends = fire.timestamp() + rng.gauss(landing.mean, landing.spread)
    return ends - landing.lasts, ends


@pytest.mark.parametrize(
    ("name", "catalog"),
    [
        ("a poller and a daily job", two("*/15 5-7 * * *", "0 6 * * *")),
        ("both poll", two("*/15 0-5 * * *", "1,31 0-5 * * *")),
        ("over a chain of messages", jobs("a|0 * * * *|web|load", "b|2 * * * *|web|merge", processors=ALL)),
        ("delete and load against a truncation", jobs("a|0 */2 * * *|web|swap", "b|3 * * * *|web|new", processors=ALL)),
        ("three jobs", two("0 * * * *", "1 * * * *", "c|2 * * * *|web|new", processors=ALL)),
    ],
)
def test_the_closed_form_is_what_weeks_drawn_by_chance_have_on_average(name: str, catalog: Catalog) -> None:
    rng = random.Random(name)  # noqa: S311
    search = RiskSearch(catalog)
    starts = {name: [*job.schedule.fires_between(WEEK.start, WEEK.end, UTC)] for name, job in search.jobs.items()}
    weeks = [drawn(search, starts, rng) for _ in range(WEEKS)]
    expected = risk(catalog, WEEK).total
    assert expected > 0
    assert abs(fmean(weeks) - expected) < 4 * stdev(weeks) / len(weeks) ** 0.5


# What counts


def test_what_is_further_apart_is_expected_less() -> None:
    totals = [risk(two("0 6 * * *", f"{minute} 6 * * *"), WEEK).total for minute in (0, 1, 2, 5, 15)]
    assert totals == sorted(totals, reverse=True)
    assert totals[0] > 50 * totals[-1]


def test_a_job_that_writes_half_as_often_brings_half_of_it() -> None:
    catalog = two("0 6 * * *", "1 6 * * *")
    half = replace(catalog, jobs={**catalog.jobs, "b": replace(catalog.jobs["b"], active=0.5)})
    assert risk(half, WEEK).total == pytest.approx(risk(catalog, WEEK).total / 2)


def test_a_job_that_starts_often_is_taken_to_look_whether_there_is_something() -> None:
    shares = [active(two(text, "0 6 * * *").jobs["a"]) for text in ("0 6 * * *", "0 */6 * * *", "0 * * * *", "*/15 * * * *")]
    assert shares[:2] == [1.0, 1.0]
    assert shares[1] > shares[2] > shares[3] > 0


def test_runs_that_name_different_days_do_not_meet() -> None:
    body = "target: {{service: web, path: /x, body: {{d: {day}}}}}"
    lines = [f"  {n}: {{description: d, schedule: '0 6 * * *', {body.format(day=d)}, runs: [swap]}}" for n, d in PAIR.items()]
    same = made(f"processors: {ALL}\njobs:\n" + "\n".join(lines) + "\n")
    other = made(f"processors: {ALL}\njobs:\n" + "\n".join(lines).replace("YESTERDAY", "TODAY") + "\n")
    assert risk(same, WEEK).total == 0.0
    assert risk(other, WEEK).total > 1.0


PAIR = {"a": "TODAY", "b": "YESTERDAY"}


def test_a_lost_row_weighs_more_than_a_run_that_can_be_repeated() -> None:
    def of(kinds: str, more: str = "") -> float:
        text = f"{{load: {{service: web, expect: 60s, tables: {{raw.games: {kinds}}}{more}}}}}"
        return risk(two("0 6 * * *", "0 6 * * *", processors=text), WEEK).total

    lost, swapped, failed = of("[truncate]"), of("{write: [delete, load]}"), of("[mutate]")
    repeated = of("[mutate]", ", idempotent: true")
    assert lost > swapped > failed > repeated > 0
    assert of("[append]") == 0.0


def test_jobs_that_are_paused_by_declaration_take_no_part() -> None:
    pause = "paused: {reason: r, owner: o, review: 2027-01-01}"
    assert risk(jobs("a|0 6 * * *|web|load", f"b|0 6 * * *|web|load|{pause}", processors=f"{{{LOAD}}}"), WEEK).total == 0.0


def test_a_job_meets_its_own_runs_apart_from_the_others() -> None:
    burst = LOAD.replace("dml: 20s", "dml: 20s, burst: 3")
    found = risk(jobs("a|0 6 * * *|web|load", processors=f"{{{burst}}}"), WEEK)
    assert found.total == 0.0
    assert not found.between
    assert [one.jobs for one in found.itself] == [("a",)]
    once = risk(jobs("a|0 6 * * *|web|load", processors=f"{{{LOAD}}}"), WEEK)
    assert once.own == 0.0
    often = risk(jobs("a|* * * * *|web|load", processors=f"{{{LOAD}}}"), WEEK)
    assert often.own > 0.0


def test_a_consumer_is_too_early_while_its_producer_may_not_be_done() -> None:
    reads = "grade: {service: web, tables: {raw.games: [read]}}"
    at_minute = [
        risk(jobs("a|0 6 * * *|web|load", f"b|{minute} 6 * * *|web|grade", processors=f"{{{LOAD}, {reads}}}"), WEEK).too_early
        for minute in (0, 1, 3, 30)
    ]
    assert at_minute[0] == pytest.approx(7, rel=0.2)
    assert at_minute[0] > at_minute[1] > at_minute[2] > at_minute[3] == 0.0
    polling = jobs("a|0 6 * * *|web|load", "b|*/15 * * * *|web|grade", processors=f"{{{LOAD}, {reads}}}")
    assert risk(polling, WEEK).too_early == 0.0


def test_a_week_of_a_year_is_like_a_week() -> None:
    catalog = two("*/15 * * * *", "0 6 * * *")
    assert risk(catalog, YEAR).total == pytest.approx(risk(catalog, WEEK).total, rel=0.01)


def test_what_a_season_or_a_clock_moves_shows_in_its_week_only() -> None:
    catalog = two("0 6 * * *", "0 6 * 1-3 *")
    winter, summer = risk(catalog, WEEK), risk(catalog, SUMMER)
    assert winter.total > 0
    assert summer.total == pytest.approx(0.0, abs=1e-9)


# What is assumed


def test_a_figure_says_how_much_of_it_rests_on_what_nobody_wrote() -> None:
    found = risk(two("0 6 * * *", "0 6 * * *"), WEEK)
    assert found.assumed == pytest.approx(1.0)
    assert not found.is_known
    assert found.between[0].because == {"active"}
    known = risk(measured(two("0 6 * * *", "0 6 * * *")), WEEK)
    assert known.assumed == 0.0
    assert known.is_known
    unmeasured = LOAD.replace("dml: 20s, ", "").replace("expect: 60s, ", "")
    text = two("0 6 * * *", "0 6 * * *", processors=f"{{{unmeasured}}}")
    assert risk(measured(text), WEEK).between[0].because == {"dml", "expect"}


def test_a_tenth_may_rest_on_assumptions() -> None:
    catalog = measured(two("0 6 * * *", "0 6 * * *", "c|25 6 * * *|web|load"))
    few = replace(catalog, jobs={**catalog.jobs, "c": replace(catalog.jobs["c"], active=None)})
    found = risk(few, WEEK)
    assert 0 <= found.assumed < 0.1
    assert found.is_known


def test_without_statements_that_are_measured_a_run_writes_at_its_end_for_a_moment() -> None:
    text = "{load: {service: web, expect: 5s, tables: {raw.games: [mutate]}}}"
    ways = RiskSearch(two("0 6 * * *", "0 6 * * *", processors=text)).pairs["a", "b"]["raw.games"]
    (landing, _, _) = next(iter(ways))
    assert landing.lasts == 5.0 < DML.total_seconds()


def test_sums_by_pair_table_and_job_are_the_whole() -> None:
    catalog = two("0 * * * *", "1 * * * *", "c|2 * * * *|web|new", processors=ALL)
    found = risk(catalog, WEEK)
    assert sum(found.by_pair().values()) == pytest.approx(found.total)
    assert sum(found.by_table().values()) == pytest.approx(found.total)
    assert sum(found.by_job().values()) == pytest.approx(2 * found.total)
    assert [*found.by_pair().values()] == sorted(found.by_pair().values(), reverse=True)
