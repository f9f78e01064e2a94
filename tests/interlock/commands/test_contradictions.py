"""Two moments at which the commands once contradicted one another: a window that is open before the coordinator has looked,
and a release that died half way. Against the emulator, with its clock set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from interlock.terminal.operating import request
from interlock.terminal.site import look
from tests.interlock.commands.conftest import ENVIRONMENT, Cloud, Run, loaded, parsed

OPEN = "2026-03-10T08:03:00Z"
"""Three minutes into the window `tuesdays`, on a Tuesday."""
LATE = "2026-03-10T08:12:00Z"
OBJECT = "holds/window/tuesdays/20260310T080000Z@2026-03-10T10:00:00Z.json"
TOMBSTONE = f"ledger/released/{OBJECT.removeprefix('holds/')}"
COVERED = ["gamebook-scraper", "line-scraper", "morning-catch-up", "repair"]
"""By the window; morning-catch-up is paused by declaration too."""
AWAKE = [job for job in COVERED if job != "morning-catch-up"]
Here = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def here(run: Run, cloud: Cloud, root: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """Runs a command where the small catalog is deployed, as the window opens."""
    cloud.declare(loaded(root))
    cloud.at(OPEN)
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", cloud.url)

    def call(*arguments: str) -> CompletedProcess[str]:
        return run(*arguments, INTERLOCK_LOCAL_URL=cloud.url, TZ="Etc/UTC", INTERLOCK_OWNER="ana")

    return call


def held_by_all_accounts(here: Here) -> dict[str, list[str]]:
    """The jobs that each command says the window holds."""
    holds = parsed(here("holds", "--format", "json"))["holds"]
    status = parsed(here("status", "--format", "json"))["jobs"]
    why = {job["name"]: parsed(here("why", job["name"], "--format", "json"))["jobs"][0] for job in status}
    day = parsed(here("timeline", "--day", "2026-03-10", "--zone", "Etc/UTC", "--env", "local", "--format", "json"))
    return {
        "holds": sorted(job for hold in holds for job in hold["jobs"]),
        "status": [job["name"] for job in status if job["held_by"]],
        "why": [name for name, said in why.items() if said["held_by"]],
        "timeline": sorted(
            {job["name"] for job in day["jobs"] for fire in job["fires"] if "window/tuesdays" in fire["held_by"]}
        ),
    }


def reconcile() -> None:
    assert request(look(ENVIRONMENT), {"action": "reconcile"}, direct=True, with_force=False)


def states(cloud: Cloud) -> dict[str, str]:
    return {job: cloud.state(job) for job in AWAKE}


def test_a_window_that_is_open_holds_its_jobs_before_the_coordinator_has_looked(here: Here, cloud: Cloud) -> None:
    said = held_by_all_accounts(here)
    assert {command: jobs for command, jobs in said.items() if command != "timeline"} == dict.fromkeys(
        ("holds", "status", "why"), COVERED
    )
    assert set(said["timeline"]) == set(AWAKE)  # of the others no run falls into the window
    done = here("status")
    assert (done.returncode, states(cloud)) == (0, dict.fromkeys(AWAKE, "ENABLED"))  # it pauses them within a tick
    assert "window/tuesdays" in done.stdout
    cloud.at(LATE)
    assert here("status").returncode == 1  # it should have
    reconcile()
    assert here("status").returncode == 0
    assert states(cloud) == dict.fromkeys(AWAKE, "PAUSED")
    assert held_by_all_accounts(here) == said


def test_an_opening_can_be_released_as_printed_before_the_coordinator_has_looked(here: Here, cloud: Cloud) -> None:
    [hold] = parsed(here("holds", "--format", "json"))["holds"]
    words = hold["end_with"].split()
    assert words[-3:] == ["release", "window/tuesdays", "20260310T080000Z"]
    done = here(*words[-3:], "--direct")
    assert done.returncode == 0, done.stderr
    assert (cloud.objects("holds/"), cloud.objects("ledger/released/")) == ([], [TOMBSTONE])
    assert not any(held_by_all_accounts(here).values())
    assert states(cloud) == dict.fromkeys(AWAKE, "ENABLED")


def test_an_opening_can_be_extended_before_the_coordinator_has_looked(here: Here, cloud: Cloud) -> None:
    done = here("extend", "window/tuesdays", "--until", "12:00", "--direct")
    assert done.returncode == 0, done.stderr
    assert cloud.objects("holds/") == ["holds/window/tuesdays/20260310T080000Z@2026-03-10T12:00:00Z.json"]
    assert states(cloud) == dict.fromkeys(AWAKE, "PAUSED")


def test_after_a_release_that_died_half_way_all_say_that_nothing_holds_and_the_next_look_resumes(
    here: Here, cloud: Cloud
) -> None:
    reconcile()
    assert states(cloud) == dict.fromkeys(AWAKE, "PAUSED")
    cloud.hold(TOMBSTONE, "{}")  # and the object is still there
    assert cloud.objects("holds/") == [OBJECT]
    assert not any(held_by_all_accounts(here).values())
    status = parsed(here("status", "--format", "json"))
    drifted = {job["name"]: job["drift"] for job in status["jobs"] if job["drift"]}
    assert drifted == {job: ["PAUSED, should be ENABLED"] for job in AWAKE}
    assert here("why", "line-scraper").stdout.startswith("line-scraper now: runs (PAUSED)")
    reconcile()
    assert states(cloud) == dict.fromkeys(AWAKE, "ENABLED")
    assert (cloud.objects("holds/"), here("status").returncode) == ([], 0)
