"""What people are told of a catalog where it is not at hand: the day that is worked out from it is the day of the timeline."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from interlock.about import About
from interlock.board.ahead import TABLE, clashes, closings, starts
from interlock.declare import declare
from interlock.holding import Holding
from interlock.runtime.about_file import about_json, parse_about
from interlock.runtime.declaration_file import parse, to_json
from interlock.timing.about import about
from interlock.timing.collisions import CollisionKind
from interlock.timing.minutes import Day
from interlock.timing.timeline import timeline
from interlock.zones import zone
from tests.interlock.board.worlds import declared
from tests.interlock.catalogs import load
from tests.interlock.cloud import environment
from tests.shop import shop

CLASHING = """\
defaults: {owner: data, time_zone: America/New_York, region: us-west2, deadline: 60s, retry: once}
retry_profiles:
  once: {attempts: 0, min_backoff: 5s, max_backoff: 5s, doublings: 0, max_duration: 0s}
services:
  scrapers: {kind: run}
processors:
  raw: {service: scrapers, expect: 5m, tables: {d.raw: [mutate]}}
  fix: {service: scrapers, expect: 20m, tables: {d.raw: [mutate]}}
  mart: {service: scrapers, expect: 9m, tables: {d.raw: [read], d.mart: [mutate]}}
jobs:
  fetch: {description: d, schedule: "15 * * * *", target: {service: scrapers}, runs: [raw]}
  repair: {description: d, schedule: "5 */3 * * *", time_zone: Etc/UTC, target: {service: scrapers}, runs: [fix]}
  nightly: {description: d, schedule: "10 2 * * *", time_zone: Europe/Berlin, target: {service: scrapers}, runs: [fix]}
  marts: {description: d, schedule: "17 5,9 * * MON-FRI", target: {service: scrapers}, runs: [mart]}
  off:
    description: d
    schedule: "15 * * * *"
    target: {service: scrapers}
    runs: [raw]
    paused: {reason: r, owner: o, review: 2099-01-01}
windows:
  early: {schedule: "0 4 * * *", duration: 3h, covers: [job/repair], reason: deploys, owner: data}
"""
DAYS = [date(2026, 1, 13), date(2026, 3, 8), date(2026, 3, 29), date(2026, 7, 4), date(2026, 11, 1), date(2027, 2, 28)]
"""Also those on which clocks change, and one of another year."""


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_collisions_of_a_board_are_those_of_the_timeline(day: date) -> None:
    catalog = load(CLASHING)
    known = declare(catalog, environment())
    at = Day(date=day, zone=zone("Etc/UTC"))
    holding = Holding(now=at.start, scopes=known.scopes, identities=known.identities, windows=tuple(known.timed.values()))
    fires = starts(known.jobs.values(), at.start, at.end)
    found = clashes(about(catalog).meetings, known.jobs, fires, closings(holding, at.start, at.end)[1])
    wanted = timeline(catalog, at, holding=holding).clashes
    mine = {(clash.kind, clash.jobs) for clash in found}
    assert mine
    # The timeline counts a collision to the day in which it begins, though a job may have started on the day before.
    assert mine <= {(clash.kind.value, clash.jobs) for clash in wanted}
    tables = {(clash.kind.value, clash.jobs) for clash in wanted if clash.kind is CollisionKind.TABLE and len(clash.jobs) == 2}
    assert tables <= {one for one in mine if one[0] == TABLE}


def test_a_start_that_is_held_collides_with_nothing() -> None:
    catalog = load(CLASHING)
    known = declare(catalog, environment())
    now = datetime(2026, 1, 13, 5, 0, tzinfo=UTC)
    holding = Holding(now=now, scopes=known.scopes, identities=known.identities, windows=tuple(known.timed.values()))
    end = now + timedelta(hours=24)
    fires = starts(known.jobs.values(), now, end)
    _, closed = closings(holding, now, end)
    free = clashes(about(catalog).meetings, known.jobs, fires, {})
    held = clashes(about(catalog).meetings, known.jobs, fires, closed)
    of = [{start for clash in each for start in clash.starts if start[0] == "repair"} for each in (free, held)]
    assert of[1] < of[0]
    assert not [at for _, at in of[1] if any(one.start <= at < one.end for one in closed["repair"])]


def test_what_is_told_comes_back_as_it_was() -> None:
    told = about(shop(), "production")
    assert parse_about(about_json(told)) == told
    assert parse(to_json(declared()).encode()).about == told


def test_a_declaration_of_before_tells_nothing_and_is_read_all_the_same() -> None:
    assert parse(to_json(declare(shop(), environment())).encode()).about == About()


@pytest.mark.parametrize("wrong", [None, [], 7, {"jobs": 3}, {"jobs": {"a": []}, "meetings": [[1, 2], "x", None]}])
def test_what_is_wrong_in_it_stops_nobody(wrong: object) -> None:
    found = parse_about(wrong)
    assert (found.jobs, found.meetings) == ({}, ())


def test_a_job_is_told_in_words_with_the_tables_that_it_leads_to() -> None:
    told = about(shop()).jobs["orders-late"]
    assert told.words == "At 05:45 every day"
    assert (told.platform, told.part) == ("shop", "shop/imports")
    assert told.tables == ("shop_raw.orders",)
    assert about(shop()).jobs["supplier-feed"].paused == "the supplier has left (shop, to be looked at on 2099-01-15)"
