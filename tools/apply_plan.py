"""Applies the plan that was approved, and no other: what the job `apply` of `.github/workflows/deploy.yml` runs.

A plan that is old, or of another commit, is refused. Where nothing is wrong but that Google is not yet as far as the plan, what
is left is planned and applied again, as `interlock deploy` does it (`interlock/terminal/deploying.py`), and never more than was
approved. Standard library only: who runs it may change production, and hand out rights.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

MAX_AGE = timedelta(minutes=15)
"""Of a plan: what is on may have changed since. `plan_max_age` in stacks/guards.py says the same."""
CLOCKS_DIFFER = timedelta(minutes=1)
"""Of two runners."""
WAITED_FOR = ("Cannot find metric(s)",)
"""What passes by itself: https://github.com/hashicorp/terraform-provider-google/issues/11102"""
WAIT_SECONDS, TRIES = 60.0, 11
"""Between tries: eleven minutes, one more than Google says."""
NO_CHANGES, CHANGES = 0, 2  # terraform plan -detailed-exitcode
NO_CHANGE = (["no-op"], ["read"])
SAID = frozenset({"apply_start", "apply_complete", "apply_errored", "change_summary"})
"""The kinds of lines of `apply -json` that are passed on. Outputs are not:
https://developer.hashicorp.com/terraform/internals/machine-readable-ui"""
FAILED = 1
Changes = frozenset[tuple[str, tuple[str, ...]]]


class Refused(Exception):
    """Nothing is applied, or nothing more: one sentence that says why."""


def check(folder: Path, *, commit: str, now: datetime) -> None:
    """Refused unless the plan in the folder is of this commit and young. `now` is aware UTC."""
    try:
        of = (folder / "commit").read_text(encoding="utf-8").strip()
        made = datetime.fromisoformat(str(_plan(folder / "plan.json").get("timestamp")))
    except (OSError, ValueError):
        raise Refused("nobody can tell when the plan was made, and of what; run the workflow again") from None
    if of != commit:
        raise Refused("the plan is of another commit than this run; run the workflow again")
    if made.tzinfo is None or not -CLOCKS_DIFFER <= now - made <= MAX_AGE:
        raise Refused(f"the plan is of {made} and good for {MAX_AGE}: what is on may have changed; run the workflow again")


def apply(folder: Path, *, wait_seconds: float = WAIT_SECONDS) -> None:
    """Applies plan.bin of the folder, and what is left of it while Google is not as far. Refused when it can't be applied."""
    approved, name = changes(_plan(folder / "plan.json")), "plan.bin"
    _terraform(folder, "init", "-input=false", "-no-color", "-lockfile=readonly")
    for _ in range(TRIES):
        errors = _apply(folder, name)
        if errors is None:
            return
        if not errors or not all(any(known in error for known in WAITED_FOR) for error in errors):
            raise Refused("what is done stays done; mend what is said above, and run the workflow again")
        print(f"Google is not as far yet; again in {wait_seconds:g} s.", flush=True)
        time.sleep(wait_seconds)
        name = "again.bin"
        if _plan_again(folder, name) == NO_CHANGES:
            return
        left = changes(json.loads(_terraform(folder, "show", "-json", name)))
        if more := sorted(address for address, _ in left - approved):
            raise Refused(f"what is left would do more than was approved: {', '.join(more[:5])}; run the workflow again")
    raise Refused(f"Google is not as far after {TRIES} tries; run the workflow again")


def changes(plan: Mapping[str, Any]) -> Changes:
    """What a plan does, by address."""
    found = ((str(one["address"]), one["change"]["actions"]) for one in plan.get("resource_changes", []))
    return frozenset((address, tuple(actions)) for address, actions in found if actions not in NO_CHANGE)


def _plan(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


def _plan_again(folder: Path, name: str) -> int:
    done = _run(folder, "plan", "-input=false", "-no-color", "-detailed-exitcode", f"-out={name}")
    if done.returncode not in (NO_CHANGES, CHANGES):
        raise Refused(f"what is left can't be planned: {done.stderr.strip()}")
    return done.returncode


def _apply(folder: Path, name: str) -> list[str] | None:
    """None when all is done, else the errors. Each step is said as it is made."""
    errors = list[str]()
    words = [*_words(folder), "apply", "-input=false", "-json", name]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            event = _event(line)
            problem = event.get("diagnostic")
            if event.get("type") in SAID:
                print(_said(f"| {event.get('@message')}"), flush=True)
            if isinstance(problem, dict):
                text = ": ".join(filter(None, (str(problem.get(part) or "") for part in ("address", "summary", "detail"))))
                print(_said(f"{problem.get('severity')}: {text}"), flush=True)
                errors += [text] if problem.get("severity") == "error" else []
    return None if process.returncode == 0 else errors


def _event(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        print(_said(f"| {line.strip()}"), flush=True)
        return {}
    return found if isinstance(found, dict) else {}


def _said(text: str) -> str:
    """Without a line that a runner would take for a command, `::add-mask::`: Google's words may have line breaks."""
    return "\n| ".join(text.splitlines())


def _terraform(folder: Path, *words: str) -> str:
    done = _run(folder, *words)
    if done.returncode != 0:
        raise Refused(f"terraform {words[0]}: {done.stderr.strip()}")
    return done.stdout


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_words(folder), *words], capture_output=True, text=True, check=False)


def _words(folder: Path) -> list[str]:
    return ["terraform", f"-chdir={folder}"]


def main(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """`python -m tools.apply_plan [--check] FOLDER`, with GITHUB_SHA. --check only looks whether the plan may be applied."""
    *options, folder = words
    try:
        check(Path(folder), commit=environ["GITHUB_SHA"], now=datetime.now(UTC))
        if "--check" not in options:
            apply(Path(folder), wait_seconds=float(environ.get("WAIT_SECONDS", WAIT_SECONDS)))
    except Refused as refusal:
        print(f"::error::{str(refusal).replace('%', '%25')}".replace("\r", "%0D").replace("\n", "%0A"))
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
