"""`make policy`: synthesize, let checkov judge that and plans of it, and say what was found.

The stacks of the local target are planned on one of their own. Those of another environment are not planned, as Google would
be asked; what only a plan says, the deploy workflow judges. What is still a sample in such an environment is a finding, and
keeps nobody from judging the rest.

Exit code 1: a rule is broken and not waived. Exit code 2: it could not be checked, so nobody knows.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from interlock.environment import Environment
from interlock.names import count
from interlock.pasted import LOCAL
from interlock.reading.files import load_catalog, load_environment
from interlock.reading.problems import SourceError
from policies.rules.judge import Outcome
from tools.policy import accepted, seen
from tools.policy.plans import PLAN
from tools.policy.records import ROOT, CannotCheck, Record, finish, start, version_of

OUT = Path("cdktf.out/policy")
FINDINGS, NOT_CHECKED = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs all of it in the repository's root; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.policy", description=__doc__)
    parser.add_argument("--checkov", type=Path, required=True, help="its command, in an environment of its own")
    options = parser.parse_args(argv)
    checkov = options.checkov.absolute()
    os.chdir(ROOT)
    try:
        return _policy(
            checkov, load_environment(ROOT / "environments", os.environ.get("INTERLOCK_ENV") or LOCAL, unfilled=True)
        )
    except (CannotCheck, SourceError) as error:
        print(f"policy: not checked: {error}", file=sys.stderr)
        return NOT_CHECKED


def _policy(checkov: Path, env: Environment) -> int:
    today = datetime.now(UTC).date()
    jobs = len(load_catalog(Path(os.environ.get("INTERLOCK_CATALOG") or ROOT / "catalog")).jobs)
    waivers = accepted.read(accepted.FILE.read_text(encoding="utf-8"))
    version = version_of(checkov)
    _say(f"{env.where}: synthesizing into {OUT / env.name}")
    stacks = _synthesize(env)
    written = sorted(stacks.glob("*/cdk.tf.json"))
    is_local = env.name == LOCAL
    _say(f"checking {count(len(written), 'stack')} with checkov {version}{', and planning them meanwhile' if is_local else ''}")
    checking = start(checkov, "terraform_json", ["-d", str(stacks)])
    unplanned = _make_plans(stacks) if is_local else ""
    first = finish(checking)
    if unplanned:
        _print_failed(accepted.apply(waivers, first, today)[0])
        raise CannotCheck(unplanned)
    plans = sorted(stacks.glob(f"*/{PLAN}"))
    second = []
    if plans:
        _say(f"checking {count(len(plans), 'plan')}")
        second = finish(start(checkov, "terraform_plan", [word for plan in plans for word in ("-f", str(plan))]))
    known, planned = seen.estates(written, today), seen.estates(plans, today)
    seen.insist(first, known, jobs)
    if plans:
        seen.insist(second, planned, jobs)
    everything = accepted.with_addresses((*first, *second), known | planned, waivers)
    records, wrong, idle = accepted.apply(waivers, everything, today)
    resources = sum(len(estate.resources) - 1 for estate in known.values())
    if not is_local:
        _say(f"not planned: {env.name}, as Google would be asked; what only a plan says, the deploy workflow judges")
    return _conclude(records, [*env.unfilled, *wrong], idle, resources=resources, jobs=jobs)


def _synthesize(env: Environment) -> Path:
    """The folder of the stacks of an environment: fresh, and none that a deploy uses."""
    shutil.rmtree(OUT, ignore_errors=True)
    environ = {**os.environ, "INTERLOCK_ENV": env.name, "CDKTF_OUTDIR": str(OUT / env.name)}
    judged = [sys.executable, "-c", "import main; main.main(unfilled=True)"]
    done = subprocess.run(judged, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotCheck(f"the stacks can't be synthesized:\n{done.stderr.strip()}")
    return OUT / env.name / "stacks"


def _make_plans(stacks: Path) -> str:
    """Plans on a local target of their own, which ends with them; returns why there are none."""
    with tempfile.TemporaryDirectory(prefix="interlock-policy-") as state:
        run = [sys.executable, "-m", "local", "run", "--state", state, "--", sys.executable, "-m", "tools.policy.plans"]
        done = subprocess.run([*run, str(stacks)], check=False)
    return "" if done.returncode == 0 else "the stacks can't be planned; see above"


def _conclude(records: list[Record], wrong: list[str], idle: list[str], *, resources: int, jobs: int) -> int:
    """Prints what was found; returns the exit code."""
    failed = _print_failed(records)
    for line in wrong:
        print(line)
    for line in idle:
        print(f"note: {line}")
    outcomes = Counter(record.outcome for record in records)
    counts = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in Outcome)
    print(f"{count(resources, 'resource')}, {count(jobs, 'job')} of the catalog among them: {counts}")
    return FINDINGS if failed or wrong else 0


def _print_failed(records: list[Record]) -> bool:
    """Prints what a stack and its plan agree on once; returns whether there was any."""
    failed = dict.fromkeys(record.message for record in records if record.outcome is Outcome.FAILED)
    for line in failed:
        print(line)
    return bool(failed)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
