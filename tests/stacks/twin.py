"""A provider-free twin of the stack `schedules`: its real expressions, with the bucket and the clock put in by hand."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacks.cdk import TERRAFORM_VERSION
from stacks.guards import REPLACE_CATALOG
from stacks.held import INPUTS
from tests.providers import TERRAFORM

VARIABLES = ("backfill_mode", "backfills", "backfill_until", "backfill_reason", "backfill_owner")


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run terraform in `folder`, with nothing of this shell's that would change what it says."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "CDKTF_"))}
    environ |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "GOGC": "400"}  # GOGC: memory for speed
    command = [TERRAFORM, *arguments, "-no-color"]
    return subprocess.run(command, cwd=folder, env=environ, text=True, capture_output=True, check=False)


def check_run(folder: Path, *arguments: str) -> str:
    """The output of a terraform command that has to succeed."""
    done = terraform(folder, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write(folder: Path, configuration: Mapping[str, Any]) -> None:
    """`configuration` as the one file of a Terraform module."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf.json").write_text(json.dumps(configuration, indent=1), encoding="utf-8")


def evaluate(schedules: Mapping[str, Any], cases: Mapping[str, Any], wanted: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """What the stack's expressions say for each case, in one run of terraform.

    A case gives a value for each of the inputs and for each of the variables. `wanted` are the expressions to return.
    """
    # One variable for all inputs and one output: what a case costs is the number of its nodes in Terraform's graph.
    module = {
        "variable": {"inputs": {}, REPLACE_CATALOG: schedules["variable"][REPLACE_CATALOG]}
        | {name: {"type": schedules["variable"][name]["type"]} for name in VARIABLES},
        "locals": schedules["locals"] | {name: f"${{var.inputs.{name}}}" for name in INPUTS},
        "output": {"said": {"value": dict(wanted)}},
    }
    arguments = {name: f"${{each.value.{name}}}" for name in VARIABLES} | {"inputs": "${each.value}"}
    root = {
        "locals": {"cases": '${jsondecode(file("cases.json"))}'},
        "module": {"case": {"source": "./twin", "for_each": "${local.cases}"} | arguments},
        "output": {"said": {"value": "${{for name, case in module.case : name => case.said}}"}},
    }
    write(folder / "twin", module)
    write(folder, root)
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    check_run(folder, "init", "-input=false")
    check_run(folder, "plan", "-input=false", "-out=plan")
    shown = json.loads(check_run(folder, "show", "-json", "plan"))
    return dict(shown["planned_values"]["outputs"]["said"]["value"])


def planned(schedules: Mapping[str, Any], inputs: Mapping[str, Any], folder: Path) -> Path:
    """The twin as a root module of its own, initialized: variables with validations, guard, check and outputs as they are."""
    write(
        folder,
        {
            "terraform": {"required_version": TERRAFORM_VERSION},
            "variable": schedules["variable"],
            "locals": schedules["locals"] | inputs,
            "resource": {"terraform_data": schedules["resource"]["terraform_data"]},
            "check": schedules["check"],
            "output": schedules["output"] | {"held": {"value": "${local.held}"}, "said": {"value": "${local.said}"}},
        },
    )
    check_run(folder, "init", "-input=false")
    return folder
