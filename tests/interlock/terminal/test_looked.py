"""Whether the coordinator has looked at what is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.terminal.looked import FILE, has_looked, note
from tests.interlock.commands.conftest import ENVIRONMENT

STATES = {"coordination": 17, "schedules": 21}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "cdktf.out" / ENVIRONMENT.name
    made.mkdir(parents=True)
    return made


@pytest.mark.usefixtures("folder")
def test_it_has_looked_at_the_states_that_were_there_before_it_did() -> None:
    assert not has_looked(ENVIRONMENT, STATES), "nobody has noted it here"
    note(ENVIRONMENT, STATES)
    assert has_looked(ENVIRONMENT, STATES)


@pytest.mark.parametrize(
    "states",
    [
        pytest.param({**STATES, "schedules": 22}, id="somebody has applied something"),
        pytest.param({**STATES, "alerting": 5}, id="a stack has come"),
        pytest.param({"schedules": 21}, id="a stack has gone"),
        pytest.param({}, id="there is no state at all"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_of_other_states_it_is_asked_again(states: dict[str, int]) -> None:
    note(ENVIRONMENT, STATES)
    assert not has_looked(ENVIRONMENT, states)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"schedules": "21"}'])
def test_what_is_no_note_says_nothing(folder: Path, content: str) -> None:
    (folder / FILE).write_text(content)
    assert not has_looked(ENVIRONMENT, STATES)
    assert not has_looked(ENVIRONMENT, {})
