"""The runs of backfills that this machine has seen: for each a small file, and a log where there is no terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from interlock.environment import Environment

ID_VARIABLE = "INTERLOCK_RUN_ID"
"""Set for a run in the background by who started it: the id of its hold, and so where its log is."""
ASKS, WAITS, RUNS, SUCCEEDED, FAILED, STOPPED = "asks", "waits for the drain", "runs", "succeeded", "failed", "not begun"
OVER = (SUCCEEDED, FAILED, STOPPED)
POLL = 0.1
"""Seconds."""
_BEGINS = "from interlock.commands import main; main(prog_name='interlock')"


@dataclass(frozen=True, kw_only=True)
class OwnRun:
    """One run. `pid` is of the `interlock` that keeps its hold."""

    backfill: str
    id: str
    pid: int
    began: str
    phase: str = ASKS
    code: int | None = None
    """Its command's exit code, once it has one."""
    log: str | None = None

    @property
    def is_alive(self) -> bool:
        """Whether its process is there. One that was killed has said nothing."""
        if self.phase in OVER:
            return False
        with suppress(ProcessLookupError):
            with suppress(PermissionError):
                os.kill(self.pid, 0)
            return True
        return False

    @property
    def has_log(self) -> bool:
        """Whether it said something that no terminal had."""
        return self.log is not None and Path(self.log).is_file()

    def to(self, environment: Environment, **changes: object) -> OwnRun:
        """The same with these changes, written down. What can't be written is not: it is for who looks on this machine only."""
        changed = replace(self, **changes)  # type: ignore[arg-type]
        path = folder(environment) / f"{self.backfill}-{self.id}.json"
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = path.with_suffix(f".{os.getpid()}")
            beside.write_text(json.dumps(asdict(changed), sort_keys=True) + "\n", encoding="utf-8")
            beside.replace(path)
        return changed


def folder(environment: Environment) -> Path:
    """Where the files of an environment's runs are: https://specifications.freedesktop.org/basedir-spec/latest/"""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "interlock" / environment.name


def log_of(environment: Environment, backfill: str, id: str) -> Path:
    """Where a run says what there is no terminal for."""
    return folder(environment) / f"{backfill}-{id}.log"


def own_run(environment: Environment, backfill: str, id: str) -> OwnRun | None:
    """What is known of one run here."""
    return _read(folder(environment) / f"{backfill}-{id}.json")


def own_runs(environment: Environment) -> list[OwnRun]:
    """All that are known here, the newest of each backfill first."""
    found = [run for path in sorted(folder(environment).glob("*.json")) if (run := _read(path)) is not None]
    return sorted(found, key=lambda run: (run.backfill, run.began), reverse=True)


def in_background(environment: Environment, backfill: str, id: str, words: list[str], environ: Mapping[str, str]) -> int | None:
    """Starts `interlock WORDS`, which runs a backfill, in a session of its own, and waits until its hold is there. None
    then; its exit code when it has ended before, and its log says why."""
    log = log_of(environment, backfill, id)
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _BEGINS, *words],
            env={**environ, ID_VARIABLE: id, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    while process.poll() is None:
        found = own_run(environment, backfill, id)
        if found is not None and found.phase != ASKS:
            return None
        time.sleep(POLL)
    return process.returncode


def _read(path: Path) -> OwnRun | None:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return OwnRun(**said) if isinstance(said, dict) else None
    except (OSError, ValueError, TypeError):
        return None
