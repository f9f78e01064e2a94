"""How much more a catalog of many platforms costs: copies of one, 7 and 35 times as many jobs. Linear is as many times more.

Each size is deployed to a local target of its own, one after the other: ratios between them want a quiet machine.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.copies import write_copies
from bench.cycle import MODES, deployed
from bench.measure import PYTHON
from bench.page import Grown, write_growth
from bench.reconcile import outside_of
from bench.ways import INTERLOCK, local_target, without
from interlock.board.keeping import keep
from interlock.gcp.shelf import GoogleShelf
from interlock.reading.files import load_catalog, load_environment
from interlock.runtime.operations import serve
from interlock.runtime.requests import ReconcileRequest
from tools.demo import shortest

ROOT, ENVIRONMENTS = Path("catalog"), Path("environments")
ROUNDS = {1: 5, 7: 3, 35: 1}
"""How often each is measured, by how many copies there are: with the most a plan takes minutes. Of NBA's 143 jobs they make
1,001 and 5,005; a region has 5,000 at most: https://cloud.google.com/scheduler/quotas"""
FINDINGS, CHANGES = 1, 2
"""As what a review exits that has found something, and a plan that has something to do."""
SCHEDULE = re.compile(r'schedule: "(\d+) ')


def measure(runs: int) -> None:
    """Prints each figure as it comes, and writes the table into the page. `runs` limits the rounds."""
    now, found = datetime.now(UTC), dict[str, dict[int, float]]()
    platform = ROOT / min(load_catalog(ROOT).platforms)
    rounds = {copies: min(runs, most) for copies, most in ROUNDS.items()}
    for copies, times in rounds.items():
        with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
            root = write_copies(platform, copies, Path(folder) / "catalog")
            jobs = len(load_catalog(root).jobs)
            for work, act in _works(root, Path(folder)):
                found.setdefault(work, {})[jobs] = seconds = statistics.median(act() for _ in range(times))
                print(f"{work:<32} {jobs:>6,} jobs {seconds:8.2f} s {1000 * seconds / jobs:8.1f} ms a job", flush=True)
    write_growth([Grown(work=work, seconds=seconds) for work, seconds in found.items()], rounds=[*rounds.values()], now=now)


def _works(root: Path, folder: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """What people and the coordinator do with a catalog: first what asks no cloud, then on a target where it is deployed."""
    plain = {**os.environ, "INTERLOCK_CATALOG": str(root)}
    before = _other_minute(root, folder / "before")
    yield "validate", partial(_timed, plain, INTERLOCK, "validate")
    yield "review of one change", partial(_timed, plain, INTERLOCK, "review", "--base", str(before), or_else=FINDINGS)
    yield "risk", partial(_timed, plain, INTERLOCK, "risk")
    out = folder / "out" / "local"
    yield "synth", partial(_timed, {**plain, "CDKTF_OUTDIR": str(out)}, *without(out, PYTHON, "main.py"))
    with deployed(root) as environ:
        backfill = shortest(load_catalog(root))

        def toggle() -> float:
            return sum(_timed(environ, INTERLOCK, "backfill", mode, backfill) for mode in MODES) / len(MODES)

        yield "plan", partial(_timed, environ, INTERLOCK, "plan", or_else=CHANGES)
        yield "backfill on, off, of one platform", toggle
        yield "status", partial(_timed, environ, INTERLOCK, "status")
        yield "board", partial(_timed, environ, INTERLOCK, "board", "--out", str(folder / "board.html"))
        with local_target(state=Path(environ["INTERLOCK_LOCAL_STATE"])):
            env = load_environment(ENVIRONMENTS, "local")
            outside, shelf = outside_of(env.project, env.bucket), GoogleShelf(env.project, env.bucket)

            def tick() -> float:
                began = time.monotonic()
                keep(shelf, serve(outside, ReconcileRequest()), env.project)
                return time.monotonic() - began

            tick()  # an instance's first one reads each declaration, too
            yield "tick, nothing to do", tick


def _other_minute(root: Path, into: Path) -> Path:
    """A copy of a catalog in which the first job with a minute of its own has another one."""
    for file in sorted(root.rglob("*.yaml")):
        (copied := into / file.relative_to(root)).parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(file.read_bytes())
    for file in sorted(into.rglob("*.yaml")):
        changed, count = SCHEDULE.subn(_later, text := file.read_text(encoding="utf-8"), count=1)
        if count and changed != text:
            file.write_text(changed, encoding="utf-8")
            break
    return into


def _later(found: re.Match[str]) -> str:
    return f'schedule: "{(int(found[1]) + 1) % 60} '


def _timed(environ: Mapping[str, str], *words: str, or_else: int = 0) -> float:
    """Wall seconds of a command that ends well, with 0 or that."""
    began = time.monotonic()
    done = subprocess.run(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, or_else):
        raise SystemExit(f"bench: {' '.join(words)} exits with {done.returncode}: {done.stderr}")
    return time.monotonic() - began
