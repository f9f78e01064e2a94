"""`interlock backfill run` in a process of its own, on an emulated cloud: what its tests share."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interlock.terminal.own_runs import STOPPED
from tests import forked
from tests.interlock.commands.conftest import ROOT, Cloud, loaded

PATIENCE = 30.0  # seconds, of a test that waits for something to happen
RUN = ["backfill", "run", "marts", "--direct", "--owner", "ana"]
UNTIL_DONE = "while ! test -e done; do sleep 0.05; done"
Running = forked.Process | subprocess.Popen[str]
Start = Callable[..., Running]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where runs leave their files."""
    return tmp_path / "state"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the command works, and says what it has seen."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def start(cloud: Cloud, root: Path, environ: dict[str, str], state: Path, place: Path) -> Iterator[Start]:
    """Starts `interlock backfill run marts OPTIONS -- sh -c SCRIPT`, and ends what is left of it."""
    cloud.declare(loaded(root))
    begun: list[Running] = []
    mine = {"INTERLOCK_LOCAL_URL": cloud.url, "TZ": "America/New_York", "XDG_STATE_HOME": str(state), "COLUMNS": "80"}

    def call(script: str, *options: str, **more: object) -> Running:
        words = [*RUN, *options, "--", "sh", "-c", f"cd {place}; {script}"]
        here: dict[str, str] = more.pop("environ", {})  # type: ignore[assignment]
        begun.append(forked.start(words, ROOT, {**environ, **mine, **here}, **more))  # type: ignore[arg-type]
        return begun[-1]

    yield call
    (place / "done").touch()
    for process in begun:
        process.kill()
        process.wait()


def wait(what: Callable[[], object], patience: float = PATIENCE) -> None:
    """Until it is so."""
    end = time.monotonic() + patience
    while not what():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def will_not_begin(state: Path) -> bool:
    """Whether a run has noted that it was stopped before its command."""
    return any(json.loads(file.read_text())["phase"] == STOPPED for file in (state / "interlock/local").glob("*.json"))


def ended(process: Running) -> tuple[int, str]:
    """Its exit code, and what it said, with its lines joined."""
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, " ".join(said.split())


def content(cloud: Cloud) -> dict[str, object]:
    """What it says."""
    [name] = cloud.objects("holds/")
    found: dict[str, object] = json.loads(cloud.bucket.blob(name).download_as_bytes())
    return found
