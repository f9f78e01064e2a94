"""The review that the README shows: of the platform's own catalog, with one job's time zone mistaken."""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from interlock.reading.files import load_catalog
from interlock.review.review import review
from interlock.terminal.review_output import print_review
from policies.from_catalog import findings
from tests.golden import shown_in_readme

CATALOG = Path(__file__).parents[2] / "catalog"
JOB, ZONE = "nba-props-midday", "America/New_York"
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
WIDTH = 128  # characters
STRIPS = ("         0", "  before ", LAST := "   after ")


@pytest.mark.golden
def test_the_review_that_the_readme_shows(capsys: pytest.CaptureFixture[str]) -> None:
    before = load_catalog(CATALOG)
    after = replace(before, jobs={**before.jobs, JOB: replace(before.jobs[JOB], time_zone=ZONE)})
    print_review(review(before, after, AT, rules=findings))
    lines = capsys.readouterr().out.splitlines()
    shown = lines[: 1 + next(number for number, line in enumerate(lines) if line.startswith(LAST))]
    shown_in_readme("review", "\n".join(narrow for line in shown for narrow in _narrowed(line)))


def _narrowed(line: str) -> list[str]:
    """A line as it fits the README: findings are folded, columns of the table stand closer, and its rule is left out."""
    if line.startswith("!"):
        return textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    if "─" in line:
        return []
    return [line if line.startswith(STRIPS) else re.sub(r"(?<=\S) {2,}", "   ", line)]
