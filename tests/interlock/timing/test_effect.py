"""What a hold costs, said ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

import pytest

from interlock.cron import Cron, zone
from interlock.declaration import DeclaredJob
from interlock.holds import Hold
from interlock.timing.effect import effects, fires, made_up_for
from tests.interlock.one_scraper import JOB, NOW, declaration, hold, holding, hours

DECLARED = declaration()


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
    [effect] = effects(DECLARED, ["scraper", "not-deployed"], holding(DECLARED, in_force, NOW), NOW + hours(3))
    assert (effect.held_until, effect.missed) == (held_until, missed)


def test_what_is_lost_for_good_comes_first_and_what_is_declared_paused_misses_nothing() -> None:
    lost = replace(JOB, name="z-lost", recoverable=False)
    idle = replace(JOB, name="a-idle", recoverable=False, schedule=Cron.parse("15 3 1 1 *"))
    paused = replace(JOB, name="b-paused", paused=True)
    known = declaration(JOB, lost, idle, paused)
    found = effects(known, known.jobs, holding(known, [], NOW), NOW + hours(2))
    assert [(effect.job.name, effect.missed) for effect in found] == [
        ("z-lost", 2),
        ("a-idle", 0),
        ("b-paused", 0),
        ("scraper", 2),
    ]


@pytest.mark.parametrize(
    ("job", "missed", "words"),
    [
        (JOB, 0, ""),
        (JOB, 2, "one catch-up run follows"),
        (replace(JOB, relative_dates=True), 2, "one catch-up run follows, for its own day"),
        (replace(JOB, catch_up="skip"), 2, "no run makes up for them (catch_up is skip)"),
        (replace(JOB, recoverable=False), 2, "its missed runs can't be fetched later"),
    ],
)
def test_what_becomes_of_missed_runs(job: DeclaredJob, missed: int, words: str) -> None:
    assert made_up_for(job, missed) == words


@pytest.mark.parametrize("seconds", [0, 1, 59])
@pytest.mark.parametrize("days", [1, 300], ids=["a day", "over both changes of the clock"])
def test_counted_fires_are_those_of_the_schedule(seconds: int, days: int) -> None:
    """Each end of the interval lies on a fire, or seconds after one."""
    [first] = [*islice(JOB.schedule.fires_between(NOW, NOW + hours(48), zone(JOB.time_zone)), 1)]
    start = first + timedelta(seconds=seconds)
    end = start + timedelta(days=days)
    assert fires(JOB, start, end) == len([*JOB.schedule.fires_between(start, end, zone(JOB.time_zone))])


def test_fires_of_an_empty_interval() -> None:
    assert fires(JOB, NOW, NOW) == fires(JOB, NOW, NOW - hours(1)) == 0
