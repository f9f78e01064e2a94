"""The stacks, synthesized by the cdktf app: the tools that it needs, and where its output goes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click

from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.terminal.process import run

STACKS = ("coordination", "schedules", "alerting")
"""In the order of deployment, and backwards in that of destruction. No stack depends on another in Terraform's sense: names
are deterministic."""
NODE_MAJORS = (20, 22)
"""cdktf-cli 0.21 has no prebuilt pty module for newer ones and crashes at start."""
OUT = Path("cdktf.out")
TERRAFORM_VARIABLE = "TERRAFORM_BINARY_NAME"
"""cdktf's own, for the name or the path of Terraform's binary."""


def terraform_binary() -> str:
    """How Terraform is called here."""
    return os.environ.get(TERRAFORM_VARIABLE) or "terraform"


def check_tools() -> None:
    """CloudError that says what to install when terraform or node, on which the cdktf library runs, is missing."""
    if shutil.which(terraform_binary()) is None:
        raise CloudError(
            "terraform is not on the PATH; install Terraform 1.9 or newer: developer.hashicorp.com/terraform/install"
        )
    if shutil.which("node") is None:
        raise CloudError("node is not on the PATH; install Node.js 20 or 22: nodejs.org")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = re.match(r"v(\d+)\.", version)
    if major is None or int(major[1]) not in NODE_MAJORS:
        raise CloudError(f"node {version} can't run cdktf-cli 0.21; install Node.js 20 or 22: nodejs.org")


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
    ended = run([sys.executable, "main.py"], {**os.environ, **settings}, stop_with=signal.SIGTERM)
    if ended.code != 0:
        click.get_current_context().exit(ended.code if ended.code > 0 else 128 - ended.code)
