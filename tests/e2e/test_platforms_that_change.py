"""Platforms that come, are renamed and hand jobs over while something is on: nobody's jobs are touched, and nothing is lost."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import SMALL
from tests.e2e.deployment import NO_CHANGES, Deployment
from tests.e2e.live import Live
from tests.e2e.test_platforms import BETA, OF_JOBS, deploy, flags_of, job_writes, states

THREE = Path(__file__).parent / "three"
SMALL_FILE = SMALL / "small" / "small.yaml"


def catalog(root: Path, **folders: Path) -> Path:
    """A catalog of these folders, each with one file; `_` stands for `-` in a name."""
    shutil.rmtree(root, ignore_errors=True)
    for name, file in folders.items():
        folder = root / name.replace("_", "-")
        folder.mkdir(parents=True)
        shutil.copy(file, folder)
    return root


def closed_commons(folder: Path) -> Path:
    """The folder without jobs, whose window of all jobs is not open today, nor tomorrow."""
    text, at = (THREE / "commons" / "commons.yaml").read_text(), "0 8 1 * *"
    assert at in text
    (file := folder / "commons.yaml").write_text(text.replace(at, f"0 8 {(datetime.now(UTC) + timedelta(days=14)).day} * *"))
    return file


def test_a_platform_comes_and_one_is_renamed_while_a_backfill_of_a_folder_without_jobs_is_on(
    nothing: Deployment, tmp_path: Path
) -> None:
    cloud, root = nothing, tmp_path / "catalog"
    environ, commons = {"INTERLOCK_CATALOG": str(root)}, closed_commons(tmp_path)
    deploy(cloud, catalog(root, small=SMALL_FILE, beta=BETA, commons=commons))
    assert states(cloud) == {"schedules-beta": 2, "schedules-commons": 0, "schedules-small": 6}
    cloud.interlock("backfill", "on", "every-book", "--reason", "why", "--owner", "me", **environ).succeeded()
    assert cloud.paused() == {"gamebooks", "gamebooks-late", "gamebooks-summer", "amendments", "orders"}
    before, paused, [flag] = job_writes(cloud), cloud.paused(), flags_of(cloud)

    catalog(root, small=SMALL_FILE, beta=BETA, commons=commons, all_paused=THREE / "all-paused" / "jobs.yaml")
    deploy(cloud, root)  # the new one is the first by its name
    assert job_writes(cloud) - before == Counter({f"{OF_JOBS}create": 1, f"{OF_JOBS}pause": 1})

    before = job_writes(cloud)
    catalog(root, small=SMALL_FILE, gamma=BETA, commons=commons, all_paused=THREE / "all-paused" / "jobs.yaml")
    said = deploy(cloud, root)
    assert "forget amendments, orders" in said
    assert "have to import" not in said, "Terraform's words for what is done already"
    assert states(cloud)["schedules-gamma"] == 2
    assert (cloud.paused(), flags_of(cloud)) == ({*paused, "old-books"}, [flag])
    assert (cloud.content(flag)["reason"], cloud.content(flag)["owner"]) == ("why", "me")
    assert cloud.interlock("plan", **environ).code == NO_CHANGES
    assert job_writes(cloud) == before

    cloud.interlock("backfill", "off", "every-book", **environ).succeeded()
    assert (cloud.paused(), flags_of(cloud)) == ({"gamebooks-summer", "old-books"}, [])


@pytest.mark.long
def test_jobs_change_places_under_a_hold_while_the_coordinator_looks_and_their_missed_runs_are_caught_up(
    nothing: Deployment, tmp_path: Path
) -> None:
    cloud, live, root = nothing, Live(deployment=nothing), tmp_path / "catalog"
    environ = {"INTERLOCK_CATALOG": str(root)}
    deploy(cloud, catalog(root, small=SMALL_FILE, beta=BETA))
    for job in ("odds", "orders"):
        cloud.interlock("hold", f"job/{job}", "--reason", "r", "--for", "2h", "--yes", **environ).succeeded()
    held, paused = {name for name in live.ledger() if "/held/" in name}, cloud.paused()
    assert len(held) == 2
    exchange(root, ("small", "odds"), ("beta", "orders"))
    before, done = job_writes(cloud), threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            live.reconcile()

    looking = threading.Thread(target=look)
    looking.start()
    deploy(cloud, root)
    done.set()
    looking.join()
    assert live.reconcile().status == 200
    assert (job_writes(cloud), cloud.paused()) == (before, paused)
    assert held <= {*live.ledger()}, "what they have missed is not forgotten"
    assert deploy(cloud, root).count("nothing to do") == 4
    assert live.log("paused_without_hold", "enabled_while_held", "action_failed", "reconcile_failed") == []


def exchange(root: Path, one: tuple[str, str], other: tuple[str, str]) -> None:
    """Two jobs change folders, each as it was: by what its folder's file defaults to, and with names of that folder."""
    files = {platform: next((root / platform).glob("*.yaml")) for platform, _ in (one, other)}
    read = {platform: yaml.safe_load(file.read_text(encoding="utf-8")) for platform, file in files.items()}
    for (platform, job), (to, _) in ((one, other), (other, one)):
        moved = read[platform]["defaults"] | read[platform]["jobs"].pop(job)
        moved["retry"] = f"{platform}/{moved['retry']}"
        moved["target"]["service"] = f"{platform}/{moved['target']['service']}"
        moved["runs"] = [f"{platform}/{name}" for name in moved["runs"]]
        read[to]["jobs"][job] = moved
    for platform, file in files.items():
        file.write_text(yaml.safe_dump(read[platform], sort_keys=False), encoding="utf-8")
