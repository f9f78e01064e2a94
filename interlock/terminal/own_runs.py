"""The runs of backfills that this machine has seen: for each a small file, and a log where there is no terminal."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from interlock.environment import Environment
from interlock.gcp import CloudError

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
    lock: str | None = None
    """A file that its process has locked as long as it lives."""

    @property
    def is_alive(self) -> bool:
        """Whether its process is there. One that was killed has said nothing. Its number tells nothing: since the machine was
        started again it may be another's, and in a container it is another's."""
        if self.phase in OVER or self.lock is None:
            return False
        try:
            with Path(self.lock).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    @property
    def has_log(self) -> bool:
        """Whether it said something that no terminal had."""
        return self.log is not None and Path(self.log).is_file()

    def to(self, environment: Environment, **changes: object) -> OwnRun:
        """The same with these changes, written down. What can't be written is not: it is for who looks on this machine only."""
        changed = replace(self, **changes)  # type: ignore[arg-type]
        path = _file(environment, self.backfill, self.id, "json")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = path.with_suffix(f".{os.getpid()}")
            beside.write_text(json.dumps(asdict(changed), sort_keys=True) + "\n", encoding="utf-8")
            beside.replace(path)
        return changed


@contextmanager
def living(own: OwnRun, environment: Environment) -> Iterator[OwnRun]:
    """The same as one that is seen to live until this ends, or this process does, however. Where no file can be locked it is
    seen as it is."""
    path = _file(environment, own.backfill, own.id, "lock")
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = stack.enter_context(path.open("wb"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield own
            return
        stack.callback(path.unlink, missing_ok=True)
        yield replace(own, lock=str(path))


def folder(environment: Environment) -> Path:
    """Where the files of an environment's runs are: https://specifications.freedesktop.org/basedir-spec/latest/
    Nowhere, where no file can be, for an account without a home folder."""
    said = os.environ.get("XDG_STATE_HOME", "")
    try:
        state = Path(said) if said.startswith("/") else Path.home() / ".local" / "state"
    except RuntimeError:
        state = Path(os.devnull)
    return state / "interlock" / environment.name


def _file(environment: Environment, backfill: str, id: str, kind: str) -> Path:
    return folder(environment) / f"{backfill}-{id}.{kind}"


def log_of(environment: Environment, backfill: str, id: str) -> Path:
    """Where a run says what there is no terminal for."""
    return _file(environment, backfill, id, "log")


def own_run(environment: Environment, backfill: str, id: str) -> OwnRun | None:
    """What is known of one run here."""
    return _read(_file(environment, backfill, id, "json"))


def own_runs(environment: Environment) -> list[OwnRun]:
    """All that are known here, the newest of each backfill first."""
    found = [run for path in sorted(folder(environment).glob("*.json")) if (run := _read(path)) is not None]
    return sorted(found, key=lambda run: (run.backfill, run.began), reverse=True)


def in_background(environment: Environment, backfill: str, id: str, words: list[str], environ: Mapping[str, str]) -> int | None:
    """Starts `interlock WORDS`, which runs a backfill, in a session of its own, and waits until its hold is there. None
    then; its exit code when it has ended before, and its log says why."""
    log = log_of(environment, backfill, id)
    try:
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise CloudError(
            f"a run in the background needs a log, and {log} can't be written: {error.strerror}; set XDG_STATE_HOME to a folder"
            " that can be, or leave out --detach"
        ) from None
    with os.fdopen(opened, "wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _BEGINS, *words],
            env={**environ, ID_VARIABLE: id, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        while process.poll() is None:
            found = own_run(environment, backfill, id)
            if found is not None and found.phase != ASKS:
                return None
            time.sleep(POLL)
    except KeyboardInterrupt:  # nobody has been told of it yet
        process.send_signal(signal.SIGINT)
        return process.wait()
    return process.returncode


def _read(path: Path) -> OwnRun | None:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return OwnRun(**said) if isinstance(said, dict) else None
    except (OSError, ValueError, TypeError):
        return None
