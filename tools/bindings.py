"""Makes `imports/` for `make setup`, the bindings of the provider that cdktf.json names: `python -m tools.bindings`.

`cdktf get` asks Terraform what the provider has, and writes classes for all of it. Under `local run` with our stand-in that is
the types that the stacks use, in some twenty seconds and without a network; the real provider has more than a thousand, which
take minutes and gigabytes. So what leads to another provider, Terraform or folder stays out of its environment.
"""

from __future__ import annotations

import os
import py_compile
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import cache_from_source
from pathlib import Path

FOLDER = Path("imports")
"""`codeMakerOutput` of cdktf.json."""
CDKTF = "node_modules/.bin/cdktf"
FOREIGN = ("CDKTF_", "INTERLOCK_", "TF_")
"""With one of these somebody has another environment, provider or Terraform's settings in mind."""
NO_NOISE = {"CI": "1", "NODE_NO_WARNINGS": "1"}
"""Without a spinner and without what Node.js says of itself: what is written is read only where it fails."""
TERRAFORM = """#!/bin/sh
said=$({program} "$@") || exit
printf '%s\\n' "$said" | sed 's|registry\\.opentofu\\.org/|registry.terraform.io/|g'
"""
"""OpenTofu has a registry of its own, and cdktf looks for the provider only under the name that it has in Terraform's
(isMatching in @cdktf/provider-generator 0.21.0, lib/get/generator/provider-generator.js)."""

UNEVALUATED = "from __future__ import annotations\n"
"""On top of each file. Else every import evaluates some thousand annotations, which only type checkers read."""


def make(environ: Mapping[str, str]) -> int:
    """Makes them in the current folder, the repository's, with byte code even where Python may not write it. The exit code of
    what makes them; what that says is passed on where it fails, and nothing is left of them then."""
    own = {name: value for name, value in environ.items() if not name.startswith(FOREIGN)} | NO_NOISE
    shutil.rmtree(FOLDER, ignore_errors=True)
    print(f"{FOLDER}: bindings of the provider, with cdktf get", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="interlock-") as folder:
        name = environ.get("TERRAFORM_BINARY_NAME") or "terraform"
        terraform = Path(folder) / "terraform"
        terraform.write_text(TERRAFORM.format(program=shlex.quote(shutil.which(name) or name)), encoding="utf-8")
        terraform.chmod(0o700)
        local_run = [sys.executable, "-m", "local", "run", "--quiet", "--provider", "ours", "--port", "0"]
        # Without --force it does nothing where it finds what it wrote for the same version, of other types though.
        done = subprocess.run(
            [*local_run, "--state", f"{folder}/state", "--", CDKTF, "get", "--force"],
            env=own | {"TERRAFORM_BINARY_NAME": str(terraform)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode == 0 and _compile(FOLDER):
        return 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    print(f"{done.stdout}the bindings of the provider could not be made; above it says why", file=sys.stderr)
    return done.returncode or 1


def _compile(folder: Path) -> bool:
    """Writes byte code as `python -O` would have it where every Python looks for it: without the generated checks of each
    argument, which took half of a job's time. mypy has checked the stacks, and jsii checks in Node.js what reaches it. Where
    this byte code won't do, as for another Python, the files are compiled anew, checks and all."""
    for file in sorted(folder.rglob("*.py")):
        file.write_text(UNEVALUATED + file.read_text(encoding="utf-8"), encoding="utf-8")
        try:
            py_compile.compile(str(file), cfile=cache_from_source(str(file), optimization=""), doraise=True, optimize=2)
        except py_compile.PyCompileError as error:
            print(error.msg, file=sys.stderr)
            return False
    return True


if __name__ == "__main__":
    sys.exit(make(os.environ))
