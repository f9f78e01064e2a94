"""A command that is printed is the one to type: from the root of the repository, where and on what the running one acts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from interlock.commands import main
from interlock.terminal import printed
from interlock.terminal.common import catalog_option

LOCAL, PRODUCTION = {"env_name": "local", "root": Path("catalog")}, {"env_name": "production", "root": Path("catalog")}
ELSEWHERE = {"env_name": "local", "root": Path("an other")}


def say(params: dict[str, object], what: Callable[[], str]) -> str:
    """What a command prints that was given these parameters."""
    with click.Context(main) as top, click.Context(click.Command("running"), parent=top) as running:
        running.params.update(params)
        return what()


@pytest.mark.parametrize(
    ("params", "words", "text"),
    [
        pytest.param(LOCAL, ("release", "all", "x"), ".venv/bin/interlock release all x", id="local"),
        pytest.param(
            PRODUCTION, ("release", "all", "x"), ".venv/bin/interlock release all x --env production", id="production"
        ),
        pytest.param(
            ELSEWHERE, ("status",), ".venv/bin/interlock status --catalog 'an other'", id="another catalog, in quotes"
        ),
        pytest.param(ELSEWHERE, ("holds",), ".venv/bin/interlock holds", id="a command that reads no catalog"),
        pytest.param(PRODUCTION, ("affected", "tdza"), ".venv/bin/interlock affected tdza", id="a command that asks no cloud"),
        pytest.param({}, ("status",), ".venv/bin/interlock status", id="nothing was given"),
    ],
)
def test_interlock(params: dict[str, object], words: tuple[str, ...], text: str) -> None:
    assert say(params, lambda: printed.interlock(*words)) == text


@pytest.mark.parametrize(
    ("params", "text"),
    [
        pytest.param(LOCAL, "make hold SCOPE=all REASON='two words'", id="local"),
        pytest.param(PRODUCTION, "make hold SCOPE=all REASON='two words' ENV=production", id="production"),
        pytest.param(ELSEWHERE, "make hold SCOPE=all REASON='two words' INTERLOCK_CATALOG='an other'", id="another catalog"),
    ],
)
def test_make(params: dict[str, object], text: str) -> None:
    assert say(params, lambda: printed.make("hold", SCOPE="all", REASON="two words")) == text


def test_a_catalog_of_a_variable_is_not_repeated() -> None:
    """Whoever pastes the command has the variable; tests would have the name of a folder of their own."""
    said: list[str] = []

    @click.command()
    @catalog_option
    def command(root: Path) -> None:
        said.extend((str(root), printed.make("deploy"), printed.interlock("validate")))

    CliRunner().invoke(command, env={"INTERLOCK_CATALOG": "an other"})
    assert said == ["an other", "make deploy", ".venv/bin/interlock validate"]


@pytest.mark.parametrize(
    ("params", "typed", "text"),
    [
        pytest.param(LOCAL, ["deploy"], ".venv/bin/interlock deploy", id="as it was typed"),
        pytest.param(PRODUCTION, ["deploy"], ".venv/bin/interlock deploy --env production", id="the environment of a variable"),
        pytest.param(PRODUCTION, ["deploy", "--env=production"], ".venv/bin/interlock deploy --env=production", id="said"),
        pytest.param(
            ELSEWHERE, ["deploy", "--catalog", "an other"], ".venv/bin/interlock deploy --catalog 'an other'", id="catalog"
        ),
        pytest.param(ELSEWHERE, ["deploy"], ".venv/bin/interlock deploy --catalog 'an other'", id="that of a variable"),
    ],
)
def test_again(params: dict[str, object], typed: list[str], text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printed.sys, "argv", ["interlock", *typed])
    assert say(params, printed.again) == text
