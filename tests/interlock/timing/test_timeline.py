"""A day of a catalog: its rows, what closes them, and what still collides."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.catalog import Catalog
from interlock.graph import scopes
from interlock.holding import Holding
from interlock.holds import Hold
from interlock.timing.collisions import CollisionKind
from interlock.timing.minutes import Day
from interlock.timing.timeline import Closed, JobRow, Timeline, leading_to, timeline, usual_zone
from interlock.zones import names, zone
from tests.interlock.catalogs import load
from tests.interlock.cloud import at

DAY = Day(date=date(2026, 1, 13), zone=zone("Etc/UTC"))
NOW = at("2026-01-13 12:10")
TEXT = """
defaults: {owner: data, time_zone: Etc/UTC, region: us-west2, deadline: 180s, retry: standard}
retry_profiles:
  standard: {attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}
services:
  web: {kind: run, starts_per_minute: 1}
  other: {kind: run}
processors:
  games: {service: web, tables: {raw.games: [append]}}
  marts: {service: other, after: [games], tables: {raw.games: [read], mart.games: [mutate]}}
jobs:
  hourly: {description: x, schedule: "0 * * * *", target: {service: web, path: /a}, runs: [games]}
  eights: {description: x, schedule: "0 8,20 * * *", target: {service: web, path: /b}}
  repair: {description: x, schedule: "30 9 * * *", target: {service: other, path: /c}, runs: [marts]}
  sundays: {description: x, schedule: "0 6 * * 0", target: {service: other, path: /d}}
  off:
    description: x
    schedule: "0 7 * * *"
    time_zone: America/New_York
    target: {service: other, path: /e}
    paused: {reason: off-season, owner: data, review: 2099-01-15}
windows:
  night: {schedule: "0 23 * * *", time_zone: Etc/UTC, duration: 2h, covers: [job/hourly], reason: repairs, owner: data}
  morning: {schedule: "0 8 * * 2", time_zone: Etc/UTC, duration: 2h, covers: [job/hourly], reason: deploys, owner: data}
"""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load(TEXT)


def hold(scope: str, id: str, end: str) -> Hold:
    return Hold(scope=scope, id=id, end=at(end), object_name=f"holds/{scope}/{id}@x.json", reason="reprocess", owner="ana")


def holding(catalog: Catalog, objects: list[Hold], released: list[Hold] | None = None) -> Holding:
    windows, tombstones = tuple(catalog.windows.values()), tuple(released or ())
    return Holding(
        now=NOW,
        scopes=scopes(catalog),
        identities=catalog.identities,
        objects=tuple(objects),
        tombstones=tombstones,
        windows=windows,
    )


def row(found: Timeline, name: str) -> JobRow:
    return next(row for row in found.rows if row.job.name == name)


def hours(instants: tuple[datetime, ...]) -> list[int]:
    return [instant.hour for instant in instants]


def test_a_row_for_each_job_that_fires_or_would_in_the_order_of_the_day(catalog: Catalog) -> None:
    assert [row.job.name for row in timeline(catalog, DAY).rows] == ["hourly", "eights", "repair", "off"]
    assert timeline(catalog, DAY).rows[0].group == "p/a"


def test_a_window_holds_from_its_start_until_before_its_end_and_the_night_before_counts(catalog: Catalog) -> None:
    hourly = row(timeline(catalog, DAY), "hourly")
    assert [(c.scope, c.start, c.end) for c in hourly.closed] == [
        ("window/night", at("2026-01-12 23:00"), at("2026-01-13 01:00")),
        ("window/morning", at("2026-01-13 08:00"), at("2026-01-13 10:00")),
        ("window/night", at("2026-01-13 23:00"), at("2026-01-14 01:00")),
    ]
    assert hours(hourly.held) == [0, 8, 9, 23]
    assert (len(hourly.fires), hourly.starts) == (24, 20)


def test_a_job_that_is_paused_by_declaration_starts_never_and_is_not_held(catalog: Catalog) -> None:
    off = row(timeline(catalog, DAY), "off")
    assert (hours(off.fires), off.starts, off.held, off.intervals(DAY)) == ([12], 0, (), [(DAY.start, DAY.end)])


@pytest.mark.parametrize(
    ("holds", "held"),
    [
        pytest.param([], [0, 8, 9, 23], id="none"),
        pytest.param([hold("service/web", "a", "2026-01-13 15:00")], [0, 8, 9, 13, 14, 23], id="from now until before its end"),
        pytest.param([hold("service/web", "a", "2026-01-13 11:00")], [0, 8, 9, 23], id="one that has ended"),
        pytest.param([hold("service/web", "a", "2026-01-15 11:00")], [0, 8, 9, *range(13, 24)], id="one that ends another day"),
        pytest.param([hold("service/web", "a", "2026-01-13 14:00"), hold("service/web", "a", "2026-01-13 15:00")],
                     [0, 8, 9, 13, 14, 23], id="one that was extended: the latest end counts"),
        pytest.param([hold("job/eights", "a", "2026-01-13 15:00")], [0, 8, 9, 23], id="one of another job"),
        pytest.param([hold("window/morning", "20260113T080000Z", "2026-01-13 14:00")], [0, *range(8, 14), 23],
                     id="an opening that was extended counts from its start"),
    ],
)  # fmt: skip
def test_holds_count_from_now_on(catalog: Catalog, holds: list[Hold], held: list[int]) -> None:
    assert hours(row(timeline(catalog, DAY, holding=holding(catalog, holds)), "hourly").held) == held


@pytest.mark.parametrize(
    ("start", "end", "known_since", "said"),
    [
        ("2026-01-13 08:00", "2026-01-13 10:00", True, "08:00 to 10:00"),
        ("2026-01-12 23:00", "2026-01-13 01:00", True, "2026-01-12 23:00 to 01:00"),
        ("2026-01-13 23:00", "2026-01-14 01:00", True, "23:00 to 2026-01-14 01:00"),
        ("2026-01-13 12:10", "2026-01-14 01:00", False, "seen at 12:10, until 2026-01-14 01:00"),
    ],
)
def test_when_something_is_closed(start: str, end: str, known_since: bool, said: str) -> None:
    assert Closed(scope="all", start=at(start), end=at(end), reason="", known_since=known_since).when(DAY) == said


def test_a_hold_is_not_of_another_day(catalog: Catalog) -> None:
    yesterday = Day(date=date(2026, 1, 12), zone=DAY.zone)
    found = timeline(catalog, yesterday, holding=holding(catalog, [hold("all", "a", "2026-01-13 15:00")]))
    assert {closed.scope for closed in found.closed} == {"window/night"}


def test_an_opening_that_was_released_holds_nothing(catalog: Catalog) -> None:
    released = [hold("window/morning", "20260113T080000Z", "2026-01-13 10:00")]
    assert hours(row(timeline(catalog, DAY, holding=holding(catalog, [], released)), "hourly").held) == [0, 23]


def test_a_hold_keeps_the_jobs_that_it_covered_when_it_was_written(catalog: Catalog) -> None:
    written = Hold(scope="job/gone", id="a", end=at("2026-01-13 21:00"), object_name="x", jobs=frozenset({"eights"}))
    assert hours(row(timeline(catalog, DAY, holding=holding(catalog, [written])), "eights").held) == [20]


def test_what_collides_and_what_a_window_prevents(catalog: Catalog) -> None:
    (clash,) = [clash for clash in timeline(catalog, DAY).clashes if clash.kind is CollisionKind.BUDGET]
    assert (clash.jobs, clash.subjects, hours(clash.begins)) == (("eights", "hourly"), ("service/web",), [20])
    assert row(timeline(catalog, DAY), "hourly").colliding[at("2026-01-13 20:00")] == {CollisionKind.BUDGET}
    assert at("2026-01-13 08:00") not in row(timeline(catalog, DAY), "eights").colliding


def test_a_budget_is_kept_when_holds_leave_no_more_jobs_than_it_takes() -> None:
    three = TEXT.replace("starts_per_minute: 1", "starts_per_minute: 2").replace(
        "jobs:\n", 'jobs:\n  third: {description: x, schedule: "0 8,20 * * *", target: {service: web, path: /f}}\n', 1
    )
    (clash,) = [clash for clash in timeline(load(three), DAY).clashes if clash.kind is CollisionKind.BUDGET]
    assert (clash.jobs, hours(clash.begins)) == (("eights", "hourly", "third"), [20])


def test_who_starts_too_soon_is_marked_with_the_start_before() -> None:
    early = load(TEXT.replace('"30 9 * * *"', '"20 10 * * *"'))
    (clash,) = [clash for clash in timeline(early, DAY).clashes if clash.kind is CollisionKind.ORDER]
    assert (clash.jobs, clash.subjects) == (("hourly", "repair"), ("table/raw.games",))
    found = timeline(early, DAY)
    assert list(row(found, "repair").colliding) == [at("2026-01-13 10:20")]
    assert CollisionKind.ORDER in row(found, "hourly").colliding[at("2026-01-13 10:00")]
    held = timeline(load(TEXT.replace('"30 9 * * *"', '"20 9 * * *"')), DAY)
    assert CollisionKind.ORDER not in {clash.kind for clash in held.clashes}


def test_a_producer_of_the_evening_before_is_part_of_the_collision_but_not_of_the_day() -> None:
    night = load(
        TEXT.replace('"0 * * * *"', '"50 23 * * *"')
        .replace('"30 9 * * *"', '"5 0 * * *"')
        .replace('"0 23 * * *"', '"0 3 * * *"')
    )
    found = timeline(night, DAY)
    assert [(clash.kind, hours(clash.begins)) for clash in found.clashes] == [(CollisionKind.ORDER, [0])]
    assert list(row(found, "repair").colliding) == [at("2026-01-13 00:05")]
    assert row(found, "hourly").colliding == {}


def test_some_jobs_alone_and_what_they_collide_with(catalog: Catalog) -> None:
    found = timeline(catalog, DAY, jobs=["eights"])
    assert [row.job.name for row in found.rows] == ["eights"]
    assert [clash.jobs for clash in found.clashes] == [("eights", "hourly")]
    assert timeline(catalog, DAY, jobs=["off"]).clashes == ()


def test_the_jobs_that_lead_to_a_table_by_reading_or_writing_it(catalog: Catalog) -> None:
    assert leading_to(catalog, "raw.games") == leading_to(catalog, "mart.games") == {"hourly", "repair"}


def test_the_usual_zone(catalog: Catalog) -> None:
    assert usual_zone(catalog) == "Etc/UTC"
    assert usual_zone(Catalog(services={}, processors={}, jobs={}, backfills={}, windows={})) == "Etc/UTC"


def test_the_day_in_numbers(catalog: Catalog) -> None:
    assert timeline(catalog, DAY).summary == (
        "4 jobs, 1 of them paused by declaration; 23 starts, 4 runs held; collisions: 1 budget"
    )


@given(st.sampled_from(sorted(names())), st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_the_days_of_a_zone_follow_each_other_without_a_gap(name: str, day: date) -> None:
    place = zone(name)
    today, tomorrow = Day(date=day, zone=place), Day(date=day + timedelta(days=1), zone=place)
    assert today.end == tomorrow.start
    assert today.start <= today.end <= today.start + timedelta(hours=48)
    if today.start < today.end:
        assert today.start.astimezone(place).date() == day


def test_a_job_that_collides_with_its_own_runs_is_shown() -> None:
    burst = load(TEXT.replace("marts: {", "marts: {burst: 15, "))
    day = timeline(burst, DAY)
    [clash] = [clash for clash in day.clashes if clash.jobs == ("repair",)]
    assert (clash.kind, clash.subjects, hours(clash.begins)) == (CollisionKind.TABLE, ("table/mart.games",), [9])
    assert "brings about 15 runs at once" in clash.why
    assert hours(tuple(row(day, "repair").colliding)) == [9]


def test_a_job_that_is_held_does_not_collide_with_its_own_runs() -> None:
    held = load(TEXT.replace("marts: {", "marts: {burst: 15, ").replace("covers: [job/hourly]", "covers: [job/repair]"))
    assert [clash for clash in timeline(held, DAY).clashes if clash.jobs == ("repair",)] == []
