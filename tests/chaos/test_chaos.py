"""The chaos run in short, and that it finds what is wrong: planted in the instances' source, and in what the truth is shown."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.emulator import guest
from tests import forked
from tests.chaos.cloud import serve
from tests.chaos.month import HOUR, START, Month
from tests.chaos.people import Pace
from tests.chaos.truth import State, Truth
from tests.e2e.conftest import DAY, shared
from tests.e2e.live import written

HOURS, BUSY = 3, 10
LONGEST_SECONDS = 1200
"""So long that a busy machine gets through all hours, too."""
SEED = 7
FINDS = 12
"""The first seed where something is planted: one that finds each soon."""


def month(
    tmp_path: Path, factory: pytest.TempPathFactory, planted: Callable[[Path], None] = lambda _: None, seed: int = SEED
) -> Month:
    """Some hours, in which as much happens as else in days."""
    folder = tmp_path / f"day-{seed}"
    shutil.copytree(shared("day", DAY, factory), folder, symlinks=True)
    with ExitStack() as stack:
        if forked.SAFE:
            stack.enter_context(pytest.MonkeyPatch.context()).setattr(guest, "subprocess", forked.LIKE_SUBPROCESS)
        cloud = stack.enter_context(serve(folder, seed=seed, planted=planted))
        cloud.fleet.certain = [(":run", "unanswered")]
        cloud.live.deployment.environ["INTERLOCK_CATALOG"] = str(DAY)
        found = Month(
            cloud=cloud,
            seed=seed,
            length=timedelta(hours=HOURS),
            pace=replace(Pace().times(BUSY), look=1),
            until=time.monotonic() + LONGEST_SECONDS,
        )
        cloud.emulator.runtime.clock.set(START)
        held = {"action": "hold", "scope": "service/scrapers", "until": written(START + 1.1 * HOUR), "id": "first"}
        found.people.ask(held | {"reason": "so that runs are missed", "owner": "tests"})
        found.run()
    return found


def test_hours_in_which_everything_fails_leave_nothing_wrong(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    found = month(tmp_path, tmp_path_factory)
    assert found.truth.violations == []
    assert found.fleet.counts["faults"] > 0
    assert found.truth.counts["settled looks"] > 0
    assert found.truth.counts["made up"] > 0
    assert found.counts["left to a person"] > 0, "a run of which nobody knows whether it was made"
    assert "violations          0" in [*found.figures()]


@pytest.mark.parametrize(
    ("file", "was", "becomes", "said"),
    [
        pytest.param("steps.py", "if held_by or job.paused:", "if held_by:", "by declaration, and runs", id="a pause is lost"),
        pytest.param("steps.py", "elif hold.end <= over:", "elif False:", "has ended, and is left", id="holds stay"),
        pytest.param("alarms.py", "yield from _ending(", "raise KeyError(", "a stack trace in the log", id="it crashes"),
        pytest.param("catchup_runs.py", "unanswered=False", "unanswered=True", "made up twice", id="a run is asked for again"),
    ],
)
def test_what_is_planted_in_an_instance_is_found(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, file: str, was: str, becomes: str, said: str
) -> None:
    def plant(folder: Path) -> None:
        source = folder / "interlock" / "runtime" / file
        text = source.read_text(encoding="utf-8")
        assert text.count(was) == 1
        source.write_text(text.replace(was, becomes), encoding="utf-8")

    # Who is killed and frozen goes by the seed, which thread is first does not: other hours find what some let pass.
    seen = list[str]()
    for seed in range(FINDS, FINDS + 5):
        seen += month(tmp_path, tmp_path_factory, plant, seed).truth.violations
        if any(said in violation for violation in seen):
            return
    pytest.fail(f"not found: {seen}")


NOON = datetime(2026, 3, 10, 12, 1, tzinfo=UTC)
SAID = {
    "jobs": {
        "hourly": {"schedule": "0 * * * *", "time_zone": "Etc/UTC", "paused": False, "catch_up": "latest"},
        "off": {"schedule": "0 * * * *", "time_zone": "Etc/UTC", "paused": True, "catch_up": "latest"},
    },
    "scopes": {"job/hourly": ["hourly"], "job/off": ["off"]},
    "windows": {"noon": {"schedule": "0 12 * * *", "time_zone": "Etc/UTC", "duration_s": 3600}},
}
OPEN = "holds/window/noon/20260310T120000Z@2026-03-10T13:00:00Z.json"
HELD = "holds/job/hourly/x@2026-03-10T14:00:00Z.json"
ENDED = "holds/job/hourly/x@2026-03-10T11:00:00Z.json"
MARK = "ledger/held/hourly.json"


def state(*names: str, hourly: str = "ENABLED", off: str = "PAUSED", at: datetime = NOON) -> State:
    """With these objects and states."""
    objects = dict.fromkeys(names, (1, b"{}")) | {"declaration/current.json": (1, json.dumps(SAID).encode())}
    return State(now=at, objects=objects, jobs={"hourly": hourly, "off": off})


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        pytest.param(state(OPEN), None, id="all is well"),
        pytest.param(state(OPEN, HELD, MARK, hourly="PAUSED"), None, id="a held job is paused"),
        pytest.param(state(OPEN, HELD, MARK), "hourly is held, and runs", id="a held job runs"),
        pytest.param(state(OPEN, hourly="PAUSED"), "hourly is paused, and nothing holds it", id="a job is paused for nothing"),
        pytest.param(state(OPEN, off="ENABLED"), "off is paused by declaration, and runs", id="a declared pause is lost"),
        pytest.param(state(OPEN, ENDED), "11:00:00Z.json has ended, and is left", id="an ended hold stays"),
        pytest.param(state(), "window/noon is open until", id="a window is not opened"),
        pytest.param(
            state(HELD, at=datetime(2026, 3, 10, 14, tzinfo=UTC) - timedelta(seconds=3)), None, id="at the end by a clock"
        ),
    ],
)
def test_a_settled_state_is_held_against_the_bucket(shown: State, wrong: str | None) -> None:
    truth = Truth(began=shown.now)
    truth.settled(shown)
    assert [wrong in violation for violation in truth.violations] == [True] * len(truth.violations) if wrong else True
    assert len(truth.violations) == (wrong is not None), truth.violations


def hours(*tried: float) -> Truth:
    """From noon on a job has attempts, each so many hours later, and six hours go by."""
    truth = Truth(began=NOON - timedelta(minutes=1))
    truth.attempts(SAID, [("hourly", NOON - timedelta(minutes=1) + at * HOUR) for at in tried], NOON + 5.5 * HOUR)
    return truth


@pytest.mark.parametrize(
    ("tried", "made_up", "wrong"),
    [
        pytest.param((1, 2, 3, 4, 5), 0, 0, id="on schedule"),
        pytest.param((1, 3.5, 4, 5), 1, 0, id="two missed are made up for by one"),
        pytest.param((1, 2.5, 3.5, 4, 5), 2, 0, id="each missed is made up for by one"),
        pytest.param((1, 3.5, 3.6, 4, 5), 1, 1, id="made up for twice"),
        pytest.param((1, 2, 2.5, 3, 4, 5), 0, 1, id="made up for though nothing was missed"),
    ],
)
def test_a_run_that_is_made_up_for_needs_one_that_was_missed(tried: tuple[float, ...], made_up: int, wrong: int) -> None:
    truth = hours(*tried)
    assert truth.counts["made up"] == made_up
    assert len(truth.violations) == wrong


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        pytest.param((), 1, id="nobody knows"),
        pytest.param((MARK,), 0, id="the ledger knows"),
        pytest.param(("ledger/claims/hourly@2026-03-10T12:00:00Z.7.json",), 0, id="a person is told"),
    ],
)
def test_a_missed_run_is_made_up_for_or_known(names: tuple[str, ...], wrong: int) -> None:
    truth = hours(1, 2, 3)
    truth.settled(state(*names, at=NOON + 5.5 * HOUR))
    assert len(truth.violations) == wrong, truth.violations


def test_a_job_that_was_seen_paused_does_not_fire_before_its_hold_ends() -> None:
    truth = Truth(began=NOON)
    truth.settled(state(OPEN, HELD, MARK, hourly="PAUSED"))
    truth.attempts(SAID, [("hourly", NOON + timedelta(minutes=59))], NOON + HOUR)
    assert ["hourly fires, though it is held" in violation for violation in truth.violations] == [True]
    loose = Truth(began=NOON)
    loose.settled(state(OPEN, HELD, MARK, hourly="PAUSED"))
    loose.let_go()
    loose.attempts(SAID, [("hourly", NOON + timedelta(minutes=59))], NOON + HOUR)
    assert loose.violations == []


def test_what_nobody_owns_is_left_over() -> None:
    truth = Truth(began=NOON)
    truth.left_over(state("ledger/drift/2026-03-10.00000000.json"))
    assert truth.violations == []
    truth.left_over(state(HELD))
    assert len(truth.violations) == 1
