"""The coordinator's hold of 200 jobs beside a client that pauses as many at once, and its tick at 5,000 jobs.

The coordinator's own code, in this process, over Google's clients against the stand-in; jobs and declaration are made up. The
coordinator is there before it is asked, so of the client, too, only the calls are timed, without its start.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

from bench.measure import PYTHON, WORKERS, api, timed
from bench.reconcile import HELD_JOBS, Platform, platform_of
from bench.table import Comparison, Cost, Way
from bench.ways import cost_of
from interlock.runtime.requests import ReconcileRequest

TICKED_JOBS = 5_000
MIB = 1024 if sys.platform == "linux" else 1024**2
"""What a MiB is in the unit of ru_maxrss: getrusage(2)."""


def hold() -> Comparison:
    """From the request to all jobs paused, both by a process that has started and has its libraries."""
    platform = platform_of(HELD_JOBS)

    def held() -> float:
        seconds = _seconds(platform.hold)
        platform.release()
        return seconds

    def by_hand() -> float:
        seconds = float(_said(platform.client("pause", HELD_JOBS)))
        timed(platform.client("resume", HELD_JOBS))
        return seconds

    def cost_by_hand() -> Cost:
        found = _cost(lambda: timed(platform.client("pause", HELD_JOBS)))
        timed(platform.client("resume", HELD_JOBS))
        return found

    def cost_held() -> Cost:
        found = _cost(platform.hold)
        platform.release()
        return found

    return Comparison(
        floor=Way(name=f"a client that has started pauses {HELD_JOBS} jobs, {WORKERS} threads", act=by_hand, cost=cost_by_hand),
        ways=[Way(name=f"a hold of {HELD_JOBS} jobs", act=held, cost=cost_held, must=1.2, goal=1.1)],
    )


def tick() -> Comparison:
    """One that finds everything right."""
    platform = platform_of(TICKED_JOBS)
    return Comparison(
        ways=[
            Way(
                name=f"a tick at {TICKED_JOBS} jobs, nothing to do",
                act=lambda: _seconds(lambda: _tick(platform)),
                cost=lambda: _cost(lambda: _tick(platform), _memory_of_a_tick()),
                must=6.0,
                must_calls=(12, 0),
            )
        ]
    )


def _tick(platform: Platform) -> None:
    platform.ask(ReconcileRequest())


def _memory_of_a_tick() -> float:
    """MiB that a process takes at most which does nothing else."""
    return float(_said([PYTHON, "-m", "bench.holds"]))


def _said(words: list[str]) -> str:
    return subprocess.run(words, env=os.environ, check=True, capture_output=True, text=True).stdout


def _cost(act: Callable[[], object], peak: float | None = None) -> Cost:
    api("DELETE", "/_local/requests")
    act()
    return cost_of(api("GET", "/_local/requests")["methods"], peak)


def _seconds(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


if __name__ == "__main__":
    _tick(platform_of(TICKED_JOBS, made=True))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB)
