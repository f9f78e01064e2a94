"""What holds do to jobs, said ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cron import Cron
from interlock.declaration import Declaration, DeclaredJob, DeclaredWindow
from interlock.holds import Hold, parse_object_name
from interlock.timing.effect import effects, fires, made_up_for, outlook

NOW = datetime(2026, 3, 10, 7, 0, tzinfo=UTC)
JOB = DeclaredJob(
    name="scraper",
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


@pytest.mark.parametrize(
    ("in_force", "held_until", "missed"),
    [
        pytest.param([], None, 3, id="nothing else holds it"),
        pytest.param([hold(hours(1))], NOW + hours(1), 2, id="another hold ends before"),
        pytest.param([hold(hours(1)), hold(hours(2), id="y")], NOW + hours(2), 1, id="of several the last counts"),
        pytest.param([hold(hours(9))], NOW + hours(9), 0, id="another hold ends later"),
        pytest.param([hold(hours(9), scope="job/other")], None, 3, id="a hold of another job"),
    ],
)
def test_an_effect(in_force: list[Hold], held_until: datetime | None, missed: int) -> None:
    [effect] = effects(declaration(), ["scraper", "not-deployed"], in_force, NOW + hours(3), NOW)
    assert (effect.held_until, effect.missed) == (held_until, missed)


def test_what_is_lost_for_good_comes_first_and_what_is_declared_paused_misses_nothing() -> None:
    lost = replace(JOB, name="z-lost", recoverable=False)
    idle = replace(JOB, name="a-idle", recoverable=False, schedule=Cron.parse("15 3 1 1 *"))
    paused = replace(JOB, name="b-paused", paused=True)
    known = declaration(JOB, lost, idle, paused)
    found = effects(known, known.jobs, [], NOW + hours(2), NOW)
    assert [(effect.job.name, effect.missed) for effect in found] == [
        ("z-lost", 2),
        ("a-idle", 0),
        ("b-paused", 0),
        ("scraper", 2),
    ]


@pytest.mark.parametrize(
    ("holds", "at", "held_by", "free", "following"),
    [
        pytest.param([], 0.0, [], 0.0, "20260310T080000Z", id="runs, a window is next"),
        pytest.param([], 1.0, ["window/tuesday"], 3.0, "20260317T080000Z", id="the first instant of a window"),
        pytest.param([], 3.0, [], 3.0, "20260317T080000Z", id="the end of a window is not in it"),
        pytest.param([hold(hours(0.5))], 0.0, ["job/scraper"], 0.5, "20260310T080000Z", id="free before the window"),
        pytest.param([hold(hours(1))], 0.0, ["job/scraper"], 3.0, "20260317T080000Z", id="from a hold into the window"),
        pytest.param([hold(hours(4))], 2.0, ["job/scraper", "window/tuesday"], 4.0, "20260317T080000Z", id="both at once"),
        pytest.param([hold(hours(2))], 2.5, ["window/tuesday"], 3.0, "20260317T080000Z", id="the hold has ended by then"),
    ],
)
def test_an_outlook(holds: list[Hold], at: float, held_by: list[str], free: float, following: str) -> None:
    seen = outlook(declaration(), "scraper", holds, [], NOW + hours(at))
    assert [hold.scope for hold in seen.held_by] == held_by
    assert seen.free == NOW + hours(free)
    assert seen.next_hold is not None
    assert seen.next_hold.id == following


def test_an_opening_that_was_released_does_not_hold() -> None:
    released = [Hold(scope="window/tuesday", id="20260310T080000Z", end=NOW + hours(3), object_name="tombstone")]
    seen = outlook(declaration(), "scraper", [], released, NOW + hours(2))
    assert (seen.held_by, seen.free) == ((), NOW + hours(2))


def test_an_opening_with_its_object_counts_once() -> None:
    opened = hold(hours(3), scope="window/tuesday", id="20260310T080000Z")
    assert outlook(declaration(), "scraper", [opened], [], NOW + hours(2)).held_by == (opened,)


def test_windows_without_a_gap_between_them_are_beyond_reach() -> None:
    always = replace(WINDOW, schedule=Cron.parse("0 8 * * *"), duration=hours(24))
    seen = outlook(declaration(windows=(always,)), "scraper", [], [], NOW)
    assert seen.free is None


@given(ends=st.lists(st.integers(1, 40), max_size=4), at=st.integers(0, 40))
def test_a_job_is_free_when_it_says_and_held_until_then(ends: list[int], at: int) -> None:
    holds = [hold(timedelta(minutes=15 * end), id=f"h{number}") for number, end in enumerate(ends)]
    known, start = declaration(windows=()), NOW + timedelta(minutes=15 * at)
    free = outlook(known, "scraper", holds, [], start).free
    assert free == max([start, *(hold.end for hold in holds)])


@pytest.mark.parametrize(
    ("job", "missed", "words"),
    [
        (JOB, 0, ""),
        (JOB, 2, "one catch-up run"),
        (replace(JOB, relative_dates=True), 2, "one catch-up run, for its own day"),
        (replace(JOB, catch_up="skip"), 2, "none: its catch_up is skip"),
        (replace(JOB, recoverable=False), 2, "lost: can't be fetched later"),
    ],
)
def test_what_becomes_of_missed_runs(job: DeclaredJob, missed: int, words: str) -> None:
    assert made_up_for(job, missed) == words


def test_fires_of_an_empty_interval() -> None:
    assert fires(JOB, NOW, NOW) == fires(JOB, NOW, NOW - hours(1)) == 0
