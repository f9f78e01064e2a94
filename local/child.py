"""Run a command so that nothing of it is left when it ends.

The command gets a session of its own. INT, TERM and HUP that reach us are sent on to its process group, and we go on
waiting: how to stop is the command's business. On Linux we adopt its orphans (PR_SET_CHILD_SUBREAPER), so a descendant
that left the process group is found and ended too.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_GRACE_SECONDS = 10.0  # between TERM and KILL for what the command left behind: terraform saves its state in that time
_POLL_SECONDS = 0.02
_SIGNAL_BASE = 128  # of the exit code of a command that a signal ended, as shells have it


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A child of ours that is the command already, in a session of its own, and waits for its environment: JSON, which it reads
    from a pipe of which `descriptor` is the other end."""

    pid: int
    descriptor: int


def run(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    spared: Callable[[], Set[int]] = frozenset,
    waiting: Waiting | None = None,
) -> int:
    """Run `argv` and return its exit code; call it in the main thread. `spared` says which processes below us are not the
    command's, `waiting` is the one that goes on as it. OSError if it can't be started."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    group: list[int] = []
    early: list[int] = []  # signals that came before there was anybody to send them to

    def relay(number: int, _frame: object) -> None:
        if group:
            _send(group[0], number)
        else:
            early.append(number)

    previous = {number: signal.signal(number, relay) for number in _FORWARDED}
    try:
        pid, wait = _begin(argv, env) if waiting is None else _go_on(waiting, env)
        group.append(pid)
        for number in early:
            _send(pid, number)
        code = wait()
        _end_leftovers(pid, spared)
    finally:
        for known, handler in previous.items():
            signal.signal(known, handler)
    return code if code >= 0 else _SIGNAL_BASE - code


def _begin(argv: Sequence[str], env: Mapping[str, str]) -> tuple[int, Callable[[], int]]:
    """The id of the process that is started, and what waits for its code."""
    child = subprocess.Popen(argv, env=dict(env), start_new_session=True)
    return child.pid, child.wait


def _go_on(waiting: Waiting, env: Mapping[str, str]) -> tuple[int, Callable[[], int]]:
    """The same of a process that waits."""
    with suppress(BrokenPipeError), os.fdopen(waiting.descriptor, "w", encoding="utf-8") as told:
        json.dump(dict(env), told)
    return waiting.pid, lambda: os.waitstatus_to_exitcode(os.waitpid(waiting.pid, 0)[1])


def _send(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_leftovers(group: int, spared: Callable[[], Set[int]]) -> None:
    """End the rest of the process group and, on Linux, everything that descends from us, but for `spared` and below."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        told: set[int] = set()
        end = time.monotonic() + _GRACE_SECONDS
        while time.monotonic() < end:
            left = _descendants(os.getpid(), spared())
            if not left and not _group_lives(group):
                return
            if not told:
                _send(group, number)
            for pid in left - told:  # also those that it starts while it ends
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            told |= left | {group}
            time.sleep(_POLL_SECONDS)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # how macOS answers for a group of zombies
        return False
    return True


def _descendants(root: int, spared: Set[int]) -> set[int]:
    """Processes below `root` that are not zombies, without `spared` and what is below them; empty where there is no /proc.
    Buries our own zombies first."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                children.setdefault(int(parent), []).append(int(stat.parent.name))
    found: set[int] = set()
    pending = [root]
    while pending:
        below = [pid for pid in children.get(pending.pop(), []) if pid not in spared]
        found.update(below)
        pending += below
    return found
