"""What a person waits for: a toggle, and a deploy with nothing to do; beside Terraform alone, which is started already."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.table import Comparison, Way
from bench.ways import INTERLOCK, LOCAL_RUN, Commands, way
from interlock.terminal.cdktf import STACKS as NAMES

STACKS = Path("cdktf.out/local/stacks")
MODES = {"on": "true", "off": "false"}


@contextmanager
def deployed() -> Iterator[Mapping[str, str]]:
    """The environment of commands that act on a local target of their own, on which everything is deployed."""
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        environ = {**os.environ, "INTERLOCK_LOCAL_STATE": f"{folder}/state", "CDKTF_DISABLE_PLUGIN_CACHE_ENV": "1"}
        subprocess.run([INTERLOCK, "deploy"], env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield environ


def toggle(environ: Mapping[str, str], backfill: str, folder: Path) -> Comparison:
    """A backfill on, and off again; each figure is of one of them. `folder` is for what cdktf writes."""

    def typed(name: str, *more: str, must: float | None = None, goal: float | None = None) -> Way:
        lines = [[INTERLOCK, "backfill", mode, *more, backfill] for mode in MODES]
        return way(name, Commands(lines=lines, environ=environ), must=must, goal=goal)

    both = [_variables(backfill, mode) for mode in MODES.values()]
    applies = [_terraform("schedules", "apply", "-auto-approve", *(f"-var={one}" for one in variables)) for variables in both]
    cdktf = [*LOCAL_RUN, "npx", "cdktf", "deploy", "schedules", "--auto-approve", "--output", str(folder / "local")]
    deploys = [[*cdktf, *(word for one in variables for word in ("--var", one))] for variables in both]
    return Comparison(
        floor=way("terraform apply alone, a toggle", Commands(lines=applies, environ=environ, inside=True)),
        ways=[
            typed("interlock backfill on, off", must=1.8, goal=1.4),
            typed("interlock backfill on, off, synthesized anew", "--synth"),
            way("npx cdktf deploy schedules, a toggle", Commands(lines=deploys, environ=environ), must=2.8),
        ],
    )


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
