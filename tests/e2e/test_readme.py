"""The README says what is so: its captured outputs, its scraper in five lines, its commands."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from interlock.reading.files import load_catalog
from tests.e2e.deployment import ROOT, Deployment
from tests.golden import README, shown_in_readme

INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
ZONE = re.compile(r"\bE[SD]T\b")
SCRAPER = "nba-gamebook-evening"
BESIDE = "nba-gamebook-scraper"
"""A job whose file the README's scraper joins."""


def _until(text: str, line: str) -> str:
    """The text before the first line that begins so, and its last line."""
    shown, _, rest = text.strip().partition(f"\n{line}")
    assert rest, f"no line begins with {line}"
    return f"{shown.rstrip()}\n...\n{rest.splitlines()[-1]}"


def _timeless(text: str) -> str:
    return ZONE.sub("EST", INSTANT.sub("2026-01-06 18:00", text))


@pytest.mark.golden
def test_the_status_that_the_readme_shows(whole: Deployment) -> None:
    whole.apply(backfill_mode=True, backfills=["tdza"], backfill_reason="reprocess 2025-26").succeeded()
    said = whole.interlock("status", TZ="Etc/UTC", COLUMNS="100").succeeded().raw.partition("\n")[2]
    shown_in_readme("status", _until(said, "1 job paused by declaration"), _timeless)


@pytest.mark.golden
def test_the_affected_jobs_that_the_readme_shows(nothing: Deployment) -> None:
    del nothing.environ["INTERLOCK_CATALOG"]  # the platform's
    said = nothing.interlock("affected", "tdza", COLUMNS="100").succeeded().raw.partition("\n")[2]
    shown_in_readme("affected", _until(said, "Left running"), _timeless)


def _fenced(marker: str) -> str:
    """The fenced block after a marker."""
    return README.read_text(encoding="utf-8").partition(f"<!-- {marker} -->")[2].split("```")[1].partition("\n")[2]


def test_the_scraper_in_five_lines_is_valid_covered_and_deployed(nothing: Deployment, tmp_path: Path) -> None:
    scraper = _fenced("example: scraper")
    root = tmp_path / "catalog"
    shutil.copytree(ROOT / "catalog", root)
    file = next(path for path in sorted(root.glob("nba/*.yaml")) if f"\n  {BESIDE}:" in path.read_text(encoding="utf-8"))
    file.write_text(file.read_text(encoding="utf-8").replace(f"\n  {BESIDE}:", f"\n{scraper}  {BESIDE}:"), encoding="utf-8")
    assert len(scraper.splitlines()) == 5
    validated = nothing.interlock("validate", INTERLOCK_CATALOG=str(root)).succeeded()
    assert "144 jobs" in validated.text
    covered = nothing.interlock("affected", "raw-gamebook", INTERLOCK_CATALOG=str(root)).succeeded()
    assert SCRAPER in covered.text
    nothing.merge(load_catalog(root))
    assert f'"{SCRAPER}"' in (nothing.stack("schedules") / "cdk.tf.json").read_text(encoding="utf-8")


def test_every_make_target_that_the_readme_names_is_one_of_make_help(nothing: Deployment) -> None:
    helped = set(re.findall(r"^  make ([a-z-]+)", nothing.run("make", "-C", str(ROOT), "-s", "help").succeeded().raw, re.M))
    documents = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    for path in documents:
        named = set(re.findall(r"(?:^|[`|] ?)make ([a-z-]+)", path.read_text(encoding="utf-8"), re.M))
        assert named <= helped, f"{path.name} names make {', '.join(sorted(named - helped))}"
    assert {"deploy", "test", "demo", "backfill-on", "backfill-off", "status"} <= helped


@pytest.mark.parametrize("tool", ["interlock", "python"])
def test_the_commands_of_the_readme_run(small: Deployment, tool: str) -> None:
    """Each `.venv/bin/...` that can be run as it stands, and changes nothing."""
    text = README.read_text(encoding="utf-8")
    commands = set(re.findall(rf"`(\.venv/bin/{tool} [^`]+)`", text)) - {".venv/bin/interlock show JOB"}
    assert commands
    if "gcloud" in " ".join(commands) and shutil.which("gcloud") is None:
        assert os.environ.get("INTERLOCK_REQUIRE_GCLOUD") != "1", "gcloud is not installed"
        pytest.skip("gcloud is not installed")
    environ = {"INTERLOCK_CATALOG": str(ROOT / "catalog")}
    for command in sorted(commands):
        small.run("sh", "-c", command, INTERLOCK_LOCAL_STATE=str(small.folder.parent / "other"), **environ).succeeded()
