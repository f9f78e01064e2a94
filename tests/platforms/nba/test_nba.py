"""The NBA catalog: complete, as its sources have it, staggered without harm, and covered as people worked it out by hand."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import TypedDict

import pytest
import yaml

from interlock.access import WRITES, Kind
from interlock.catalog import Catalog, Job
from interlock.cron import Cron, zone
from interlock.graph import conflicting, coverage
from interlock.reading.files import load_catalog
from policies.from_catalog import findings
from tests.platforms.conftest import CATALOG

FILES = sorted((CATALOG / "nba").glob("*.yaml"))
WRITTEN_ON = date(2026, 11, 23)
"""Findings are judged as of the day the catalog was written, so that a waiver's end does not break the tests by itself."""

NEW_YORK = "America/New_York"
LOS_ANGELES = {
    "bigquery-daily-backup",
    "daily-pipeline-health-summary",
    "deployment-drift-schedule",
    "grading-daily-10am-backup",
    "grading-daily-6am",
    "ml-feature-store-daily",
    "nba-confidence-drift-monitor",
    "nba-feature-staleness-monitor",
    "nba-grading-alerts-daily",
    "nba-monitoring-alerts",
    "player-composite-factors-daily",
    "player-daily-cache-daily",
    "trigger-health-check",
}
PLAIN_UTC = {
    "analytics-quality-check-morning",
    "covers-referee-stats-weekly",
    "dailyfantasyfuel-projections-daily",
    "decay-detection-daily",
    "dimers-projections-daily",
    "enrichment-daily",
    "espn-projections-daily",
    "fantasypros-projections-daily",
    "hashtagbasketball-dvp-daily",
    "morning-deployment-check",
    "nba-staging-table-cleanup",
    "nba-tracking-stats-daily",
    "numberfire-projections-daily",
    "odds-sweep-nightly",
    "pipeline-health-monitor-job",
    "player-movement-registry-afternoon",
    "player-movement-registry-morning",
    "prediction-duplicate-cleanup",
    "prediction-stall-check",
    "rotowire-lineups-daily",
    "scraper-availability-daily",
    "scraper-gap-backfiller-schedule",
    "vsin-betting-splits-daily",
}
ETC_UTC = {
    "nba-props-evening-closing",
    "nba-props-midday",
    "nba-props-morning",
    "nba-props-pregame",
    # their sources state no zone
    "ar-weekly-cleanup",
    "gcs-freshness-monitor",
    "signal-decay-monitor-daily",
}
US_CENTRAL = {
    "box-score-alert-job",
    "grading-daily-10am-backup",
    "grading-daily-6am",
    "grading-readiness-monitor-schedule",
    "phase4-alert-job",
}
PAUSED = {
    "espn-injuries-hourly",
    "nba-assists-props-morning",
    "nba-assists-props-pregame",
    "nba-deployment-drift-alerter-trigger",
    "nba-pipeline-canary-routine-trigger",
    "nba-pipeline-canary-trigger",
    "nba-rebounds-props-morning",
    "nba-rebounds-props-pregame",
    "rotowire-nba-news-daily",
    "rotowire-nba-news-frequent",
}
NEVER_RESTORED = {"grading-morning", "grading-daily", "grading-latenight", "workflow-executor-hourly", "predictions-early"}

SUMMER = datetime(2026, 10, 19, tzinfo=UTC)
WINTER = datetime(2026, 11, 9, tzinfo=UTC)
A_WEEK_AND_A_DAY = timedelta(days=8)
STAGGER_MINUTES = {15, 45}


class Expected(TypedDict):
    """One backfill of expected_coverage.yaml."""

    covers: dict[str, list[str]]
    left_running: dict[str, str]


def _expected() -> tuple[dict[str, list[str]], dict[str, Expected]]:
    document = yaml.safe_load(Path(__file__).with_name("expected_coverage.yaml").read_text())
    return document["groups"], document["backfills"]


GROUPS, BACKFILLS = _expected()


@cache
def nba() -> Catalog:
    """The catalog as committed."""
    return load_catalog(CATALOG)


def members(names: Iterable[str]) -> Iterator[str]:
    """Job names with groups spelled out."""
    for name in names:
        if name in GROUPS:
            yield from members(GROUPS[name])
        else:
            yield name


def test_every_job_of_the_season_is_declared() -> None:
    # 67 enabled, 59 restored, 10 paused, 5 named by the affected sets, 2 named by the incident
    assert len(nba().jobs) == 143


def test_jobs_are_paused_by_declaration_only_where_the_platform_has_them_paused() -> None:
    assert {job.name for job in nba().jobs.values() if job.paused} == PAUSED


def test_superseded_jobs_stay_away() -> None:
    assert not NEVER_RESTORED & set(nba().jobs)


def test_zones_are_as_the_platform_has_them() -> None:
    by_zone = {"America/Los_Angeles": LOS_ANGELES, "UTC": PLAIN_UTC, "Etc/UTC": ETC_UTC}
    elsewhere = {name: place for place, names in by_zone.items() for name in names}
    assert {job.name: job.time_zone for job in nba().jobs.values()} == dict.fromkeys(nba().jobs, NEW_YORK) | elsewhere


def test_regions_are_as_the_platform_has_them() -> None:
    regions = dict.fromkeys(nba().jobs, "us-west2") | dict.fromkeys(US_CENTRAL, "us-central1")
    assert {job.name: job.region for job in nba().jobs.values()} == regions


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_host_account_or_project_is_named(file: Path) -> None:
    text = file.read_text()
    assert not re.findall(r"https?:|\.run\.app|googleapis|\S+@\S+|\b\d{6,}\b|projects/", text)


def test_no_rule_is_broken() -> None:
    assert [str(finding) for finding in findings(nba(), WRITTEN_ON)] == []


def test_the_two_jobs_of_the_workflow_gateway_change_together() -> None:
    pairs = {frozenset({job.name, other}) for job in nba().jobs.values() for other in job.pair_with}
    assert pairs == {frozenset({"master-controller-hourly", "execute-workflows"})}
    for name, pair in product(nba().backfills, pairs):
        covered = pair & set(coverage(nba(), f"backfill/{name}").jobs)
        assert covered in (set(), pair), f"{name} covers {covered} without its partner"


# Coverage


def test_every_backfill_has_an_expectation() -> None:
    assert set(BACKFILLS) == set(nba().backfills)


@pytest.mark.parametrize("name", sorted(BACKFILLS))
def test_a_backfill_covers_what_was_worked_out_by_hand(name: str) -> None:
    by_hand = {f"{job} -> {chain}" for chain, jobs in BACKFILLS[name]["covers"].items() for job in members(jobs)}
    covered = coverage(nba(), f"backfill/{name}").jobs
    found = {
        " -> ".join([reason.chain.job, *reason.chain.processors, reason.chain.table])
        for reasons in covered.values()
        for reason in reasons
    }
    assert found == by_hand


@pytest.mark.parametrize("name", sorted(BACKFILLS))
def test_near_misses_are_left_running(name: str) -> None:
    left = BACKFILLS[name]["left_running"]
    assert len(left) >= 2
    assert left.keys() <= nba().jobs.keys()
    assert not left.keys() & coverage(nba(), f"backfill/{name}").jobs.keys()


@pytest.mark.parametrize("name", sorted(BACKFILLS))
def test_a_backfill_changes_at_least_one_running_job(name: str) -> None:
    assert [job for job in coverage(nba(), f"backfill/{name}").jobs if nba().jobs[job].paused is None]


@pytest.mark.parametrize("name", sorted(BACKFILLS))
def test_what_is_kept_would_be_covered_otherwise(name: str) -> None:
    near = coverage(nba(), f"backfill/{name}").near_misses
    for keep in nba().backfills[name].keep:
        assert f"kept: {keep.reason}" in {miss.why for miss in near[keep.job]}


# Stagger

DOUBLED = ["nba-boxscore-scraper", "nba-gamebook-scraper"]
"""The two that the incident report names: hourly before, and twice an hour at the minutes that it proposes. They are not moved,
but more often; their waivers say that nobody has decided that yet."""
MOVED = sorted(job.name for job in nba().jobs.values() if job.was and job.name not in DOUBLED)


def test_the_two_scrapers_of_the_incident_are_known_to_run_more_often_than_before() -> None:
    often = {job.name for job in nba().jobs.values() if job.was and len(job.was.times) != len(job.schedule.times)}
    assert sorted(often) == DOUBLED
    assert all("stagger" in {waiver.rule for waiver in nba().jobs[name].waivers} for name in DOUBLED)


def test_exactly_the_writers_that_conflict_with_a_backfill_are_at_stagger_minutes() -> None:
    asked = {name: nba().jobs[name].schedule.minutes for name in conflicting(nba()) if nba().jobs[name].paused is None}
    often = {name for name, minutes in asked.items() if len(minutes) > len(STAGGER_MINUTES)}
    assert often == {"cleanup-processor", "auto-retry-processor-trigger"}
    assert len(asked) > 20
    assert all(minutes <= STAGGER_MINUTES for name, minutes in asked.items() if name not in often)


def test_who_moved_is_at_the_stagger_minutes_or_away_from_them() -> None:
    once = Counter(min(nba().jobs[name].schedule.minutes) for name in MOVED)
    assert once.keys() >= STAGGER_MINUTES
    assert min(once[minute] for minute in STAGGER_MINUTES) > max(once[minute] for minute in once.keys() - STAGGER_MINUTES)


@pytest.mark.parametrize("name", MOVED)
def test_a_moved_job_keeps_its_hours_days_and_frequency(name: str) -> None:
    job = nba().jobs[name]
    assert job.was is not None
    assert job.schedule.text.split()[1:] == job.was.text.split()[1:]
    assert len(job.schedule.minutes) == len(job.was.minutes)
    place = zone(job.time_zone)
    for start in (SUMMER, WINTER):
        before = [fire.astimezone(place).date() for fire in _fires(job.was, job, start)]
        assert [fire.astimezone(place).date() for fire in _fires(job.schedule, job, start)] == before


def _fires(cron: Cron, job: Job, start: datetime) -> list[datetime]:
    place = zone(job.time_zone)
    midnight = start.replace(tzinfo=place)  # whole local days, so that the old and the new fires pair up
    return list(cron.fires_between(midnight, midnight + A_WEEK_AND_A_DAY, place))


def _tables(job: Job, kinds: frozenset[Kind]) -> set[str]:
    processors = [nba().processors[name] for name in job.runs]
    return {table for processor in processors for table, access in processor.tables.items() if access & kinds}


@pytest.mark.parametrize("start", [pytest.param(SUMMER, id="in summer time"), pytest.param(WINTER, id="in winter time")])
def test_producers_still_fire_before_their_consumers(start: datetime) -> None:
    day = zone(NEW_YORK)

    def old_and_new(job: Job) -> list[tuple[date, datetime, datetime]]:
        """Each fire, with the day that it was on."""
        was = _fires(job.was if job.was and job.name in MOVED else job.schedule, job, start)
        return list(zip([old.astimezone(day).date() for old in was], was, _fires(job.schedule, job, start), strict=True))

    fires = {job.name: old_and_new(job) for job in nba().jobs.values() if job.runs}
    reads = {name: _tables(nba().jobs[name], frozenset({Kind.READ})) for name in fires}
    writes = {name: _tables(nba().jobs[name], WRITES) for name in fires}
    # What fires four times an hour consumes all the time: the next run is soon enough.
    consumers = [name for name in fires if len(nba().jobs[name].schedule.minutes) <= 2]
    pairs = [(p, c) for p, c in product(fires, consumers) if p != c and writes[p] & reads[c] and {p, c} & set(MOVED)]
    turned = {
        (producer, consumer)
        for producer, consumer in pairs
        for (p_day, p_old, p_new), (c_day, c_old, c_new) in product(fires[producer], fires[consumer])
        if p_day == c_day and p_old < c_old and not p_new < c_new
    }
    assert pairs
    assert turned == set()
