"""Looks for the seed that finds each planted bug soonest: `python -m tests.model.search [words of a name]`."""

from __future__ import annotations

import sys

from tests.model.bugs import BUGS
from tests.model.machine import Model
from tests.model.plant import Bug
from tests.model.test_planted import RUNS, find

SEEDS = 12


def search(bug: Bug) -> str:
    """The seed that needs the fewest steps, and how many, for people."""
    found = []
    for seed in range(SEEDS):
        Model.steps = 0
        if find(bug, seed) is not None:
            found.append((Model.steps, seed))
        if found and min(found)[0] < 30 * (seed + 1):
            break
    return f"{min(found)[1]} in {min(found)[0]} steps" if found else f"none of {SEEDS} seeds with {RUNS} runs each"


if __name__ == "__main__":
    for one in BUGS:
        if " ".join(sys.argv[1:]) in one.name:
            print(f"{one.name}: {search(one)}", flush=True)
