"""One answer to what holds a job: coordinator, status, holds, why, timeline, review and effect agree on every world."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.catalog import Catalog, DeclaredPause
from interlock.commands import holds as holds_command
from interlock.cron import zone
from interlock.declare import declare
from interlock.graph import scopes
from interlock.holds import Hold, hold_content, hold_name, parse_object_name
from interlock.review.jobs import situation
from interlock.runtime.ledger import planned_content, planned_name, released_name
from interlock.runtime.snapshot import Reader
from interlock.seasons import Season, dated
from interlock.terminal.site import Site
from interlock.terraform.drift import compare
from interlock.timing.effect import effects
from interlock.timing.minutes import Day
from interlock.timing.timeline import timeline
from interlock.windows import compact
from tests.interlock.catalogs import load
from tests.interlock.cloud import BACKFILLS, HEAD, JOBS, WINDOWS, Cloud, environment

START = datetime(2026, 3, 10, 6, tzinfo=UTC)
"""Two hours before the window `weekly` opens, for two hours."""
OPENING = datetime(2026, 3, 10, 8, tzinfo=UTC)
CATALOG = load(HEAD + JOBS + WINDOWS + BACKFILLS)
OFF = DeclaredPause(reason="r", owner="o", review=date(2030, 1, 1))
SCOPES = sorted(scopes(CATALOG))
SEASONAL = {"fetch", "off"}


@dataclass(frozen=True)
class World:
    """A catalog, what lies in the bucket, and an instant."""

    catalog: Catalog
    objects: tuple[Hold, ...]
    tombstones: tuple[Hold, ...]
    planned: tuple[Hold, ...]
    now: datetime


minutes = st.integers(0, 6 * 60).map(lambda minutes: timedelta(minutes=minutes))
names = st.sampled_from(sorted(CATALOG.jobs))
sets_of_names, sets_with_strangers = st.sets(names), st.sets(st.sampled_from([*sorted(CATALOG.jobs), "gone"]))
durations = st.sampled_from([timedelta(minutes=30), timedelta(hours=2), timedelta(hours=30)])
some_scopes, ids = st.sampled_from([*SCOPES, "window/gone", "job/gone"]), st.sampled_from("ab")
lengths = st.integers(20, 180)
since = st.sampled_from([timedelta(0), timedelta(days=2)])


@st.composite
def some_worlds(draw: st.DrawFn) -> World:
    paused = draw(sets_of_names)
    season = draw(perhaps_a_season)
    jobs = {
        name: replace(job, paused=OFF if name in paused else None, season=season if name in SEASONAL else None)
        for name, job in CATALOG.jobs.items()
    }
    duration = draw(durations)
    windows = {name: replace(window, duration=duration) for name, window in CATALOG.windows.items()}
    objects = tuple(draw(lists_of_objects))
    opening = Hold(scope="window/weekly", id=compact(OPENING), end=OPENING + duration, object_name="")
    planned = tuple(draw(lists_of_plans))
    # Of a plan that was taken back the object may be there still: whoever released it died half way.
    taken_back = tuple(plan for plan in planned if draw(st.booleans()))
    released = ((opening,) if draw(st.booleans()) else ()) + taken_back
    return World(
        catalog=replace(CATALOG, jobs=jobs, windows=windows),
        objects=objects,
        tombstones=released,
        planned=planned,
        now=START + draw(minutes),
    )


@st.composite
def some_seasons(draw: st.DrawFn) -> Season:
    """One that opens or closes on the day, and is open for a while of it."""
    opens = START + draw(minutes)
    return dated("cup", [(opens - draw(since), opens + timedelta(hours=2))])


@st.composite
def some_objects(draw: st.DrawFn) -> Hold:
    end = START + draw(minutes)
    if draw(st.booleans()):
        flag = parse_object_name(f"backfills/mart@{end:%Y-%m-%dT%H:%M:%SZ}.json")
        assert flag is not None
        return flag
    scope = draw(some_scopes)
    # Sometimes the very opening: written in time, extended, or left by a release that died half way.
    id = compact(OPENING) if scope == "window/weekly" and draw(st.booleans()) else draw(ids)
    jobs = frozenset(draw(sets_with_strangers))
    return Hold(scope=scope, id=id, end=end, object_name=hold_name(scope, id, end), jobs=jobs, reason="r", owner="o")


@st.composite
def some_plans(draw: st.DrawFn) -> Hold:
    """A backfill that begins at a time, before or after now."""
    start = START + draw(minutes)
    end = start + timedelta(minutes=draw(lengths))
    name = planned_name("backfill/mart", start, end)
    return Hold(scope="backfill/mart", id=compact(start), end=end, object_name=name, start=start, reason="r", owner="o")


perhaps_a_season = st.none() | some_seasons()
lists_of_objects, lists_of_plans = st.lists(some_objects(), max_size=5), st.lists(some_plans(), max_size=2)


def site_of(world: World) -> tuple[Cloud, Site]:
    declared = declare(world.catalog, environment())
    cloud = Cloud(now=world.now, declared=declared)
    for hold in world.objects:
        cloud.put(hold.object_name, hold_content(hold))
    for hold in world.tombstones:
        cloud.put(released_name(hold.scope, hold.id, hold.end))
    for hold in world.planned:
        cloud.put(hold.object_name, planned_content(hold))
    reader = Reader(cloud.outside())
    return cloud, Site(environment=environment(), reader=reader, declaration=declared, objects=reader.objects())


@settings(max_examples=150)
@given(some_worlds())
def test_all_of_them_say_the_same_of_every_job(world: World) -> None:
    cloud, site = site_of(world)
    catalog, now = world.catalog, world.now
    held = {name for name, job in site.declaration.jobs.items() if site.holding.of(job).held_by}  # what `why` says

    assert {job for row in holds_command._rows(site) for job in row.jobs} == held

    of_catalog = site.objects.holding(scopes(catalog), catalog.timed, catalog.identities)
    status = compare(catalog, site.environment, site.reader.all_jobs({"us-west2"}), of_catalog)
    assert {job.job.name for job in status.jobs if job.effective.held_by} == held

    day = Day(date=now.date(), zone=zone("Etc/UTC"))
    rows = timeline(catalog, day, holding=of_catalog).rows
    assert {row.job.name for row in rows if row.held_by(now)} == held

    # A plan of Terraform's lists objects and knows no tombstone, so a review is told of what is not released. What is planned
    # and has begun has no object until the coordinator looks; a review is not told of it.
    gone = {(hold.scope, hold.id) for hold in world.tombstones}
    listed = [hold for hold in site.objects.holds if (hold.scope, hold.id) not in gone]
    reviewed = situation(catalog, scopes(catalog), now, listed)
    begun = {hold.id for hold in site.holding.active if not hold.is_written and hold.scope == "backfill/mart"}
    if not gone and not begun:
        assert {name for name, job in catalog.jobs.items() if reviewed.state(job).held_by} == held

    found = effects(site.declaration, catalog.jobs, site.holding, now + timedelta(hours=1))
    assert {effect.job.name for effect in found if effect.held_until} == held

    assert cloud.reconcile().settled
    assert cloud.paused() == held | {name for name, job in catalog.jobs.items() if job.paused}


@settings(max_examples=150)
@given(some_worlds())
def test_what_is_said_ahead_comes_true(world: World) -> None:
    """At the instant at which a job is said to be free nothing holds it, and one instant before something does."""
    _, site = site_of(world)
    for job in site.declaration.jobs.values():
        state = site.holding.of(job)
        if state.free is None:
            continue
        assert not site.holding.of(job, state.free).held_by
        if state.free > world.now:
            assert site.holding.of(job, state.free - datetime.resolution).held_by
        if state.next_hold is not None and state.next_hold.start is not None:
            assert state.next_hold.scope in [hold.scope for hold in site.holding.of(job, state.next_hold.start).held_by]
