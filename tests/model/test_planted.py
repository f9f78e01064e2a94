"""The model finds every planted bug, with the seed that the table names; `pytest -s` prints in how many steps."""

from __future__ import annotations

import pytest

from tests.model.bugs import BUGS
from tests.model.machine import Model
from tests.model.plant import Bug
from tests.model.test_model import Found, run

RUNS = 50


def find(bug: Bug, seed: int, runs: int = RUNS) -> BaseException | None:
    """What the model says of the bug, if it finds it."""
    with bug.planted():
        try:
            run(seed, runs, until_found=True)
        except Found as found:
            return found.__cause__
    return None


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    Model.steps = 0
    violation = find(bug, bug.seed)
    assert violation is not None, f"{bug.name}: {RUNS} runs from seed {bug.seed} found nothing"
    print(f"{bug.name}: seed {bug.seed}, {Model.steps} steps: {str(violation).splitlines()[0]}")


def test_there_are_enough_of_them_and_each_is_its_own() -> None:
    assert len({(bug.where, bug.was, bug.becomes) for bug in BUGS}) == len({bug.name for bug in BUGS}) == len(BUGS) >= 20
