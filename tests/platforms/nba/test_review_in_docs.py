"""The review that docs/review.md shows: of the platform's own catalog, with one job's time zone mistaken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from interlock.catalog import Catalog
from interlock.review.review import review
from interlock.terminal.review_output import print_review
from policies.from_catalog import findings
from tests.golden import DOCS, output_in

JOB, ZONE = "nba-props-midday", "America/New_York"
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
LAST = "   after "


@pytest.mark.golden
def test_the_review_that_the_docs_show(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, nba: Catalog
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    after = replace(nba, jobs={**nba.jobs, JOB: replace(nba.jobs[JOB], time_zone=ZONE)})
    print_review(review(nba, after, AT, rules=findings))
    lines = capsys.readouterr().out.splitlines()
    shown = lines[: 1 + next(number for number, line in enumerate(lines) if line.startswith(LAST))]
    output_in(DOCS / "review.md", "review", "\n".join(shown))
