"""What a reconcile costs among many holds and many jobs: as much as there are of both, and not one times the other.

Calls of Python functions are counted, as no test asserts a time; `python -m tests.coordinator.test_crowded 10000 5000`
measures.
"""

from __future__ import annotations

import sys
import time
from cProfile import Profile
from datetime import timedelta

import pytest

from interlock.cron import Cron
from interlock.declaration import Declaration, DeclaredJob
from interlock.holds import Hold, format_instant, hold_content
from interlock.runtime.reconcile import reconcile
from tests.coordinator.memory import NOW, World

TICKS = {
    "a tick that pauses": timedelta(),
    "a tick that finds all right": timedelta(minutes=10),
    "a tick after all of them": timedelta(hours=11),
}
KINDS = ("all", "of one job each", "by their contents", "a mixture")


def crowd(kind: str, holds: int, jobs: int) -> World:
    """So many jobs, and holds of that kind, of which each is written as the coordinator would."""
    names = [f"job-{number}" for number in range(jobs)]
    schedule = Cron.parse("15 * * * *")
    declared = Declaration(
        jobs={
            name: DeclaredJob(
                name=name,
                region="us-west2",
                schedule=schedule,
                time_zone="Etc/UTC",
                paused=False,
                undecided=False,
                catch_up="latest",
                recoverable=True,
                service="scrapers",
                deadline=None,
                expect=None,
                after=(),
                relative_dates=False,
                scheduler_name=name,
            )
            for name in names
        },
        scopes={
            "all": tuple(names),
            "service/scrapers": tuple(names),
            "table/raw.games": tuple(names[::2]),
            **{f"job/{name}": (name,) for name in names},
        },
        tables={},
        windows={},
        services={"scrapers": None},
        max_hold=timedelta(days=4),
        tick=timedelta(minutes=10),
        breaker_hold=timedelta(minutes=30),
    )
    world = World()
    world.declare(declared)
    for number in range(holds):
        how = KINDS[number % 3] if kind == "a mixture" else kind
        scope = {"all": "all", "of one job each": f"job/{names[number % jobs]}"}.get(how, "job/gone")
        end = NOW + timedelta(minutes=30 + number % 600)
        hold = Hold(scope=scope, id=f"x{number}", end=end, object_name="", jobs=frozenset({names[number % jobs]}), start=NOW)
        world.put(f"holds/{scope}/x{number}@{format_instant(end)}.json", hold_content(hold))
    return world


def calls(kind: str, holds: int, jobs: int) -> int:
    """How many Python functions are called by a tick that pauses what is held, one that finds all as it should be, and one that
    makes up for what was missed. The profiler counts them in C."""
    world, counted = crowd(kind, holds, jobs), Profile(builtins=False)
    with counted:
        for later in TICKS.values():
            world.now = NOW + later
            reconcile(world.outside())
    return sum(entry.callcount for entry in counted.getstats())


@pytest.mark.parametrize("kind", KINDS)
def test_twice_as_many_holds_and_jobs_cost_twice_as_much(kind: str) -> None:
    assert calls(kind, 200, 200) < 2.05 * calls(kind, 100, 100)


if __name__ == "__main__":
    for one in KINDS:
        crowded = crowd(one, int(sys.argv[1]), int(sys.argv[2]))
        for what, later in TICKS.items():
            crowded.now = NOW + later
            began = time.process_time()
            reconcile(crowded.outside())
            print(f"{one}, {what}: {time.process_time() - began:.1f} s of CPU")
