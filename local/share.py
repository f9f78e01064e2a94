"""How several `local run` share one state folder: the first owns it, the others join, the owner leaves last.

Two locks (flock, so that they end with their process, however it ends): `owner.lock` is held by the owner for its whole
life; `users.lock` is shared by those who joined, and taken alone by the owner before it stops. The record of who serves
where (`run.json`) is believed only while somebody holds `owner.lock` and the emulator at its URL confirms that it is the one.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

_START_SECONDS = 20.0  # that an owner may take until it serves
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is not for proxies
_POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Record:
    """Who serves a state folder, and where."""

    pid: int
    url: str
    kind: str
    """Of the provider that acts."""
    name: str
    variables: Mapping[str, str]
    """That lead Terraform to it."""


class NoAnswerError(Exception):
    """Somebody owns the folder but doesn't serve it."""


class Folder:
    """The locks and the record of a state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._record = state / "run.json"
        self._owner = _open(state / "owner.lock")
        self._users = _open(state / "users.lock")

    def own(self) -> bool:
        """Become the owner, True; or join the one there is, False. A joiner keeps the owner from leaving."""
        while True:
            if _try_lock(self._owner, fcntl.LOCK_EX):
                self._record.unlink(missing_ok=True)  # of an owner that was killed
                return True
            fcntl.flock(self._users, fcntl.LOCK_SH)  # waits for an owner that is leaving
            if not _try_lock(self._owner, fcntl.LOCK_EX):
                return False
            fcntl.flock(self._users, fcntl.LOCK_UN)  # it has left in between: nobody was joined
            fcntl.flock(self._owner, fcntl.LOCK_UN)

    def publish(self, record: Record) -> None:
        """Tell joiners where the owner serves."""
        self._users.truncate(0)
        new = self._record.with_suffix(".new")
        new.write_text(json.dumps(asdict(record)), encoding="utf-8")
        new.replace(self._record)

    @contextmanager
    def joined(self, command: str) -> Iterator[Record]:
        """The owner's record; `command` is what the owner says it waits for."""
        record = self._answering()
        self._users.write(f"{os.getpid()} {command}\n")
        self._users.flush()
        try:
            yield record
        finally:
            fcntl.flock(self._users, fcntl.LOCK_UN)

    def _answering(self) -> Record:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            with suppress(OSError, ValueError, TypeError, KeyError):
                record = Record(**json.loads(self._record.read_text(encoding="utf-8")))
                with _DIRECT.open(f"{record.url}/_local/about", timeout=_START_SECONDS) as answer:
                    about = json.load(answer)
                if about == {"pid": record.pid, "state": str(self._state.resolve())}:
                    return record
            time.sleep(_POLL_SECONDS)
        raise NoAnswerError

    def others(self) -> list[str]:
        """`pid command` of the live joiners, [] if none; once it is [], nobody can join any more."""
        if _try_lock(self._users, fcntl.LOCK_EX):
            self._record.unlink(missing_ok=True)
            return []
        self._users.seek(0)
        return [line.strip() for line in self._users if _alive(line)] or ["a command that is starting"]


def _open(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+", encoding="utf-8")


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(line: str) -> bool:
    pid = line.partition(" ")[0]
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
