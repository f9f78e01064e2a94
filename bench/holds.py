"""The coordinator's hold of 200 jobs beside a client that pauses as many at once, and its tick at 5,000 jobs.

The coordinator's own code, in this process, over Google's clients against the stand-in; jobs and declaration are made up. It is
there before it is asked, and a client that somebody types is not: beside that, with its start, the limit of 1.2 x was set.
Beside the calls alone of a client that has started it is the harder look, and has none: for each pause a mark is written, too,
so that whatever dies in between no missed run is forgotten, and where an answer takes no time that is as much again. Where it
takes what it does over a network, marks and pauses are under way side by side.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from bench.measure import PROJECT, PYTHON, WORKERS, api, timed
from bench.reconcile import HELD_JOBS, Platform, platform_of
from bench.table import Comparison, Cost, Way
from bench.ways import cost_of
from interlock.board.keeping import Shelf, keep
from interlock.gcp.shelf import GoogleShelf
from interlock.runtime.requests import ReconcileRequest

TICKED_JOBS = 5_000
FAR = "50ms"
"""An answer over a network, made up."""
MIB = 1024 if sys.platform == "linux" else 1024**2
"""What a MiB is in the unit of ru_maxrss: getrusage(2)."""


def hold() -> Comparison:
    """From the request to all jobs paused, beside a client as one types it, which has to start."""
    return _held("by a client as typed", timed, costs=True, must=1.2, goal=1.1)


def hold_started() -> Comparison:
    """The same beside the calls of a client that has started."""
    return _held("by a client that has started", _calls)


def hold_far() -> Comparison:
    """The same where each answer takes `FAR`."""
    return _held(f"by a started client, {FAR} an answer", _calls)


def _held(
    whom: str,
    by_hand: Callable[[list[str]], float],
    *,
    costs: bool = False,
    must: float | None = None,
    goal: float | None = None,
) -> Comparison:
    platform = platform_of(HELD_JOBS)

    def and_back(undo: Callable[[], object], act: Callable[[], float]) -> float:
        seconds = act()
        undo()
        return seconds

    def cost_and_back(undo: Callable[[], object], act: Callable[[], object]) -> Cost:
        cost = _cost(act)
        undo()
        return cost

    pause, resume = platform.client("pause", HELD_JOBS), partial(timed, platform.client("resume", HELD_JOBS))
    return Comparison(
        floor=Way(
            name=f"{HELD_JOBS} pauses {whom}, {WORKERS} threads",
            act=lambda: and_back(resume, lambda: by_hand(pause)),
            cost=(lambda: cost_and_back(resume, lambda: by_hand(pause))) if costs else None,
        ),
        ways=[
            Way(
                name=f"a hold of {HELD_JOBS} jobs",
                act=lambda: and_back(platform.release, lambda: _seconds(platform.hold)),
                cost=(lambda: cost_and_back(platform.release, platform.hold)) if costs else None,
                must=must,
                goal=goal,
            )
        ],
    )


def tick() -> Comparison:
    """One that finds everything right, and the board with it. What is counted is a later one of an instance: its first reads
    each platform's declaration, too, once."""
    platform = platform_of(TICKED_JOBS)
    tick = partial(_tick, platform, _shelf(platform))

    def later() -> Cost:
        peak = _memory_of_a_tick()
        tick()
        return _cost(tick, peak)

    return Comparison(
        ways=[
            Way(
                name=f"a tick at {TICKED_JOBS} jobs, nothing to do",
                act=lambda: _seconds(tick),
                cost=later,
                must=6.0,
                must_calls=(12, 0),
            )
        ]
    )


def _tick(platform: Platform, shelf: Shelf) -> None:
    keep(shelf, platform.ask(ReconcileRequest()), PROJECT)


def _shelf(platform: Platform) -> Shelf:
    return GoogleShelf(PROJECT, platform.bucket)


def _memory_of_a_tick() -> float:
    """MiB that a process takes at most which does nothing else."""
    return float(_said([PYTHON, "-m", "bench.holds"]))


def _calls(words: list[str]) -> float:
    """The seconds that a client says of its calls."""
    return float(_said(words))


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
    there = platform_of(TICKED_JOBS, made=True)
    _tick(there, _shelf(there))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB)
