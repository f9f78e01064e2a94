"""docs/benchmarks.md: what `make bench` measured, when, and on which machine."""

from __future__ import annotations

import os
import platform
import subprocess
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.table import READS_A_MINUTE, WRITES_A_MINUTE, Row, costs, times
from interlock.terminal import machine
from interlock.terminal.written import write

PAGE = Path("docs/benchmarks.md")
WIDTH = 120
RATIOS = """\
The ways take turns, so that a machine that slows down slows all of them. Each work stands beside a floor: what the tool below
takes for the same without us. So read the ratios; the seconds are of this machine, and of the stand-in for Google Cloud, which
answers in a millisecond. What is typed is timed as people have it, with the start of the stand-in, which the floors are
without."""
CALLS = f"""\
Calls of one run. Cloud Scheduler takes {READS_A_MINUTE:,} reads and {WRITES_A_MINUTE:,} writes a minute
([quotas](https://cloud.google.com/scheduler/quotas)); the shares are of these. Other calls go to Cloud Storage, IAM, Logging
and Monitoring. Memory is what all processes have together at most, without the stand-in; of the tick it is the coordinator's.
"""
CPUS, MEMORY = Path("/proc/cpuinfo"), Path("/proc/meminfo")


def write_page(rows: Sequence[Row], *, rounds: int, jobs: int, now: datetime, load: float) -> None:
    """Writes it anew. `load` is what the machine had to do when it began, as `uptime` has it."""
    write(PAGE, text_of(rows, rounds=rounds, jobs=jobs, now=now, load=load))


def text_of(rows: Sequence[Row], *, rounds: int, jobs: int, now: datetime, load: float) -> str:
    """The page."""
    wrote = (
        f"`make bench` wrote this page on {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC, of commit {_commit()} and a catalog of "
        f"{jobs} jobs, on {_machine()}. As it began the machine's load was {load:.1f}. Medians of {rounds} rounds."
    )
    parts = ["# How long things take", _filled(wrote), _filled(RATIOS), *_table(times(rows))]
    parts += ["## What it asks of Google, and of the machine", _filled(CALLS), *_table(costs(rows))]
    return "\n\n".join(parts) + "\n"


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _table(lines: Sequence[str]) -> list[str]:
    return ["\n".join(lines)] if lines[2:] else []


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _machine() -> str:
    tools = ", ".join(f"{one.what} {one.found}" for one in (machine.terraform(), machine.node()))
    return f"{os.cpu_count()} cores{_model()}{_memory()}, Python {platform.python_version()}, {tools}"


def _model() -> str:
    lines = CPUS.read_text(errors="replace").splitlines() if CPUS.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f" of {names[0]}" if names else ""


def _memory() -> str:
    if not MEMORY.exists():
        return ""
    return f", {int(MEMORY.read_text().split()[1]) / 2**20:.0f} GiB"
