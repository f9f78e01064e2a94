"""Starts the local target for a command that acts on it, as `python -m local run -- COMMAND` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from interlock.gcp import CloudError, local_url

SAID = "INTERLOCK_LOCAL_SAYS"
"""Set by `local run --quiet` for its command, which then says it: how the local target came to run, and where its state is."""
PACKAGE = "local"


def where(environment_where: str) -> str:
    """The first line of a command on the local target."""
    said = os.environ.get(SAID)
    return f"{environment_where}: {said}" if said else environment_where


def run_with_local_target(arguments: Sequence[str]) -> NoReturn:
    """Becomes `python -m local run -- interlock ARGUMENTS`, so that signals, the terminal and the exit code are that one's."""
    if SAID in os.environ or find_spec(PACKAGE) is None:
        raise CloudError(f"the local target did not start: {_why()}; try: .venv/bin/python -m local run -- env")
    interlock = str(Path(sys.executable).with_name("interlock"))
    words = [sys.executable, "-m", PACKAGE, "run", "--quiet", "--", interlock, *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, words)  # noqa: S606 - no shell, and the words are a list


def is_running() -> bool:
    """Whether this command was started under it."""
    return local_url() is not None


def _why() -> str:
    return "it runs, and its variables are gone" if SAID in os.environ else f"Python has no package {PACKAGE} here"
