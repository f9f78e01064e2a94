"""`make policy` as a whole, against checkov with nothing but its own checks on the same files.

The difference is what the pack costs: the synth, the plans and the local target under them, our checks, and asking the rules a
second time whether checkov has said all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.measure import PYTHON, medians, say, timed

CHECKOV = Path(".venv-policy/bin/checkov")
STACKS = Path("cdktf.out/policy/local/stacks")
"""Where `make policy` leaves what it checked."""
ALONE = "checkov alone, on the same stacks and plans"


def measure(runs: int) -> None:
    """Times both, wall time, turn by turn."""
    if not CHECKOV.exists():
        raise SystemExit(f"bench: {CHECKOV} is missing; run: make test-policy")
    ways: dict[str, Callable[[], float]] = {
        "make policy": partial(timed, [PYTHON, "-m", "tools.policy", "--checkov", str(CHECKOV)]),
        ALONE: _alone,
    }
    say("Policy, wall time", medians(ways, runs), ALONE)


def _alone() -> float:
    """Twice, as `make policy` does it: stacks, then plans."""
    plans = [word for plan in sorted(STACKS.glob("*/plan.json")) for word in ("-f", str(plan))]
    common = ["--skip-download", "--compact", "--output", "json", "--soft-fail"]
    return sum(
        timed([str(CHECKOV), *what, "--framework", framework, *common])
        for framework, what in (("terraform_json", ["-d", str(STACKS)]), ("terraform_plan", plans))
    )
