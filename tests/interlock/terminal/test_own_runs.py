"""What is known on this machine of the runs of backfills."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from interlock.terminal.own_runs import FAILED, OwnRun, living, own_runs
from tests.interlock.commands.conftest import ENVIRONMENT, ROOT


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where runs leave their files."""
    return tmp_path / "state"


def test_a_run_lives_as_long_as_its_process_whoever_has_its_number_later(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    own = OwnRun(backfill="marts", id="run-1", pid=os.getpid(), began="2026-03-10T12:05:00Z")
    assert not own.is_alive, "its number is ours, and nothing else"
    with living(own, ENVIRONMENT) as lives:
        assert lives.is_alive
        assert not replace(lives, phase=FAILED).is_alive
    assert not lives.is_alive
    assert list((state / "interlock/local").iterdir()) == []
    killed = """
import os, signal
from interlock.terminal.own_runs import OwnRun, living
from tests.interlock.commands.conftest import ENVIRONMENT
kept = living(OwnRun(backfill="marts", id="run-1", pid=1, began=""), ENVIRONMENT)
kept.__enter__()
os.system("sleep 9 >&- 2>&- &")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", killed], cwd=ROOT, check=False)
    assert Path(str(lives.lock)).exists()
    assert not lives.is_alive, "killed, though what it has started goes on"


def test_an_account_without_a_home_has_no_files_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    own = OwnRun(backfill="marts", id="run-1", pid=os.getpid(), began="2026-03-10T12:05:00Z")
    with living(own, ENVIRONMENT) as lives:
        assert lives.to(ENVIRONMENT, phase=FAILED).phase == FAILED
    assert own_runs(ENVIRONMENT) == []


def test_files_of_another_hand_beside_the_runs_count_for_nothing(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    folder = state / "interlock/local"
    folder.mkdir(parents=True)
    for name, text in {"a.json": "{", "b.json": "[]", "c.json": '{"pid": 1}', "d.json": '{"x": 1}'}.items():
        (folder / name).write_text(text)
    assert own_runs(ENVIRONMENT) == []
