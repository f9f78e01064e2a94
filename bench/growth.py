"""How much more a catalog of many platforms costs: copies of one, 7 and 35 times as many jobs. Linear is as many times as much.

Each platform has a stack of its own, so that a toggle of one costs what it costs alone.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from bench.copies import write_copies
from bench.measure import PYTHON, medians, say, timed
from interlock.reading.files import load_catalog

INTERLOCK = str(Path(PYTHON).parent / "interlock")
ONE, SOME, MANY = 1, 7, 35
"""Copies. Of NBA's 143 jobs that makes 1,001 and 5,005; a region has 5,000 at most: https://cloud.google.com/scheduler/quotas"""
COMMANDS = ("validate", "risk", "timeline")
"""Which ask no cloud and look at all jobs."""


def measure(runs: int, platform: Path, backfill: str) -> None:
    """The tables. To be called outside of a local target."""
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        roots = {number: write_copies(platform, number, Path(folder) / str(number)) for number in (ONE, SOME, MANY)}
        jobs = {number: len(load_catalog(root).jobs) for number, root in roots.items()}
        for command in COMMANDS:
            ways = {
                f"{jobs[n]:,} jobs": partial(timed, [INTERLOCK, command, "--catalog", str(root)]) for n, root in roots.items()
            }
            say(f"interlock {command}, by jobs", medians(ways, runs), f"{jobs[ONE]:,} jobs")
        synths = {f"{jobs[n]:,} jobs": partial(_synth, root, Path(folder) / "out" / str(n)) for n, root in roots.items()}
        say("Synth, by jobs", medians(synths, runs), f"{jobs[ONE]:,} jobs")
        for title, words in (("A deploy with nothing to do", ["deploy"]), ("Turning a backfill on again", [])):
            ways = {
                f"{jobs[n]:,} jobs": partial(_deployed, Path(folder) / f"state{n}", roots[n], words, f"{backfill}-1")
                for n in (ONE, SOME)
            }
            say(f"{title}, by jobs", medians(ways, runs), f"{jobs[ONE]:,} jobs")


def _synth(root: Path, output: Path) -> float:
    environ = {**os.environ, "INTERLOCK_CATALOG": str(root), "CDKTF_OUTDIR": str(output / "local")}
    return timed([PYTHON, "main.py"], environ)


def _deployed(state: Path, root: Path, words: list[str], backfill: str) -> float:
    """Of a command on a cloud on which all of it is deployed: with this run, where it is the first."""
    environ = {**os.environ, "INTERLOCK_LOCAL_STATE": str(state)}
    run = partial(subprocess.run, env=environ, check=True, capture_output=True)
    if not state.exists():
        run([INTERLOCK, "deploy", "--catalog", str(root)])
    asked = [INTERLOCK, *(words or ["backfill", "on", backfill, "--for", "9h"]), "--catalog", str(root)]
    subprocess.run([INTERLOCK, "synth", "--catalog", str(root)], env=environ, check=True, capture_output=True)
    return timed(asked, environ)
