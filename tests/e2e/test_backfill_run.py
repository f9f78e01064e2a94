"""A backfill with its command and one at a time, by the deployed coordinator: with a deploy meanwhile, and with it killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.e2e.deployment import local_environment, start
from tests.e2e.live import OPERATOR, TICK, Live, utc, written

NOON = utc("2027-03-10 12:02")  # Terraform goes by a clock that nobody sets, and what has ended by it holds nothing
MINUTE = timedelta(minutes=1)
PATIENCE_SECONDS = 60
TOKEN = "GOOGLE_OAUTH_ACCESS_TOKEN"
UNTIL_DONE = "touch begun; while ! test -e done; do sleep 0.05; done"
INTERLOCK = str(Path(sys.prefix) / "bin" / "interlock")
Begin = Callable[..., "subprocess.Popen[str]"]


def wait(what: Callable[[], object]) -> None:
    """Until it is so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.fixture
def noon(live: Live, tmp_path: Path) -> Live:
    """The cloud at noon; commands act as an operator, who has no right to deploy."""
    live.stand_at(NOON)
    assert live.reconcile().status == 200
    live.deployment.environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    return live


@pytest.fixture
def operator(noon: Live) -> dict[str, str]:
    """The environment of one."""
    return noon.deployment.environ | {TOKEN: f"local:{local_environment().account(OPERATOR)}"}


@pytest.fixture
def begin(noon: Live, operator: dict[str, str], tmp_path: Path) -> Iterator[Begin]:
    """Begins a run of the backfill `books` as an operator."""
    begun: list[subprocess.Popen[str]] = []

    def call(script: str, *options: str) -> subprocess.Popen[str]:
        words = [INTERLOCK, "backfill", "run", "books", *options, "--", "sh", "-c", f"cd {tmp_path}; {script}"]
        begun.append(start(words, noon.deployment.folder, operator))
        return begun[-1]

    yield call
    (tmp_path / "done").touch()
    for process in begun:
        process.kill()
        process.wait()


def covered(noon: Live) -> set[str]:
    """What is paused beside what was before."""
    return noon.paused() - {"gamebooks-summer"}


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, " ".join(said.split())


def test_a_deploy_meanwhile_keeps_it_and_at_its_end_runs_are_made_up_for(noon: Live, begin: Begin, tmp_path: Path) -> None:
    process = begin(UNTIL_DONE)
    wait((tmp_path / "begun").exists)
    [name] = noon.holds()
    assert noon.deployment.content(name)["asked_by"] == local_environment().account(OPERATOR)
    held = covered(noon)
    assert held
    assert noon.deployment.plan().changes == {}, "a plan of a colleague changes nothing"
    noon.deployment.apply().succeeded()
    assert covered(noon) == held
    noon.go_on(timedelta(hours=1, minutes=30))  # with every tick and fire
    wait(lambda: noon.holds() != [name])
    assert covered(noon) == held
    (tmp_path / "done").touch()
    code, said = ended(process)
    assert code == 0, said
    assert covered(noon) == set()
    assert noon.holds() == []
    noon.go_on(2 * TICK)
    assert {line["job"] for line in noon.log("run_caught_up")} <= held
    assert noon.log("run_caught_up")
    assert noon.log("backfill_failed") == []


def test_with_its_coordinator_killed_it_goes_on(noon: Live, begin: Begin, tmp_path: Path) -> None:
    process = begin(UNTIL_DONE)
    wait((tmp_path / "begun").exists)
    for group in noon.coordinator_processes():
        os.killpg(group, signal.SIGKILL)
    noon.stand_at(NOON + timedelta(hours=2))
    wait(lambda: _ends_after(noon, 6))
    (tmp_path / "done").touch()
    assert ended(process)[0] == 0
    assert covered(noon) == set()


def _ends_after(noon: Live, hours: int) -> bool:
    return max(name.rpartition("@")[2] for name in noon.holds()) >= written(NOON + timedelta(hours=hours))


def test_its_failure_opens_an_incident_that_closes_when_somebody_ends_it(
    noon: Live, begin: Begin, operator: dict[str, str]
) -> None:
    code, said = ended(begin("exit 3"))
    assert code == 3, said
    noon.go_on(2 * TICK)
    noon.evaluate()
    incidents = [found["policy_user_labels"].get("runbook") for found in noon.incidents()]
    assert "backfill-failed" in incidents
    off = noon.deployment.interlock("backfill", "off", "books", **operator)
    assert off.code == 0, off.raw
    assert "books is off: no flag was there, so nothing is deployed." in off.text
    assert covered(noon) == set()
    assert noon.holds() == []


def test_an_operator_plans_one_which_begins_at_its_time_and_ends_by_itself(noon: Live, operator: dict[str, str]) -> None:
    at = NOON + timedelta(minutes=44)
    words = ("backfill", "on", "books", "--at", written(at), "--for", "1h")
    planned = noon.deployment.interlock(*words, **operator)
    assert planned.code == 0, planned.raw
    assert noon.deployment.plan().changes == {}
    noon.go_to(at - MINUTE)
    assert covered(noon) == set()
    noon.go_to(at + TICK)
    held = covered(noon)
    assert held
    assert noon.deployment.plan().changes == {}
    noon.go_to(at + timedelta(hours=1) + 2 * TICK)
    assert covered(noon) == set()
    assert noon.holds() == []
    assert [name for name in noon.ledger() if "planned" in name] == []
