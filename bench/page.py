"""docs/benchmarks.md: what `make bench` measured, when, and on which machine.

Its last section, about growth, takes much longer and is written apart: each keeps what the other wrote.
"""

from __future__ import annotations

import os
import platform
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
GROWTH = "## Growth"
GROWN = """\
Of copies of one platform, each a platform of its own, as a person or a timer waits for it: seconds, and milliseconds a job. The
sizes come one after the other, so that a machine that slows down slows one of them."""
CPUS, MEMORY = Path("/proc/cpuinfo"), Path("/proc/meminfo")


@dataclass(frozen=True, kw_only=True)
class Grown:
    """What was measured of a work: the median of its seconds, by jobs."""

    work: str
    seconds: Mapping[int, float]


def write_page(rows: Sequence[Row], *, rounds: int, jobs: int, now: datetime, load: float) -> None:
    """Writes it anew, but for growth. `load` is what the machine had to do when it began, as `uptime` has it."""
    _, section, growth = _there()
    write(PAGE, text_of(rows, rounds=rounds, jobs=jobs, now=now, load=load) + section + growth)


def write_growth(works: Sequence[Grown], *, rounds: Sequence[int], now: datetime) -> None:
    """Writes that section anew, and leaves the others as they are."""
    before, _, _ = _there()
    write(PAGE, before + growth_of(works, rounds=rounds, now=now))


def growth_of(works: Sequence[Grown], *, rounds: Sequence[int], now: datetime) -> str:
    """The section."""
    sizes = sorted({jobs for one in works for jobs in one.seconds})
    each = [f"{times} round{'' if times == 1 else 's'} of {jobs:,} jobs" for jobs, times in zip(sizes, rounds, strict=True)]
    wrote = (
        f"`.venv/bin/python -m bench growth` wrote this section on {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC, of commit"
        f" {_commit()}, on {_machine()}. Medians of {', '.join(each)}."
    )
    head = " | ".join(f"{jobs:,} jobs, s | ms a job" for jobs in sizes)
    lines = [f"| work | {head} |", "| --- |" + " ---: |" * 2 * len(sizes)]
    for one in works:
        figures = (f"{one.seconds[jobs]:.2f} | {1000 * one.seconds[jobs] / jobs:.1f}" for jobs in sizes)
        lines.append(f"| {one.work} | {' | '.join(figures)} |")
    return "\n\n".join(["", GROWTH, _filled(GROWN), _filled(wrote), *_table(lines)]).removeprefix("\n") + "\n"


def _there() -> tuple[str, str, str]:
    """The page as it lies there: before its section about growth, that one's heading, and what follows that."""
    before, section, growth = (PAGE.read_text(encoding="utf-8") if PAGE.exists() else "").partition(f"\n{GROWTH}\n")
    return before, section, growth


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
