"""Runs the state machine: always the same few hundred runs; `make exhaustive` with fresh ones and many more."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import HypothesisException
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.stateful import get_state_machine_test

from tests.model.machine import Model
from tests.model.planning import Planning
from tests.model.terraform import first_declaration
from tests.model.world import DECLARATION, TabledCron, quickly, with_tables


class Whole(Model):
    """As the deployed coordinator has it once its right counts."""

    lists_all = True


SHARDS = 8
"""For pytest-xdist; each begins from a seed of its own."""
FIRST_SEED = int(os.environ.get("INTERLOCK_MODEL_SEED", "0"))
RUNS = int(os.environ.get("INTERLOCK_MODEL_RUNS", "400"))
STEPS = int(os.environ.get("INTERLOCK_MODEL_STEPS", "25"))
"""Of a run, at most."""


@contextmanager
def the_same_draws() -> Iterator[None]:
    """Has a seed make the same runs whatever else was imported: Hypothesis sometimes draws constants that it finds in the code
    of all modules that are loaded, so that a run alone and one among other tests would differ (seen with 6.170)."""
    drawn = HypothesisProvider._maybe_draw_constant
    HypothesisProvider._maybe_draw_constant = lambda *_, **__: None
    try:
        yield
    finally:
        HypothesisProvider._maybe_draw_constant = drawn


class Found(BaseException):
    """Ends all runs: Hypothesis would go through the one that failed again."""


def run(seed_number: int, runs: int, *, until_found: bool = False, steps: int = STEPS, model: type[Model] = Model) -> None:
    """So many runs of the model from a seed: the same ones every time. With `until_found` what goes wrong first is the cause of
    Found; else Hypothesis says it, with the fewest steps to it."""
    phases = [Phase.generate] if until_found else [Phase.generate, Phase.shrink]
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    machine = type("Model", (model,), {})  # a class of its own: the seed is an attribute
    test = get_state_machine_test(seed(seed_number)(machine), settings=chosen)
    inner = test.hypothesis.inner_test

    def stops(*arguments: object, **more: object) -> None:
        try:
            inner(*arguments, **more)
        except HypothesisException:  # as that it has drawn enough
            raise
        except Exception as wrong:
            raise Found from wrong

    if until_found:
        test.hypothesis.inner_test = stops
    with quickly(), the_same_draws():
        test()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_sequence_of_mishaps_breaks_an_invariant(shard: int) -> None:
    run(FIRST_SEED + shard, RUNS // SHARDS)


@pytest.mark.parametrize("shard", range(4))
def test_nor_does_one_where_the_bucket_is_listed_as_a_whole(shard: int) -> None:
    run(FIRST_SEED + shard, RUNS // SHARDS, model=Whole)


@pytest.mark.parametrize("shard", range(2))
def test_nor_does_one_in_which_backfills_are_planned(shard: int) -> None:
    run(FIRST_SEED + shard, RUNS // SHARDS, model=Planning)


def test_the_model_looks_up_when_schedules_fire() -> None:
    """Evaluated each time, they take half of its time."""
    declared = with_tables(json.dumps(first_declaration()).encode(), DECLARATION)
    timed = [*declared.jobs.values(), *declared.windows.values()]
    assert {type(entry.schedule) for entry in timed} == {TabledCron}
