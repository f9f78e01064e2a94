"""What the README and the docs show of the platform is so: captured outputs, a scraper in five lines."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from interlock.reading.files import load_catalog
from tests.e2e.deployment import Deployment
from tests.e2e.live import Live, next_noon
from tests.e2e.test_readme import runnable
from tests.golden import DOCS, README, output_in
from tests.platforms.conftest import CATALOG

SCREEN = {"COLUMNS": "80", "TZ": "Etc/UTC"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
ZONE = re.compile(r"\bE[SD]T\b")
START = re.compile(r"\w{3} \d\d:\d\d(?: \(\S+\))?: \d+ (?:jobs? miss(?:es)? a run, \d+ for good|and \d+)")
"""The best starts of the days ahead: another hour, others."""
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
    Live(deployment=whole).stand_at(next_noon())
    where, data, printed = whole.interlock("status", **SCREEN).succeeded().raw.split("\n", 2)
    assert (where[:5], data[:10]) == ("LOCAL", "zone data ")
    output_in(README, "status", _until(printed, "1 job paused by declaration"), _timeless)


@pytest.mark.golden
def test_the_affected_jobs_that_the_docs_show(nothing: Deployment) -> None:
    printed = nothing.interlock("affected", "tdza", **SCREEN).succeeded().raw.partition("\n")[2]
    output_in(DOCS / "operate.md", "affected", printed.strip(), lambda text: START.sub("Mon 18:00: 1 and 1", _timeless(text)))


def _fenced(marker: str) -> str:
    """The fenced block after a marker."""
    return README.read_text(encoding="utf-8").partition(f"<!-- {marker} -->")[2].split("```")[1].partition("\n")[2]


def test_the_scraper_in_five_lines_is_valid_covered_and_deployed(nothing: Deployment, tmp_path: Path) -> None:
    scraper = _fenced("example: scraper")
    root = tmp_path / "catalog"
    shutil.copytree(CATALOG, root)
    file = next(path for path in sorted(root.glob("nba/*.yaml")) if f"\n  {BESIDE}:" in path.read_text(encoding="utf-8"))
    file.write_text(file.read_text(encoding="utf-8").replace(f"\n  {BESIDE}:", f"\n{scraper}  {BESIDE}:"), encoding="utf-8")
    assert len(scraper.splitlines()) == 5
    validated = nothing.interlock("validate", INTERLOCK_CATALOG=str(root)).succeeded()
    assert "144 jobs" in validated.text
    covered = nothing.interlock("affected", "raw-gamebook", INTERLOCK_CATALOG=str(root)).succeeded()
    assert SCRAPER in covered.text
    assert "nbac-gamebook" in nothing.interlock("show", SCRAPER, INTERLOCK_CATALOG=str(root)).succeeded().text
    nothing.merge(load_catalog(root))
    assert f'"{SCRAPER}"' in (nothing.stack("schedules") / "cdk.tf.json").read_text(encoding="utf-8")


def test_the_commands_of_the_documents_that_read_nothing_but_the_catalog_run(nothing: Deployment) -> None:
    for command in runnable(r"interlock (?:affected|fires|show|timeline|validate)", without=SCRAPER):
        nothing.interlock(*shlex.split(command)[1:]).succeeded()
