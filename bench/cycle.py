"""What a person waits for: a toggle, a deploy with nothing to do, a first deploy; beside Terraform alone, without a start."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bench.measure import PYTHON, medians, say, timed

INTERLOCK = str(Path(PYTHON).parent / "interlock")
STACKS = Path("cdktf.out/local/stacks")
TIMES = "import subprocess, sys, time; began = time.monotonic(); code = subprocess.run(sys.argv[1:], stdout=2).returncode; " \
    "print(time.monotonic() - began); sys.exit(code)"  # fmt: skip
"""Runs a command below the local target, and says how long that took without its start."""


def measure(runs: int, backfill: str) -> None:
    """The three tables, on clouds of their own. To be called outside of a local target."""
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as state:
        environ = {**os.environ, "INTERLOCK_LOCAL_STATE": state}
        _interlock(environ, "deploy")
        toggles: dict[str, Callable[[], float]] = {"terraform apply alone": partial(_applies, environ, backfill)}
        toggles |= _toggles(environ, backfill)
        say(f"{backfill} on and off, as typed, halved", medians(toggles, runs), "terraform apply alone")
        ways: dict[str, Callable[[], float]] = {
            "three terraform plans, one after the other": partial(_plans, environ),
            "interlock deploy, nothing to do": partial(_interlock, environ, "deploy"),
            "the same, synthesized anew": partial(_interlock, environ, "deploy", "--synth"),
        }
        say("A deploy with nothing to do", medians(ways, runs), "three terraform plans, one after the other")
        first: dict[str, Callable[[], float]] = {"interlock deploy, of everything": _first}
        first |= {"the same again": partial(_interlock, environ, "deploy")}
        say("A first deploy", medians(first, runs), "the same again")


def _toggles(environ: Mapping[str, str], backfill: str) -> dict[str, Callable[[], float]]:
    def both(*more: str) -> float:
        return sum(_interlock(environ, "backfill", mode, *more, backfill) for mode in ("on", "off")) / 2

    return {"interlock backfill": both, "the same, synthesized anew": partial(both, "--synth")}


def _first() -> float:
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as state:
        return _interlock({**os.environ, "INTERLOCK_LOCAL_STATE": state}, "deploy")


def _interlock(environ: Mapping[str, str], *words: str) -> float:
    return timed([INTERLOCK, *words], environ)


def _applies(environ: Mapping[str, str], backfill: str) -> float:
    asked = ["-auto-approve", f'-var=backfills=["{backfill}"]']
    return (
        sum(_terraform(environ, "schedules", "apply", *asked, f"-var=backfill_mode={mode}") for mode in ("true", "false")) / 2
    )


def _plans(environ: Mapping[str, str]) -> float:
    return sum(_terraform(environ, stack, "plan") for stack in ("coordination", "schedules", "alerting"))


def _terraform(environ: Mapping[str, str], stack: str, *words: str) -> float:
    command = ["terraform", f"-chdir={STACKS / stack}", words[0], "-input=false", *words[1:]]
    run = [PYTHON, "-m", "local", "run", "--quiet", "--", PYTHON, "-c", TIMES, *command]
    return float(subprocess.run(run, env=dict(environ), check=True, capture_output=True, text=True).stdout)
