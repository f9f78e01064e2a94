"""The commands about zone data: which are in use, the record of them, and what a review says when it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from interlock import zones
from interlock.commands import main
from interlock.zones import names, release
from tests.interlock.commands.conftest import Cloud, Run
from tests.interlock.commands.test_review import AT, Repository

RECORD = "clocks.json"
COMMAND = ".venv/bin/interlock validate --clocks"


def of_another_release(path: Path) -> None:
    """As if the record had been written under an older one, by which Los Angeles had no summer time from November 2026 on."""
    record = json.loads(path.read_text(encoding="utf-8"))
    offsets = record["minutes_ahead_of_utc"]["America/Los_Angeles"]
    record["minutes_ahead_of_utc"]["America/Los_Angeles"] = {at: by for at, by in offsets.items() if at < "2026-12"}
    path.write_text(json.dumps({**record, "zone_data": "2025z"}, indent=2) + "\n", encoding="utf-8")


def write_record(folder: Path) -> None:
    assert CliRunner().invoke(main, ["validate", "--clocks", "--catalog", str(folder / "catalog")]).exit_code == 0


@pytest.fixture
def other_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is installed is not what is locked."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/requirements.txt").write_text("tzdata==2031.2\n", encoding="utf-8")
    monkeypatch.setattr(zones, "ROOT", tmp_path / "locks")
    release.cache_clear()
    names.cache_clear()
    yield
    release.cache_clear()
    names.cache_clear()


def test_the_version_says_which_zone_data_are_in_use(run: Run) -> None:
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout == f"interlock, version 0.1.0, zone data {release()}\n"


def test_status_says_which_zone_data_are_in_use(run: Run, cloud: Cloud) -> None:
    assert f"\nzone data {release()}\n" in run("status", INTERLOCK_LOCAL_URL=cloud.url).stderr
    assert json.loads(run("status", "--format", "json", INTERLOCK_LOCAL_URL=cloud.url).stdout)["zone_data"] == release()


@pytest.mark.usefixtures("other_lock")
@pytest.mark.parametrize("words", [["validate"], ["--version"], ["fires", "fetch"], ["timeline"]])
def test_other_zone_data_than_the_locked_ones_are_refused_with_the_next_command(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert "is installed, and 2031.2 is locked; run: " in done.stderr
    assert done.stderr.endswith(" -m pip install tzdata==2031.2\n")
    assert "Traceback" not in done.stderr


def test_a_catalog_without_a_record_is_told_how_to_have_one(run: Run, root: Path) -> None:
    done = run("validate", "--catalog", str(root))
    assert done.returncode == 0
    assert "No clocks.json: " in done.stderr
    assert done.stderr.endswith(f"\n  {COMMAND} --catalog {root}\n")


def test_the_record_is_written_and_then_nothing_is_said_of_it(run: Run, root: Path) -> None:
    written = run("validate", "--clocks")
    assert (written.returncode, f"clocks.json has 2 zones by zone data {release()}\n" in written.stdout) == (0, True)
    before = (root / RECORD).read_bytes()
    assert "as before" in run("validate", "--clocks").stdout
    assert (root / RECORD).read_bytes() == before
    done = run("validate")
    assert "clocks.json" not in done.stdout + done.stderr


def test_new_zone_data_with_an_old_record_are_a_finding_with_the_command_that_mends_it(run: Run, root: Path) -> None:
    """As on a pull request that raises the version of tzdata in the locks, and nothing else."""
    run("validate", "--clocks")
    of_another_release(root / RECORD)
    done = run("validate")
    assert done.returncode == 1
    assert done.stdout.startswith(
        f"{root}/clocks.json:3: clocks: clocks.zone_data: the record was written with zone data 2025z, and {release()} are in "
        f"use; write it anew: {COMMAND}\n"
    )
    assert run("validate", "--clocks").returncode == 0
    assert run("validate").returncode == 0


@pytest.mark.parametrize("text", ["<<<<<<< HEAD\n", "", "{}"])
def test_a_record_that_is_broken_says_where_and_can_be_written_anew(run: Run, root: Path, text: str) -> None:
    (root / RECORD).write_text(text, encoding="utf-8")
    broken = run("validate")
    assert (broken.returncode, "clocks.json:" in broken.stderr) == (2, True)
    assert run("validate", "--clocks").returncode == 0


def test_a_review_says_what_new_zone_data_move(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    record = tmp_path / "catalog" / RECORD
    write_record(tmp_path)
    of_another_release(record)
    repository.commit("under the release before")
    write_record(tmp_path)
    done = repository.review("--base", "main", "--at", AT)
    assert done.returncode == 1
    assert "! zone data: America/Los_Angeles: " in done.stdout
    said = " ".join(done.stdout.split())
    assert "has summer time (UTC-7) from March 2027 to November 2027" in said
    assert f"{release()}, unlike 2025z: 1 job fires 1h earlier in UTC, first on 2027-03-14: nightly-report" in said
    repository.commit("written anew")
    assert "zone data" not in repository.review("--base", "main", "--at", AT).stdout
    assert "zone data" in repository.review("--base", "main~1", "--head", "main", "--at", AT).stdout
