"""A declaration of one scraper and its window, for the tests of what holds it and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from interlock.cron import Cron
from interlock.declaration import Declaration, DeclaredJob, DeclaredWindow
from interlock.holding import Holding
from interlock.holds import Hold, parse_object_name

NOW = datetime(2026, 3, 10, 7, 0, tzinfo=UTC)
JOB = DeclaredJob(
    name="scraper",
    scheduler_name="scraper",
    undecided=False,
    region="us-west2",
    schedule=Cron.parse("15 * * * *"),
    time_zone="Etc/UTC",
    paused=False,
    catch_up="latest",
    recoverable=True,
    service="scrapers",
    deadline=timedelta(minutes=3),
    expect=None,
    after=(),
    relative_dates=False,
)
WINDOW = DeclaredWindow(
    name="tuesday",
    schedule=Cron.parse("0 8 * * 2"),
    time_zone="Etc/UTC",
    duration=timedelta(hours=2),
    covers=("job/scraper",),
    reason="deploys",
    owner="ana",
)


def declaration(*jobs: DeclaredJob, windows: tuple[DeclaredWindow, ...] = (WINDOW,)) -> Declaration:
    named = {job.name: job for job in jobs or (JOB,)}
    scopes = {f"job/{name}": (name,) for name in named} | {f"window/{window.name}": ("scraper",) for window in windows}
    return Declaration(
        jobs=named,
        scopes=scopes,
        tables={},
        windows={window.name: window for window in windows},
        services={"scrapers": None},
        max_hold=timedelta(days=4),
        tick=timedelta(minutes=10),
        breaker_hold=timedelta(minutes=30),
    )


def hold(until: timedelta, scope: str = "job/scraper", id: str = "x") -> Hold:
    end = NOW + until
    found = parse_object_name(f"holds/{scope}/{id}@{end:%Y-%m-%dT%H:%M:%SZ}.json")
    assert found is not None
    return found


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def holding(known: Declaration, objects: Sequence[Hold], now: datetime, released: Sequence[Hold] = ()) -> Holding:
    """What holds at `now`, by the objects and tombstones."""
    windows = tuple(known.windows.values())
    return Holding(
        now=now,
        scopes=known.scopes,
        identities=known.identities,
        objects=tuple(objects),
        tombstones=tuple(released),
        windows=windows,
    )
