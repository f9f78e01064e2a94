"""Starts the local target for a command that acts on it, as `python -m local run -- COMMAND` does."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from interlock.gcp import CloudError, local_url

SAID = "INTERLOCK_LOCAL_SAYS"
"""Set by `local run --quiet` for its command, which then says it: how the local target came to run, and where its state is."""
PACKAGE = "local"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_begun: int | None = None
"""The pipe of a local target that is starting for this process."""


def where(environment_where: str) -> str:
    """The first line of a command on the local target."""
    said = os.environ.get(SAID)
    return f"{environment_where}: {said}" if said else environment_where


def start_early(arguments: Sequence[str]) -> None:
    """Has the local target start for a command of which it is sure that it will act on it, before that is imported. Whoever has
    typed something wrong waits no longer than else: this goes on meanwhile."""
    global _begun
    if sys.platform == "linux" and SAID not in os.environ and not is_running() and find_spec(PACKAGE) is not None:
        _begun = _begin(arguments)


def run_with_local_target(arguments: Sequence[str], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Has `python -m local run -- interlock ARGUMENTS` run around this command, which goes on where it is: this process becomes
    the local target, so that signals, the terminal and the exit code are that one's, and a copy of it is the command. That does
    `meanwhile` while the other starts, which raises nothing. Where a copy is not safe the command begins anew below the local
    target, and this does not return."""
    if SAID in os.environ or find_spec(PACKAGE) is None:
        raise CloudError(f"the local target did not start: {_why()}; try: .venv/bin/python -m local run -- env")
    if sys.platform != "linux":  # macOS' own frameworks don't survive a fork
        _become(arguments)
    said = _begin(arguments) if _begun is None else _begun
    meanwhile()
    from interlock.gcp.storage import preload  # not before it is begun

    preload()
    _go_on(said)


def _become(arguments: Sequence[str], *waiting: str) -> NoReturn:
    interlock = str(Path(sys.executable).with_name("interlock"))
    sys.stdout.flush()
    sys.stderr.flush()
    words = [sys.executable, "-m", PACKAGE, "run", "--quiet", *waiting, "--", interlock, *arguments]
    os.execv(sys.executable, words)  # noqa: S606 - no shell, and the words are a list


def _begin(arguments: Sequence[str]) -> int:
    """In this process: it becomes the local target, and does not return. In the copy: a pipe, in which that one will say the
    environment."""
    sys.stdout.flush()
    sys.stderr.flush()
    read, write = os.pipe()
    if pid := os.fork():
        os.set_inheritable(write, True)
        _become(arguments, "--waiting", f"{pid}:{write}")
    os.close(write)
    os.setsid()  # as `local run` has its commands
    _end_with_parent()
    return read


def _go_on(read: int) -> None:
    """Waits for the environment, and takes it."""
    with os.fdopen(read, encoding="utf-8") as said:
        environ = said.read()
    if not environ:  # it did not start, and has said why
        os._exit(0)
    os.environ.clear()
    os.environ.update(json.loads(environ))


def _end_with_parent() -> None:
    """The watcher of a killed `local run` knows what that has started by its environment, which this was not started with."""
    import ctypes  # here, as it takes longer to import than what most commands do with it

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def is_running() -> bool:
    """Whether this command was started under it."""
    return local_url() is not None


def _why() -> str:
    return "it runs, and its variables are gone" if SAID in os.environ else f"Python has no package {PACKAGE} here"
