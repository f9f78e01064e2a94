"""`make demo` tells the whole story, on the real catalog, in lines that a person reads to the end."""

from __future__ import annotations

import sys

import pytest

from tests.e2e.deployment import ROOT, Deployment

COLUMNS, MOST_LINES = 80, 150


@pytest.mark.long
def test_the_demo_tells_its_story_to_the_end_in_few_lines_that_fit_a_terminal(nothing: Deployment) -> None:
    told = nothing.run(sys.executable, str(ROOT / "tools" / "demo.py"), COLUMNS=str(COLUMNS))
    lines = told.succeeded().raw.splitlines()
    steps = [line[1:4] for line in lines if line.startswith("[")]
    assert steps == [f"{number}/{len(steps)}" for number in range(1, len(steps) + 1)]
    assert any(line.startswith("The story took ") for line in lines[-4:])
    assert len(lines) <= MOST_LINES
    assert [line for line in lines if len(line) > COLUMNS and not line.startswith(("LOCAL", "$"))] == []
