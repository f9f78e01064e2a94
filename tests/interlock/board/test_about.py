"""What people are told of a catalog where it is not at hand: the day that is worked out from it is the day of the timeline."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from interlock.about import KINDS, About
from interlock.board.ahead import TABLE, clashes, closings, starts
from interlock.catalog import Catalog
from interlock.declare import declare
from interlock.holding import Holding
from interlock.runtime.about_file import about_json, parse_about
from interlock.runtime.declaration_file import DeclarationError, deployable, parse, to_json
from interlock.timing.about import about
from interlock.timing.collisions import CollisionKind, collisions
from interlock.timing.distances import MINUTES_A_DAY
from interlock.timing.fires import Fires
from interlock.timing.minutes import Day, Span
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


RARE = """\
defaults: {owner: data, time_zone: America/New_York, region: us-west2, deadline: 60s, retry: once}
retry_profiles:
  once: {attempts: 0, min_backoff: 5s, max_backoff: 5s, doublings: 0, max_duration: 0s}
services:
  scrapers: {kind: run}
processors:
  raw: {service: scrapers, expect: 40m, tables: {d.raw: [mutate]}}
  part: {service: scrapers, expect: 20m, tables: {d.part: {write: [merge], partition: day, named_by: date}}}
jobs:
  early: {description: d, schedule: "30 1 * * *", target: {service: scrapers}, runs: [raw]}
  late: {description: d, schedule: "0 3 * * *", target: {service: scrapers}, runs: [raw]}
  leap: {description: d, schedule: "0 12 29 2 *", target: {service: scrapers}, runs: [raw]}
  jump: {description: d, schedule: "10 12 29 2 *", target: {service: scrapers}, runs: [raw]}
  today: {description: d, schedule: "55 23 * * *", target: {service: scrapers, body: {date: TODAY}}, runs: [part]}
  yesterday: {description: d, schedule: "5 0 * * *", target: {service: scrapers, body: {date: YESTERDAY}}, runs: [part]}
  other: {description: d, schedule: "10 0 * * *", target: {service: scrapers, body: {date: TODAY}}, runs: [part]}
"""


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        pytest.param(date(2027, 1, 12), {("today", "yesterday")}, id="any day: those alone that name the same one"),
        pytest.param(date(2028, 3, 12), {("early", "late"), ("today", "yesterday")}, id="a night that lacks an hour"),
        pytest.param(date(2028, 2, 29), {("jump", "leap"), ("today", "yesterday")}, id="a day of every fourth year"),
    ],
)
def test_what_collides_on_few_days_is_known_on_these(day: date, wanted: set[tuple[str, str]]) -> None:
    catalog = load(RARE)
    at = Day(date=day, zone=zone("America/New_York"))
    fires = starts(declare(catalog, environment()).jobs.values(), at.start - timedelta(hours=1), at.end)
    assert {clash.jobs for clash in clashes(about(catalog).meetings, declare(catalog, environment()).jobs, fires, {})} == wanted


@pytest.mark.parametrize("catalog", [load(CLASHING), load(RARE), shop()], ids=["clashing", "rare", "shop"])
def test_no_collision_of_a_year_is_at_a_distance_that_a_declaration_does_not_tell(catalog: Catalog) -> None:
    span = Span(start=datetime(2027, 1, 1, tzinfo=UTC), end=datetime(2028, 1, 1, tzinfo=UTC))
    told: dict[tuple[str, tuple[str, ...]], list[tuple[int, int]]] = {}
    for one in about(catalog).meetings:
        told.setdefault((one.kind, one.jobs), []).append((one.least, one.most))
    for found in collisions(catalog, span):
        if found.kind.value not in KINDS or len(found.jobs) != 2:
            continue
        first, second = ({*Fires(span).of(catalog.jobs[name]).places()} for name in found.jobs)
        reach = [place for least, most in told[found.kind.value, found.jobs] for place in range(least, most + 1)]
        met = sorted(at for at in first if any(at + minutes in second for minutes in reach))
        for place in [*found.times.places()][:200]:
            near = bisect_left(met, place + MINUTES_A_DAY) - bisect_right(met, place - MINUTES_A_DAY)
            assert near > 0, (found.jobs, place)


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


def test_where_a_declaration_would_be_too_large_people_are_told_less_and_nothing_else_is_lost() -> None:
    whole = declared()
    bare = replace(whole, about=About())
    assert deployable(whole) == to_json(whole)
    assert deployable(whole, len(to_json(whole).encode()) - 1) == to_json(bare)
    with pytest.raises(
        DeclarationError, match=r"^12 jobs make a declaration of [0-9,]+ bytes, and the coordinator reads 100; "
    ):
        deployable(whole, 100)


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
