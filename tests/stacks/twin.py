"""A provider-free twin of the stack `schedules`: its real expressions, with the bucket and the clock put in by hand."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacks.cdk import TERRAFORM_VERSION
from stacks.guards import REPLACE_CATALOG
from stacks.held import INPUTS
from tests.providers import TERRAFORM

VARIABLES = ("backfill_mode", "backfills", "backfill_until", "backfill_reason", "backfill_owner")
CONVERSIONS = {"bool": "tobool", "string": "tostring", "set(string)": "toset"}
"""What a variable of a type does with its value."""


def terraform(folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run terraform in `folder`, with nothing of this shell's that would change what it says, and with this at its stdin."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "CDKTF_"))}
    environ |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    colors = [] if typed else ["-no-color"]
    command = [TERRAFORM, *arguments, *colors]
    return subprocess.run(command, cwd=folder, env=environ, input=typed, text=True, capture_output=True, check=False)


def check_run(folder: Path, *arguments: str, typed: str = "") -> str:
    """The output of a terraform command that has to succeed."""
    done = terraform(folder, *arguments, typed=typed)
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
    # Each local is one of all cases: as instances of a module they would be cases x locals nodes of Terraform's graph, which
    # takes it longer than what they say. And the console is asked: a plan would work them all out twice.
    types = {name: schedules["variable"][name]["type"] for name in VARIABLES}
    given = {name: f"{CONVERSIONS[kind]}(case.{name})" for name, kind in types.items()}
    defaults = {REPLACE_CATALOG: json.dumps(schedules["variable"][REPLACE_CATALOG]["default"])}
    variables = ", ".join(f"{name} = {value}" for name, value in {**given, **defaults}.items())
    said = ", ".join(f"{name} = {_of_one_case(expression)}" for name, expression in wanted.items())
    root = {
        "locals": {name: _of_all_cases(_of_one_case(expression)) for name, expression in schedules["locals"].items()}
        | {name: _of_all_cases(f"case.{name}") for name in INPUTS}
        | {"cases": '${jsondecode(file("cases.json"))}', "variables": _of_all_cases(f"{{{variables}}}")}
        | {"wanted": _of_all_cases(f"{{{said}}}")},
    }
    write(folder, root)
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    done = terraform(folder, "console", typed="base64encode(jsonencode(local.wanted))\n")
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(base64.b64decode(done.stdout.strip().strip('"'), validate=True)))


def _of_all_cases(expression: str) -> str:
    return f"${{{{for number, case in local.cases : number => {expression}}}}}"


def _of_one_case(expression: object) -> str:
    """The inside of an expression, with what it refers to in the place of one case."""
    if not isinstance(expression, str):
        return json.dumps(expression)
    inside = re.fullmatch(r"\$\{(.*)\}", expression, re.DOTALL)
    assert inside, expression
    assert not re.search(r"\b(number|case|each)\b|local\.(cases|variables)\b", expression), expression
    return re.sub(r"\bvar\.(\w+)", r"local.variables[number].\1", re.sub(r"\blocal\.(\w+)", r"local.\1[number]", inside[1]))


def planned(schedules: Mapping[str, Any], inputs: Mapping[str, Any], folder: Path) -> Path:
    """The twin as a root module of its own, which needs no provider: validations, guard, check and outputs as they are."""
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
    return folder
