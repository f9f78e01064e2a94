"""`make chaos`: deploys the catalog beside it, lets a month go by, prints the figures; exits with 1 at a violation."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from tests.chaos.cloud import serve
from tests.chaos.month import START, Month, show
from tests.chaos.people import Pace
from tests.e2e.deployment import STACKS, clean_environ, finish, link_repository, local_environment, start

CATALOG = Path(__file__).parent / "catalog"
BACKFILL = "crossings-again"
SHOWN_VIOLATIONS = 20


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--days", type=float, default=30, help="of virtual time")
    parser.add_argument("--minutes", type=float, default=10, help="after which the month comes to its end, wherever it is")
    parser.add_argument("--seed", type=int, default=None)
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"SEED={seed} DAYS={asked.days:g} MINUTES={asked.minutes:g}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="interlock-chaos-"))
    began = time.monotonic()
    try:
        with serve(folder, seed=seed) as cloud:
            cloud.emulator.runtime.clock.set(START - timedelta(hours=2))
            deploy(folder, cloud.live.deployment)
            month = Month(
                cloud=cloud,
                seed=seed,
                length=timedelta(days=asked.days),
                pace=Pace(),
                until=began + asked.minutes * 60,
                says=show,
            )
            if month.run():
                month.deploys(BACKFILL)
            return told(month, seed, time.monotonic() - began)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def deploy(folder: Path, deployment) -> None:
    """The catalog of the month, synthesized and deployed."""
    deployment.environ["INTERLOCK_CATALOG"] = str(CATALOG)
    link_repository(folder / "work", CATALOG)
    words = [str(Path(sys.prefix) / "bin" / "interlock"), "synth"]
    finish(start(words, folder / "work", clean_environ() | {"INTERLOCK_CATALOG": str(CATALOG)})).succeeded()
    env = local_environment()
    deployment.storage().create_bucket(env.state_bucket, location=env.location)
    for stack in STACKS:
        deployment.terraform(stack, "init", "-input=false").succeeded()
        deployment.apply(stack).succeeded()


def told(month: Month, seed: int, seconds: float) -> int:
    """Prints what came of it; the exit code."""
    show("")
    print("\r" * sys.stdout.isatty() + "\n".join(month.figures()))
    print(f"{'took':20}{seconds:.0f} s")
    if not month.truth.violations:
        return 0
    print("\nthe last events:", *month.fleet.last, sep="\n  ")
    print("\nviolations:", *month.truth.violations[:SHOWN_VIOLATIONS], sep="\n  ")
    print(f"\nonce more: make chaos SEED={seed} DAYS={month.length / timedelta(days=1):g}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
