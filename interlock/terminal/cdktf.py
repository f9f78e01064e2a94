"""The stacks, synthesized by the cdktf app: the tools that it needs, and where its output goes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import click

from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.terminal import machine
from interlock.terminal.process import run
from interlock.terminal.progress import StackLine

STACKS = ("coordination", "schedules", "alerting")
"""In the order of deployment, and backwards in that of destruction. No stack depends on another in Terraform's sense: names
are deterministic."""
OUT = Path("cdktf.out")


def check_tools() -> None:
    """CloudError that says all that a deploy lacks here, and what to install. It runs Terraform and the cdktf library; the
    cdktf command line is for who types it."""
    findings = [machine.terraform(), machine.node(), machine.disk()]
    if lacking := [finding for finding in findings if finding.wrong]:
        raise CloudError("; ".join(f"{one.what} {one.found or 'is missing'}: {one.advice}" for one in lacking))


def output_folder(environment: Environment) -> Path:
    """Where an environment's stacks are synthesized; never shared between environments."""
    return OUT / environment.name


def synthesize(environment: Environment, root: Path) -> None:
    """Writes the stacks' JSON of the catalog in `root` once, with the app itself: `cdktf synth` does the same and takes seconds
    to start. Exits on failure, the app having said why."""
    settings = {
        "INTERLOCK_ENV": environment.name,
        "INTERLOCK_CATALOG": str(root),
        "CDKTF_OUTDIR": str(output_folder(environment)),
    }
    with StackLine("stacks").while_it_lasts("synthesizing"):
        ended = run([sys.executable, "main.py"], {**os.environ, **settings}, stop_with=signal.SIGTERM)
    if ended.code != 0:
        click.get_current_context().exit(ended.code if ended.code > 0 else 128 - ended.code)
