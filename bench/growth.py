"""How much more a catalog of many platforms costs: copies of one, 7 and 35 times as many jobs. Linear is as many times more."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path

from bench.copies import write_copies
from bench.measure import PYTHON, medians, say, timed
from interlock.reading.files import load_catalog

INTERLOCK = str(Path(PYTHON).parent / "interlock")
ROOT = Path("catalog")
COPIES = (1, 7, 35)
"""Of NBA's 143 jobs that makes 1,001 and 5,005; a region has 5,000 at most: https://cloud.google.com/scheduler/quotas"""
COMMANDS = ("validate", "risk", "timeline")
"""Which ask no cloud and look at all jobs."""


def measure(runs: int) -> None:
    """A table for each command, and one for the synth."""
    platform = ROOT / min(load_catalog(ROOT).platforms)
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        roots = [write_copies(platform, number, Path(folder) / str(number)) for number in COPIES]
        named = {f"{len(load_catalog(root).jobs):,} jobs": root for root in roots}
        for command in COMMANDS:
            ways = {jobs: partial(timed, [INTERLOCK, command, "--catalog", str(root)]) for jobs, root in named.items()}
            say(f"interlock {command}, by jobs", medians(ways, runs), next(iter(named)))
        synths = {jobs: partial(_synth, root, root.with_name(f"out-{root.name}")) for jobs, root in named.items()}
        say("Synth, by jobs", medians(synths, runs), next(iter(named)))


def _synth(root: Path, output: Path) -> float:
    environ = {**os.environ, "INTERLOCK_CATALOG": str(root), "CDKTF_OUTDIR": str(output / "local")}
    return timed([PYTHON, "main.py"], environ)
