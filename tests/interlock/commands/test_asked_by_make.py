"""After `make` a mistake is explained in the words that were typed there: FOR=, not --for."""

from __future__ import annotations

import pytest

from interlock.terminal.typed import ASKED_BY, as_typed
from tests.interlock.commands.conftest import Run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("why", "--"), "JOB= is missing; make help says how it is written", id="no job"),
        pytest.param(("fires", "--"), "JOB= is missing; make help says how it is written", id="no jobs"),
        pytest.param(("hold", "--for", "2h", "--reason", "x", "--"), "SCOPE= is missing", id="no scope"),
        pytest.param(("hold", "--for", "2h", "--", "all"), "REASON= is missing", id="no reason"),
        pytest.param(("release", "--"), "SCOPE= is missing", id="nothing to release"),
        pytest.param(("unlock", "--", "nope"), "STACK: 'nope' is not one of 'coordination'", id="an unknown stack"),
        pytest.param(("fires", "--from", "soon", "--", "line-scraper"), "FROM: 'soon' is no time", id="an instant"),
        pytest.param(("backfill", "run", "marts", "--"), "COMMAND= is missing", id="no command"),
        pytest.param(("backfill", "run", "", "--", "true"), "NAME= is missing", id="no backfill to run"),
        pytest.param(("backfill", "plan", "--in", "x", "--", "marts"), "IN: 'x' is no duration", id="how far ahead"),
        pytest.param(("timeline", "--day", "x"), "DAY: 'x' is no day", id="a day"),
        pytest.param(("timeline", "--zone", "x"), "ZONE: ", id="a zone"),
    ],
)
def test_a_mistake_is_explained_in_makes_words(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run(*words, **{ASKED_BY: "make"})
    assert done.returncode == 2
    assert f"Error: {said}" in done.stderr
    assert "--" not in done.stderr
    assert "Usage" not in done.stderr
    assert "--" in run(*words).stderr or "Usage" in run(*words).stderr


@pytest.mark.parametrize(
    ("message", "typed"),
    [
        ("say how long: --for 2h, or --until 23:00", "say how long: FOR=2h, or UNTIL=23:00"),
        ("--for and --until are two ends; say one", "FOR and UNTIL are two ends; say one"),
        ("name what was held: --scope backfill/NAME", "name what was held: SCOPE=backfill/NAME"),
        ("--to is after --from", "TO is after FROM"),
        ("--region 'x' is no region", "REGION 'x' is no region"),
        ("add --direct, or --yes", "add --direct, or --yes"),
    ],
    ids=str,
)
def test_options_that_make_has_are_variables_and_others_stay(monkeypatch: pytest.MonkeyPatch, message: str, typed: str) -> None:
    assert as_typed(message) == message
    monkeypatch.setenv(ASKED_BY, "make")
    assert as_typed(message) == typed
