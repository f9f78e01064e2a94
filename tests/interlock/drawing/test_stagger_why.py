"""What is said about why a stagger made more or fewer collisions: each number counted by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from interlock.catalog import Catalog
from interlock.cron import Cron
from interlock.drawing.stagger_why import reasons
from interlock.timing.collisions import collisions
from interlock.timing.minutes import Span
from tests.interlock.catalogs import load

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = Span(start=START, end=START + timedelta(days=1))
CATALOG = """\
defaults: {owner: data, time_zone: Etc/UTC, region: us-west2, deadline: 60s, retry: once}
retry_profiles:
  once: {attempts: 0, min_backoff: 5s, max_backoff: 5s, doublings: 0, max_duration: 0s}
services:
  web: {kind: run, starts_per_minute: 9}
processors:
  raw: {service: web, expect: 5m, tables: {d.a: [mutate], d.b: [mutate]}}
  mart: {service: web, expect: 5m, tables: {d.a: [read], d.mart: [mutate]}}
jobs:
  daily: {description: d, schedule: '0 6 * * *', target: {service: web}, runs: [raw]}
  nightly: {description: d, schedule: '30 6 * * *', target: {service: web}, runs: [raw]}
  hourly: {description: d, schedule: '40 * * * *', target: {service: web}, runs: [raw]}
  report: {description: d, schedule: '10 6 * * *', target: {service: web}, runs: [mart]}
"""


def moved(catalog: Catalog, **schedules: str) -> Catalog:
    jobs = {name: replace(catalog.jobs[name], schedule=Cron.parse(text)) for name, text in schedules.items()}
    return replace(catalog, jobs={**catalog.jobs, **jobs})


def said(before: Catalog, after: Catalog) -> list[str]:
    return [
        line
        for line in reasons(after, before, collisions(before, DAY), collisions(after, DAY), DAY)
        if not line.startswith("Meetings")
    ]


def test_a_meeting_over_two_tables_is_one_pair_and_counts_twice() -> None:
    before = load(CATALOG)
    meetings, who, often = said(before, moved(before, nightly="2 6 * * *"))[:3]
    assert "over tables it was 0 pairs of jobs in 0 meetings, and is 1 pair of jobs in 1 meeting. " in meetings
    assert who.endswith("2 more times over tables (one meeting may count for two jobs): `daily` in 100%, `nightly` in 100%.")
    assert often.startswith("0% of the times over tables")


def test_what_has_an_hourly_job_in_it_is_counted() -> None:
    before = load(CATALOG)
    assert said(before, moved(before, nightly="42 6 * * *"))[2].startswith("100% of the times over tables")


def test_an_order_that_vanishes_by_an_inversion_is_told_apart_from_one_that_is_mended() -> None:
    before = load(CATALOG)
    inverted, mended = (said(before, moved(before, report=cron))[-1] for cron in ("50 5 * * *", "0 9 * * *"))
    assert "1 went away, 1 of them because the consumer starts before its producer now" in inverted
    assert "1 went away, none of them" in mended


def test_nothing_is_said_where_nothing_meets() -> None:
    alone = load(CATALOG.replace("d.b: [mutate]", "d.b: [append]").replace("d.a: [mutate]", "d.a: [append]"))
    assert said(alone, alone) == []


def test_how_many_conflicts_are_expected_comes_first_and_who_starts_more_often_after_it() -> None:
    before = load(CATALOG)
    after = moved(before, nightly="2,32 6 * * *")
    expected, often, *_ = reasons(after, before, collisions(before, DAY), collisions(after, DAY), DAY)
    assert "interlock risk --was` expects " in expected
    assert often == "More often than before start `nightly`: they meet more whatever minute they have."
