"""The README and the docs have what is so: captured outputs, a scraper in five lines, commands."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from interlock.reading.files import load_catalog
from tests.e2e.deployment import ROOT, Deployment
from tests.golden import DOCS, README, output_in

COLUMNS = 80
SCREEN = {"COLUMNS": str(COLUMNS), "TZ": "Etc/UTC"}
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", ROOT / "guard" / "README.md", *sorted(DOCS.glob("*.md"))]
CATALOG_ALONE = ("affected", "fires", "show", "timeline", "validate")
"""Commands that read nothing but the catalog."""
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
    printed = whole.interlock("status", **SCREEN).succeeded().raw.partition("\n")[2]
    output_in(README, "status", _until(printed, "1 job paused by declaration"), _timeless)


@pytest.mark.golden
def test_the_affected_jobs_that_the_docs_show(nothing: Deployment) -> None:
    del nothing.environ["INTERLOCK_CATALOG"]  # the platform's
    printed = nothing.interlock("affected", "tdza", **SCREEN).succeeded().raw.partition("\n")[2]
    output_in(DOCS / "operate.md", "affected", printed.strip(), _timeless)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_an_output_in_a_document_fits_a_narrow_terminal(document: Path) -> None:
    shown = re.findall(r"<!-- output: .*? -->\n```\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    assert [line for output in shown for line in output.splitlines() if len(line) > COLUMNS] == []


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
    assert "nbac-gamebook" in nothing.interlock("show", SCRAPER, INTERLOCK_CATALOG=str(root)).succeeded().text
    nothing.merge(load_catalog(root))
    assert f'"{SCRAPER}"' in (nothing.stack("schedules") / "cdk.tf.json").read_text(encoding="utf-8")


def test_every_make_target_that_a_document_names_is_one_of_make_help(nothing: Deployment) -> None:
    helped = set(re.findall(r"^  make ([a-z-]+)", nothing.run("make", "-C", str(ROOT), "-s", "help").succeeded().raw, re.M))
    for path in DOCUMENTS:
        named = set(re.findall(r"(?:^|[`|] ?)make ([a-z-]+)", path.read_text(encoding="utf-8"), re.M))
        assert named <= helped, f"{path.name} names make {', '.join(sorted(named - helped))}"
    assert {"deploy", "test", "demo", "backfill-on", "backfill-off", "status"} <= helped


@pytest.mark.parametrize("tool", [r"interlock (?:" + "|".join(CATALOG_ALONE) + ")", r"python -m local run -- gcloud"])
def test_the_commands_of_the_documents_run(small: Deployment, tool: str) -> None:
    """Each `.venv/bin/...` that can be run as it stands, and changes nothing."""
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    commands = {command for text in texts for command in re.findall(rf"`(\.venv/bin/{tool} ?[^`]*)`", text)}
    commands = {command for command in commands if not re.search(rf"\b[A-Z]{{3,}}\b|{SCRAPER}|production", command)}
    assert commands
    if "gcloud" in tool and shutil.which("gcloud") is None:
        assert os.environ.get("INTERLOCK_REQUIRE_GCLOUD") != "1", "gcloud is not installed"
        pytest.skip("gcloud is not installed")
    environ = {"INTERLOCK_CATALOG": str(ROOT / "catalog")}
    for command in sorted(commands):
        small.run("sh", "-c", command, INTERLOCK_LOCAL_STATE=str(small.folder.parent / "other"), **environ).succeeded()
