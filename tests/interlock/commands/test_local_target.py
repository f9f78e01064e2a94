"""A command that acts on the local target starts it, and is then the same command; one that does not ask it leaves it alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.terminal import local_target
from tests.interlock.commands.conftest import ROOT, Run

BANNER = "LOCAL STAND-IN, not Google Cloud"
ARGUMENTS = ("status", "--format", "json", "--catalog", "a folder")


class Became(Exception):
    """What the process became."""


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> None:
    def become(path: str, words: list[str]) -> None:
        raise Became(path, words)

    monkeypatch.setattr(local_target.os, "execv", become)


@pytest.mark.usefixtures("became")
def test_the_command_becomes_itself_below_the_local_target_with_the_very_same_words(run: Run) -> None:
    with pytest.raises(Became) as found:
        run(*ARGUMENTS)
    path, words = found.value.args
    interlock = str(Path(sys.executable).with_name("interlock"))
    waiting = words.index("--waiting") if "--waiting" in words else len(words)
    del words[waiting : waiting + 2]
    assert (path, words) == (sys.executable, [sys.executable, "-m", "local", "run", "--quiet", "--", interlock, *ARGUMENTS])


@pytest.mark.usefixtures("became")
@pytest.mark.parametrize("words", [("show", "repair"), ("validate",), ("affected", "marts")], ids=" ".join)
def test_a_command_that_asks_no_cloud_starts_none(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words).returncode == 0


def test_a_local_target_that_is_gone_is_not_started_for_ever(run: Run) -> None:
    done = run("status", INTERLOCK_LOCAL_SAYS="started for this command")
    assert done.returncode == 2
    assert "the local target did not start: it runs, and its variables are gone" in done.stderr


def test_as_people_type_it(environ: dict[str, str], tmp_path: Path) -> None:
    """The state is empty, so that the command fails: its exit code and its words come through."""
    interlock = str(Path(sys.executable).with_name("interlock"))
    state = {"INTERLOCK_LOCAL_STATE": str(tmp_path / "cloud")}
    done = subprocess.run(
        [interlock, "status"], cwd=ROOT, env={**environ, **state}, capture_output=True, text=True, check=False, timeout=60
    )
    first, *others = done.stderr.splitlines()
    assert first == f"{BANNER}: started for this command, state in {tmp_path / 'cloud'}"
    assert "\n".join(others) == (
        "Error: there is no bucket interlock-local-coordination; deploy the coordination stack first: make deploy"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert os.environ.get("INTERLOCK_LOCAL_URL") is None


@pytest.mark.parametrize("mode", ["on", "off"])
def test_a_toggle_before_the_first_deploy_says_what_to_run(environ: dict[str, str], tmp_path: Path, mode: str) -> None:
    interlock = str(Path(sys.executable).with_name("interlock"))
    words = [interlock, "backfill", mode, "marts"]
    state = {"INTERLOCK_LOCAL_STATE": str(tmp_path / "cloud")}
    done = subprocess.run(words, cwd=ROOT, env={**environ, **state}, capture_output=True, text=True, check=False, timeout=60)
    said = f"Error: nothing is deployed in local yet, so nothing can be turned {mode}; run: make deploy"
    assert (done.returncode, done.stdout, done.stderr.splitlines()[1:]) == (2, "", [said])
