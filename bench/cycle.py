"""What a person waits for: a toggle, and a deploy with nothing to do; beside Terraform alone, which is started already.

Also toggles of a catalog of many platforms: of one of them, and of all at once.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.copies import write_copies
from bench.table import Comparison, Way
from bench.ways import INTERLOCK, LOCAL_RUN, Commands, way, without
from interlock.reading.files import load_catalog
from interlock.shares import SCHEDULES
from interlock.terminal.cdktf import STACKS as NAMES
from interlock.terminal.synthesized import FILE
from tools.demo import shortest

STACKS = Path("cdktf.out/local/stacks")
MODES = {"on": "true", "off": "false"}
COPIES = 7
"""Platforms where there are many: of NBA's 143 jobs that makes 1,001."""


@contextmanager
def deployed(catalog: Path = Path("catalog")) -> Iterator[Mapping[str, str]]:
    """The environment of commands that act on a local target of their own, on which all of a catalog is deployed. What is
    synthesized lies where it always does: one catalog at a time."""
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        own = {"INTERLOCK_LOCAL_STATE": f"{folder}/state", "CDKTF_DISABLE_PLUGIN_CACHE_ENV": "1"}
        environ = {**os.environ, **own, "INTERLOCK_CATALOG": str(catalog)}
        subprocess.run([INTERLOCK, "deploy"], env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield environ


def toggle(environ: Mapping[str, str], backfill: str, folder: Path) -> Comparison:
    """A backfill on, and off again; each figure is of one of them. `folder` is for what cdktf writes."""

    def typed(name: str, *more: str, must: float | None = None, goal: float | None = None) -> Way:
        lines = [[INTERLOCK, "backfill", mode, *more, backfill] for mode in MODES]
        return way(name, Commands(lines=lines, environ=environ), must=must, goal=goal)

    both = [_variables(backfill, mode) for mode in MODES.values()]
    applies = [_terraform("schedules", "apply", "-auto-approve", *(f"-var={one}" for one in variables)) for variables in both]
    cdktf = [*LOCAL_RUN, "cdktf", "deploy", "schedules", "--auto-approve", "--output", str(folder / "local")]
    deploys = [[*cdktf, *(word for one in variables for word in ("--var", one))] for variables in both]
    anew = [without(folder / "local" / FILE, *words) for words in deploys]
    return Comparison(
        floor=way("terraform apply alone, a toggle", Commands(lines=applies, environ=environ, inside=True)),
        ways=[
            typed("interlock backfill on, off", must=1.8, goal=1.4),
            typed("interlock backfill on, off, synthesized anew", "--synth"),
            way("cdktf deploy schedules, a toggle", Commands(lines=deploys, environ=environ), must=2.8),
            way("cdktf deploy schedules, synthesized anew", Commands(lines=anew, environ=environ)),
        ],
    )


def many() -> Iterator[Comparison]:
    """A backfill on and off again where there are `COPIES` platforms: of one of them, and of all in one command."""
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        root = write_copies(Path("catalog") / min(load_catalog(Path("catalog")).platforms), COPIES, Path(folder) / "catalog")
        catalog = load_catalog(root)
        named = sorted(catalog.backfills.values(), key=lambda backfill: backfill.platform)
        first = shortest(catalog).removesuffix("-1")
        backfills = {one.platform: one.name for one in named if one.name.rpartition("-")[0] == first}
        with deployed(root) as environ:
            for which in ([min(backfills)], [*backfills]):
                title = f"{len(which)} of {COPIES} platforms, {len(catalog.jobs):,} jobs"
                yield _toggled(environ, title, {f"{SCHEDULES}-{one}": backfills[one] for one in which})


def _toggled(environ: Mapping[str, str], title: str, backfills: Mapping[str, str]) -> Comparison:
    """Of these stacks, each with its backfill."""
    lines = [[INTERLOCK, "backfill", mode, *backfills.values()] for mode in MODES]
    typed = Commands(lines=lines, environ=environ)
    ways = [way(f"interlock backfill on, off: {title}", typed, must=1.8, goal=1.4)]
    return Comparison(floor=Way(name=f"terraform apply alone: {title}", act=partial(_applied, environ, backfills)), ways=ways)


def _applied(environ: Mapping[str, str], backfills: Mapping[str, str]) -> float:
    """Wall seconds of a toggle, on or off: Terraform alone, of the stacks side by side."""
    taken = [
        Commands(
            lines=[
                _terraform(stack, "apply", "-auto-approve", *(f"-var={one}" for one in _variables(backfill, mode)))
                for stack, backfill in backfills.items()
            ],
            environ=environ,
            together=True,
            inside=True,
        ).seconds()
        for mode in MODES.values()
    ]
    return sum(taken) / len(taken)


def nothing_to_do(environ: Mapping[str, str]) -> Comparison:
    """A deploy of what is deployed."""
    plans = Commands(lines=[_terraform(name, "plan") for name in NAMES], environ=environ, together=True, inside=True)
    return Comparison(
        floor=way("three terraform plans side by side", plans),
        ways=[
            way("interlock deploy, nothing to do", Commands(lines=[[INTERLOCK, "deploy"]], environ=environ), must=1.5),
            way("interlock deploy, synthesized anew", Commands(lines=[[INTERLOCK, "deploy", "--synth"]], environ=environ)),
        ],
    )


def _variables(backfill: str, mode: str) -> Sequence[str]:
    return f"backfill_mode={mode}", f'backfills=["{backfill}"]'


def _terraform(stack: str, command: str, *words: str) -> list[str]:
    return ["terraform", f"-chdir={STACKS / stack}", command, "-input=false", *words]
