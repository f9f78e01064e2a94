"""The stacks, synthesized by the cdktf app: the tools that it needs, and where its output goes."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.shares import SCHEDULES, shares
from interlock.terminal import machine, synthesized
from interlock.terminal.process import run
from interlock.terminal.progress import StackLine
from interlock.terminal.tables import say

F = TypeVar("F", bound=Callable[..., object])

FIRST, LAST = "coordination", "alerting"
STACKS = (FIRST, SCHEDULES, LAST)
"""Of a catalog of one platform; `stacks_of` has those of any. In the order of deployment, and backwards in that of destruction.
No stack depends on another in Terraform's sense: names are deterministic."""
OUT = Path("cdktf.out")
LEFTOVER = "leftover"
"""The file in the folder of a stack that is no more, beside those that are synthesized."""


def check_tools() -> None:
    """CloudError that says what a deploy lacks here whatever it does, and what to install. Which Terraform it is is looked at
    where one begins in a folder, Node.js where something is synthesized; the cdktf command line is for who types it."""
    is_there = shutil.which(machine.terraform_binary())
    refuse(*([] if is_there else [machine.terraform()]), machine.disk())


def refuse(*findings: machine.Finding) -> None:
    """CloudError that says which of them are wrong, if any are."""
    if lacking := [finding for finding in findings if finding.wrong]:
        raise CloudError("; ".join(f"{one.what} {one.found or 'is missing'}: {one.advice}" for one in lacking))


def stacks_of(catalog: Catalog) -> tuple[str, ...]:
    """The stacks that a catalog becomes, in the order of deployment."""
    return (FIRST, *(share.stack for share in shares(catalog)), LAST)


def output_folder(environment: Environment) -> Path:
    """Where an environment's stacks are synthesized; never shared between environments."""
    return OUT / environment.name


def synth_option(command: F) -> F:
    """--synth."""
    return click.option("--synth", is_flag=True, help="Synthesize also where nothing has changed since the last time.")(command)


def synthesize_if_changed(environment: Environment, root: Path, *, force: bool = False, verbose: bool = False) -> None:
    """As `synthesize`, unless the stacks that lie there are of the same catalog, code and settings, and as they were written:
    then `verbose` says so. `force` synthesizes all the same."""
    folder = output_folder(environment)
    forget_leftovers(folder)
    if force or not synthesized.is_fresh(folder, synthesized.inputs(root, environment.name, os.environ)):
        synthesize(environment, root)
        return
    synthesized.forget_imports(folder)
    if verbose:
        say(f"nothing has changed since {folder}/ was synthesized, so that is used; anew: --synth")


def is_leftover(stack: Path) -> bool:
    """Whether that is the folder of a stack that is no more."""
    return (stack / LEFTOVER).exists()


def forget_leftovers(folder: Path) -> None:
    """Removes what `leftovers.py` has written of stacks that no synth writes."""
    for file in folder.glob(f"stacks/*/{LEFTOVER}"):
        shutil.rmtree(file.parent)


def synthesize(environment: Environment, root: Path) -> None:
    """Writes the stacks' JSON of the catalog in `root` once, with the app itself: `cdktf synth` does the same and takes seconds
    to start. Exits on failure, the app having said why; CloudError without a Node.js for it."""
    refuse(machine.node())
    folder = output_folder(environment)
    settings = {"INTERLOCK_ENV": environment.name, "INTERLOCK_CATALOG": str(root), "CDKTF_OUTDIR": str(folder)}
    synthesized.forget(folder)  # else the app leaves what is there
    with StackLine("stacks").while_it_lasts("synthesizing"):
        ended = run([sys.executable, str(synthesized.APP)], {**os.environ, **settings}, stop_with=signal.SIGTERM)
    if ended.code != 0:
        click.get_current_context().exit(ended.code if ended.code > 0 else 128 - ended.code)
