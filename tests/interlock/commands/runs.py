"""`interlock backfill run` in a process of its own, on an emulated cloud: what its tests share."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interlock.reading.files import load_catalog
from tests.interlock.commands.conftest import NOW, ROOT, Cloud

PATIENCE = 30.0  # seconds, of a test that waits for something to happen
INTERLOCK = [sys.executable, "-c", "from interlock.commands import main; main(prog_name='interlock')"]
RUN = ["backfill", "run", "marts", "--direct", "--owner", "ana"]
UNTIL_DONE = "while ! test -e done; do sleep 0.05; done"
Start = Callable[..., "subprocess.Popen[str]"]


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
    cloud.declare(load_catalog(root))
    cloud.at(NOW)
    begun: list[subprocess.Popen[str]] = []
    mine = {"INTERLOCK_LOCAL_URL": cloud.url, "TZ": "America/New_York", "XDG_STATE_HOME": str(state), "COLUMNS": "80"}

    def call(script: str, *options: str, **more: object) -> subprocess.Popen[str]:
        words = [*INTERLOCK, *RUN, *options, "--", "sh", "-c", f"cd {place}; {script}"]
        here: dict[str, str] = more.pop("environ", {})  # type: ignore[assignment]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL, "text": True, **more}
        begun.append(subprocess.Popen(words, cwd=ROOT, env={**environ, **mine, **here}, **streams))  # type: ignore[call-overload]
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


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what it said, with its lines joined."""
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, " ".join(said.split())


def content(cloud: Cloud) -> dict[str, object]:
    """What it says."""
    [name] = cloud.objects("holds/")
    found: dict[str, object] = json.loads(cloud.bucket.blob(name).download_as_bytes())
    return found
