"""What a terminal shows while something takes seconds, and that nothing of it is left anywhere else."""

from __future__ import annotations

import sys

import pytest

from interlock.terminal.progress import CLEAR, StackLine


@pytest.mark.parametrize(
    ("is_a_terminal", "expected"),
    [
        pytest.param(
            True, f"{CLEAR}stacks        synthesizing\rwrong\n{CLEAR}", id="a terminal shows it, and what comes over it"
        ),
        pytest.param(False, "wrong\n", id="a file has only what was said"),
    ],
)
def test_a_line_that_lasts_as_long_as_the_work(
    is_a_terminal: bool, expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_a_terminal)
    with StackLine("stacks").while_it_lasts("synthesizing"):
        print("wrong")
    assert capsys.readouterr().out == expected
