"""Ways of the table that are commands: each timed as a person has it, and watched below a local target that is there."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.measure import PYTHON, timed
from bench.table import Cost, Way

INTERLOCK = str(Path(PYTHON).parent / "interlock")
LOCAL_RUN = (PYTHON, "-m", "local", "run", "--quiet", "--")
SCHEDULER = "cloudscheduler."
READING = ("get", "list")
SERVING = "import json, os, sys; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"
"""Says the environment below the local target, and keeps that until its input ends."""


def without(path: Path, *words: str) -> list[str]:
    """A command that first removes `path`, of which it would make use: as after an edit."""
    return ["sh", "-c", 'rm -rf "$0" && exec "$@"', str(path), *words]


@dataclass(frozen=True, kw_only=True)
class Commands:
    """Commands, one after the other, or all side by side: what is said of them is of one of them, or of all together."""

    lines: Sequence[Sequence[str]]
    environ: Mapping[str, str]
    together: bool = False
    inside: bool = False
    """The local target's start is not counted."""

    def seconds(self) -> float:
        """Wall seconds."""
        if self.inside:
            return sum(float(self._below(lines)["seconds"]) for lines in self._turns) / len(self._turns)
        return sum(timed([*line], self.environ) for line in self.lines) / len(self.lines)

    def cost(self) -> Cost:
        """The calls and the memory."""
        found = [self._below(lines, "watched") for lines in self._turns]
        counts = [cost_of(one["methods"], one["peak"]) for one in found]
        turns = len(counts)
        return Cost(
            reads=-(-sum(one.reads for one in counts) // turns),
            writes=-(-sum(one.writes for one in counts) // turns),
            others=-(-sum(one.others for one in counts) // turns),
            peak=max((one.peak for one in counts if one.peak is not None), default=None),
        )

    @property
    def _turns(self) -> Sequence[Sequence[Sequence[str]]]:
        return [self.lines] if self.together else [[line] for line in self.lines]

    def _below(self, lines: Sequence[Sequence[str]], *more: str) -> dict[str, Any]:
        words = [*LOCAL_RUN, PYTHON, "-m", "bench.below", json.dumps(lines), *more]
        done = subprocess.run(words, env=dict(self.environ), check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def way(name: str, commands: Commands, *, must: float | None = None, goal: float | None = None) -> Way:
    """The way that these commands are."""
    return Way(name=name, act=commands.seconds, cost=commands.cost, must=must, goal=goal)


def cost_of(methods: Mapping[str, int], peak: float | None = None) -> Cost:
    """What the stand-in has counted, by method."""
    ours = {method: count for method, count in methods.items() if method.startswith(SCHEDULER)}
    reads = sum(count for method, count in ours.items() if method.rpartition(".")[2] in READING)
    total = sum(ours.values())
    return Cost(reads=reads, writes=total - reads, others=sum(methods.values()) - total, peak=peak)


@contextmanager
def local_target(latency: str = "0ms", state: Path | None = None) -> Iterator[None]:
    """A local target, of its own unless a `state` is given, on which this process acts meanwhile."""
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as own:
        run = [*LOCAL_RUN[:-1], "--state", str(state or own), "--latency", latency, "--", PYTHON, "-c", SERVING]
        with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin and process.stdout  # noqa: S101, PT018 - pipes
            with patch.dict(os.environ, json.loads(process.stdout.readline())):
                yield
            process.stdin.close()
