"""Boards of a web shop at one instant: nothing held, a backfill inside a window, and what strangers may write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from interlock.actual import ENABLED, PAUSED, ActualJob
from interlock.board.board import Board, board
from interlock.board.history import History
from interlock.declaration import Declaration
from interlock.declare import declare
from interlock.holds import Hold, hold_name, parse_object_name
from interlock.runtime import events
from interlock.runtime.ports import Item
from interlock.runtime.report import Record
from interlock.runtime.snapshot import Objects, Snapshot
from interlock.timing.about import about
from interlock.zones import zone
from tests.interlock.cloud import environment
from tests.shop import shop

NOW = datetime(2026, 11, 24, 1, 13, 7, tzinfo=UTC)
"""A Tuesday, a quarter past two at night in Berlin: a window opens soon."""
FLAG = "backfills/orders@2026-11-24T09:00:00Z.json"
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> \u202eesrever\u202c 'quoted' \"twice\" & so on "
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 "
)
TEN_KB = HOSTILE + "x" * 10_000


@cache
def declared() -> Declaration:
    """The shop, as a deploy declares it in production."""
    return replace(declare(shop(), environment()), about=about(shop(), "production"))


def snapshot(
    holds: Sequence[Hold] = (), *, now: datetime = NOW, declaration: Declaration | None = None, states: Iterable[str] = ()
) -> Snapshot:
    """What is seen while these hold: each job as it should be, but for `states`, `job=STATE` each."""
    known = declaration or declared()
    items = {hold.object_name: Item(name=hold.object_name, generation=1) for hold in holds}
    objects = Objects(now=now, items=items, holds=tuple(holds), released=())
    holding, other = objects.holding_by(known), dict(one.split("=") for one in states)
    jobs = {
        name: ActualJob(
            name=job.scheduler_name,
            region=job.region,
            state=other.get(name, PAUSED if holding.of(job).paused else ENABLED),
            schedule=job.schedule.text,
            time_zone=job.time_zone,
            last_attempt=now - timedelta(minutes=58),
            last_status=0,
        )
        for name, job in known.jobs.items()
        if other.get(name) != "GONE"
    }
    return Snapshot(declaration=known, declared=now - timedelta(days=2), objects=objects, jobs=jobs)


def hold(scope: str, *, reason: str, owner: str = "ana", hours: float = 2, **more: str) -> Hold:
    """A hold that somebody has asked for a little while ago."""
    end = NOW.replace(second=0) + timedelta(hours=hours)
    start = NOW - timedelta(minutes=20)
    return Hold(
        scope=scope,
        id="at-1",
        end=end,
        object_name=hold_name(scope, "at-1", end),
        reason=reason,
        owner=owner,
        start=start,
        created=start,
        **more,
    )


def flag() -> Hold:
    """The backfill of the shop, turned on."""
    found = parse_object_name(FLAG)
    assert found is not None
    return replace(found, reason="all of 2025 again", owner="reporting", created=NOW - timedelta(hours=3))


def drawn(
    seen: Snapshot,
    *,
    looked: datetime | None = NOW,
    trouble: Sequence[Record] = (),
    history: Sequence[Record] = (),
    kept_since: datetime | None = NOW - timedelta(days=3),
) -> Board:
    """The board of it, in the zone of the shop."""
    return board(
        seen,
        records=(),
        trouble=trouble,
        history=History(since=kept_since).then(history, NOW - timedelta(hours=3)),
        looked=looked,
        zone=zone("Europe/Berlin"),
        project="acme-shop",
    )


def quiet() -> Board:
    """Nothing is held, and nothing was."""
    return drawn(snapshot())


def busy() -> Board:
    """A backfill is on, a person holds the importer, and a window opens in a quarter of an hour."""
    ana = hold("service/shop-importer", reason="a new till is connected", asked_by="ana@acme.dev")
    return drawn(
        snapshot([flag(), ana]),
        history=[
            Record(event=events.HOLD_WRITTEN, hold="service/shop-importer", why="ana: a new till is connected (id at-1)"),
            Record(event=events.RUN_CAUGHT_UP, job="returns-import", why="it missed 1 run", numbers=(("missed", 1),)),
        ],
    )


def hostile() -> Board:
    """What strangers wrote is anything, jobs are gone or resumed by hand, and the coordinator is late."""
    bad = replace(hold("job/uptime-check", reason=TEN_KB, owner=HOSTILE), failed=HOSTILE, run=HOSTILE)
    return drawn(
        snapshot([flag(), bad], states=["order-tick=PAUSED", "uptime-check=ENABLED", "price-import=GONE"]),
        looked=NOW - timedelta(minutes=45),
        trouble=[
            Record(event=events.BACKFILL_FAILED, hold="job/uptime-check", why=TEN_KB),
            Record(event=events.RUN_MISSED, job="stock-import", why=HOSTILE),
        ],
        history=[Record(event=events.HOLD_WRITTEN, hold=HOSTILE, why=TEN_KB, asked_by="eve@acme.dev")],
    )


WORLDS = {"quiet": quiet, "busy": busy, "hostile": hostile}
