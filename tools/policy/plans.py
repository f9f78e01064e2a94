"""Plans of the stacks on the local target, where nothing is deployed: `python -m tools.policy.plans FOLDER`, under `local run`.

The first stack is applied too, as `make deploy` does: the plan of the jobs lists the flags and holds in its bucket.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from interlock.gcp.project import GoogleProject
from interlock.pasted import LOCAL
from interlock.reading.files import load_catalog, load_environment
from interlock.terminal.cdktf import stacks_of
from interlock.terminal.machine import terraform_binary
from interlock.terminal.preparing import bootstrap
from tools.policy.records import ROOT

PLAN = "plan.json"


class Stopped(Exception):
    """A command of Terraform's failed: what it said."""


def main() -> int:
    """Plan every stack in FOLDER, and write what `terraform show -json` says of it beside what it was planned from."""
    stacks = Path(sys.argv[1])
    cloud = load_environment(ROOT / "environments", LOCAL)
    bootstrap(cloud, GoogleProject(cloud.project))
    try:
        names = stacks_of(load_catalog(Path(os.environ.get("INTERLOCK_CATALOG") or ROOT / "catalog")))
        for name in names:
            print(f"planning {name}", file=sys.stderr, flush=True)
            _plan(stacks / name)
            if name == names[0]:
                _terraform(stacks / name, "apply", "-input=false", "-no-color", "plan.bin")
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return 1
    return 0


def _plan(folder: Path) -> None:
    _terraform(folder, "init", "-input=false", "-no-color")
    _terraform(folder, "plan", "-input=false", "-no-color", "-out=plan.bin")
    shown = _terraform(folder, "show", "-json", "plan.bin")
    # One value a line, so that checkov can say where.
    (folder / PLAN).write_text(json.dumps(json.loads(shown), indent=1) + "\n", encoding="utf-8")


def _terraform(folder: Path, *words: str) -> str:
    environ = {**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run([terraform_binary(), *words], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Stopped(f"terraform {words[0]} of {folder.name} failed:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
