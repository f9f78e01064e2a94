"""`python -m bench`: what people wait for beside what the tools below take, as docs/benchmarks.md; other parts by name.

Everything is measured several times in turn, in one run on one machine. The local target stands in for Google Cloud, so that
the seconds say nothing about Google: what counts is how many calls are made, and how the ways compare.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from bench import (
    collisions,
    cycle,
    growth,
    guard,
    holds,
    policies,
    policy_command,
    reconcile,
    review,
    setting_up,
    stagger,
    starts,
)
from bench.page import PAGE, write_page
from bench.table import ROUNDS, Comparison, Row, measured
from bench.ways import local_target
from interlock.reading.files import load_catalog
from tools.demo import shortest

ROOT = Path(__file__).parent.parent
LONG = ("setup", "many")
"""Rows that take minutes each, beside those that are always there."""


def main() -> int:
    """Measures the table, or the parts that are named."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("part", nargs="*", help=f"not the table but these: {', '.join([*PARTS])}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"counted runs of each (default {ROUNDS})")
    parser.add_argument("--also", choices=LONG, action="append", default=[], help="long rows, in the table too")
    parser.add_argument("--only", choices=(*ROWS, *LONG), action="append", help="these rows, and the page stays as it is")
    parser.add_argument("--latency", default="0ms", help="made-up latency of the stand-in, to see how the parts scale")
    options = parser.parse_args()
    if unknown := {*options.part} - {*PARTS}:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    os.chdir(ROOT)
    if options.part:
        for part in options.part:
            with nullcontext() if part in WITH_THEIR_OWN else local_target(options.latency):
                PARTS[part](options.rounds, options.latency)
        return 0
    now, load = datetime.now(UTC), os.getloadavg()[0]
    rows = [row for found in _comparisons(options.only or [*ROWS, *options.also]) for row in _said(found, options.rounds)]
    if not options.only:
        write_page(rows, rounds=options.rounds, jobs=len(load_catalog(Path("catalog")).jobs), now=now, load=load)
        print(f"\nwrote {PAGE}")
    return 0


def _comparisons(wanted: Collection[str]) -> Iterator[Comparison]:
    if typed := [name for name in TYPED if name in wanted]:
        backfill = shortest(load_catalog(Path("catalog")))
        with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder, cycle.deployed() as environ:
            for name in typed:
                yield TYPED[name](environ, backfill, Path(folder))
    for name, (latency, comparisons) in ALONE.items():
        if name in wanted:
            for comparison in comparisons:
                with local_target(latency):
                    yield comparison()
    if "many" in wanted:  # last: what it synthesizes is of another catalog
        yield from cycle.many()


def _said(comparison: Comparison, rounds: int) -> list[Row]:
    """Measured, and printed as it comes."""
    rows = measured(comparison, rounds)
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:6.2f} x"
        must = "" if row.way.must is None else f"must {row.way.must:g}{'' if row.keeps else ', missed'}"
        print(f"{row.way.name[:46]:<46} {row.seconds:7.2f} s {ratio:>8}  {must}".rstrip(), flush=True)
    return rows


TYPED: Mapping[str, Callable[[Mapping[str, str], str, Path], Comparison]] = {
    "starts": lambda environ, _, __: starts.starts(environ),
    "synth": lambda _, __, folder: starts.synth(folder),
    "toggle": cycle.toggle,
    "deploy": lambda environ, _, __: cycle.nothing_to_do(environ),
    "setup": lambda _, __, ___: setting_up.setup(),
}
"""Rows of commands. Each gets the environment of a deployed local target, a backfill, and a folder."""
ALONE: Mapping[str, tuple[str, Sequence[Callable[[], Comparison]]]] = {
    "hold": ("0ms", [holds.hold, holds.hold_started]),
    "far": (holds.FAR, [holds.hold_far]),
    "tick": ("0ms", [holds.tick]),
}
"""Rows of our own code, in this process, each on a local target of its own that answers after so long."""
ROWS = (*(name for name in TYPED if name not in LONG), *ALONE)
PARTS: Mapping[str, Callable[[int, str], None]] = {
    "gcloud": lambda _, latency: reconcile.gcloud_on_all(latency),
    "by-hand": reconcile.pause_all,
    "collisions": lambda rounds, _: collisions.measure(rounds),
    "stagger": lambda _, __: stagger.measure(),
    "growth": lambda rounds, _: growth.measure(rounds),
    "review": lambda rounds, _: review.measure(rounds),
    "policies": lambda rounds, _: policies.measure(rounds),
    "policy": lambda rounds, _: policy_command.measure(rounds),
    "guard": guard.measure,
}
"""What is measured apart, each with tables of its own."""
WITH_THEIR_OWN = ("growth",)
"""Parts that bring local targets of their own."""


if __name__ == "__main__":
    sys.exit(main())
