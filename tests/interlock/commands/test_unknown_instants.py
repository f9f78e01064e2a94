"""What the commands say of a job of which nobody knows when it fires."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interlock.commands.conftest import SMALL, Run, parsed

WHY = "nobody knows its instants: an interval counts from the end of the last run"


@pytest.fixture(autouse=True)
def _interval(root: Path) -> None:
    text = SMALL.read_text()
    assert text.count('schedule: "45 * * * *"') == 1
    (root / "small/all.yaml").write_text(text.replace('schedule: "45 * * * *"', "schedule: every 5 minutes"))


def test_fires_says_so_and_counts_none(run: Run) -> None:
    done = run("fires", "repair", "nightly-report", "--from", "2026-03-10")
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    assert f'repair: "every 5 minutes" in America/Los_Angeles: {WHY}' in said
    assert "nightly-report: " in said
    assert "1 fire" in said
    repair, report = parsed(run("fires", "repair", "nightly-report", "--from", "2026-03-10", "--format", "json"))["jobs"]
    assert (repair["unknown"], repair["total"]) == ("an interval counts from the end of the last run", None)
    assert (report["unknown"], report["total"]) == (None, 1)


def test_show_says_so(run: Run) -> None:
    assert WHY in " ".join(run("show", "repair").stdout.split())
    assert WHY not in " ".join(run("show", "nightly-report").stdout.split())


def test_a_timeline_names_the_jobs_that_it_leaves_out(run: Run) -> None:
    said = " ".join(run("timeline", "--day", "2026-03-10").stdout.split())
    assert "not counted, as nobody knows when they fire: 1 job" in said
    assert f"Left out, as they may fire at any time: repair: {WHY}" in said
    (left_out,) = parsed(run("timeline", "--day", "2026-03-10", "--format", "json"))["unknown"]
    assert (left_out["name"], left_out["schedule"]) == ("repair", "every 5 minutes")


def test_validate_finds_it_and_says_what_a_new_job_would_have(run: Run) -> None:
    done = run("validate")
    assert done.returncode == 1
    assert '"*/5 * * * *" fires as often, at times that are known' in " ".join(done.stdout.split())


def test_a_window_must_be_known(run: Run, root: Path) -> None:
    (root / "small/all.yaml").write_text(SMALL.read_text().replace('schedule: "0 8 * * 2"', "schedule: every tue 08:00"))
    done = run("validate")
    assert done.returncode == 2
    assert "App Engine's English" in done.stderr
