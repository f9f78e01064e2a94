"""`make demo` tells the whole story, of whichever catalog lies there, in lines that a person reads to the end."""

from __future__ import annotations

import shutil
import sys

import pytest

from tests.e2e.deployment import ROOT, Deployment

COLUMNS, MOST_LINES = 80, 150
DEMO = (sys.executable, str(ROOT / "tools" / "demo.py"))


def check_story(cloud: Deployment, most: int = MOST_LINES, **environ: str) -> None:
    """Fails unless it is told to the end, in `most` lines."""
    lines = cloud.run(*DEMO, COLUMNS=str(COLUMNS), **environ).succeeded().raw.splitlines()
    steps = [line[1:4] for line in lines if line.startswith("[")]
    assert steps == [f"{number}/{len(steps)}" for number in range(1, len(steps) + 1)]
    assert any(line.startswith("The story took ") for line in lines[-4:])
    assert len(lines) <= most
    assert [line for line in lines if len(line) > COLUMNS and not line.startswith(("LOCAL", "$"))] == []


@pytest.mark.long
def test_the_demo_tells_its_story_to_the_end_in_few_lines_that_fit_a_terminal(nothing: Deployment) -> None:
    del nothing.environ["INTERLOCK_CATALOG"]  # the shop's
    check_story(nothing)


def test_a_story_that_the_catalog_has_not_is_refused_with_those_that_it_has(nothing: Deployment) -> None:
    del nothing.environ["INTERLOCK_CATALOG"]  # the shop's
    said = nothing.run(*DEMO, NAME="nope").refused()
    assert said.text == "the story is of a backfill, and there is none 'nope'; the catalog has orders"
    (nothing.folder / "catalog").unlink()
    shutil.copytree(ROOT / "tests" / "shop" / "catalog", nothing.folder / "catalog")
    reports = nothing.folder / "catalog" / "shop" / "reports.yaml"
    text = reports.read_text(encoding="utf-8")
    reports.write_text(text[: text.index("backfills:")] + text[text.index("windows:") :], encoding="utf-8")
    assert "the catalog has none that pauses a job; docs/operate.md" in nothing.run(*DEMO).refused().text
