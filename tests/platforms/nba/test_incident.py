"""docs/incident.md: the night of 2026-01-06, played again. What it shows of it is held to the catalog and to the seeds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interlock.catalog import Catalog
from interlock.drawing.nights import picture, tables
from interlock.timing.nights import Nights, nights
from interlock.timing.replay import Met, Night
from tests.golden import DOCS, golden, shown_in
from tools.replay import RUNS, Incident, plans, read, uncounted

FEW = 25
ASSUMED = 20
"""Nights in which jobs write as often as the catalog assumes: each takes long, and differs little from the next."""


@pytest.fixture(scope="module")
def incident(nba: Catalog) -> Incident:
    return read((DOCS / "incident.json").read_text(encoding="utf-8"), nba)


def played(nba: Catalog, incident: Incident, night: Night, runs: int) -> list[Nights]:
    return [nights(night, plan, range(runs)) for plan in plans(nba, incident)]


@pytest.mark.long
@pytest.mark.golden
def test_the_page_and_the_picture_are_what_a_thousand_nights_bring(nba: Catalog, incident: Incident) -> None:
    """Takes a minute; `make golden` and `make test-long` run it."""
    found = played(nba, incident, incident.night, RUNS)
    assumed = played(nba, incident, uncounted(incident), ASSUMED)
    golden("incident.svg", picture(incident.night, found, incident.place, incident.at, RUNS), DOCS)
    shown_in(DOCS / "incident.md", "replay", "\n" + tables(found, assumed) + "\n")


@pytest.fixture(scope="module")
def few(nba: Catalog, incident: Incident) -> dict[str, Nights]:
    """Some of the nights, by plan."""
    return {one.plan.name: one for one in played(nba, incident, incident.night, FEW)}


def test_no_backfill_had_a_part_in_any_conflict(few: dict[str, Nights]) -> None:
    assert few["as it was"].met[Met.ITSELF] > 0
    assert [name for name, one in few.items() if one.met.get(Met.REWRITE)] == []


def test_most_conflicts_are_among_the_files_of_one_start(few: dict[str, Nights]) -> None:
    met = few["as it was"].met
    assert met[Met.ITSELF] > 0.9 * sum(met.values())


def test_the_guards_retry_loses_no_run_and_one_writer_has_no_conflict(few: dict[str, Nights]) -> None:
    assert few["as it was"].lost.mean > 0
    assert few["the guard's retry"].lost.mean == 0
    assert few["one writer"].conflicts.mean == 0


def test_a_hold_costs_starts_and_freshness(few: dict[str, Nights]) -> None:
    was, holds = few["as it was"], few["holds"]
    assert was.held.starts == 0
    assert holds.held.starts > 50
    zones = "nba_precompute.team_defense_zone_analysis"
    assert holds.oldest[zones] > was.oldest[zones]


def test_the_error_came_while_both_backfills_ran_by_the_reports_account(incident: Incident) -> None:
    assert incident.at is not None
    share = {one.backfill: (incident.at - one.start) / (one.end - one.start) for one in incident.night.rewrites}
    assert {name: round(100 * done) for name, done in share.items()} == {"tdza": 86, "psza": 43}


def test_two_backfills_hold_more_than_one(nba: Catalog, incident: Incident) -> None:
    later = replace(incident.night, rewrites=incident.night.rewrites[:1])
    [one] = [nights(later, plan, range(1)) for plan in plans(nba, incident) if plan.name == "holds"]
    [both] = [nights(incident.night, plan, range(1)) for plan in plans(nba, incident) if plan.name == "holds"]
    assert one.held.starts < both.held.starts
