"""`python -m bench`: synth, start-up, a backfill's toggle and a hold against what people do by hand, an idle tick, the
search for collisions, what is expected of schedules, a review, the policies, and what the guard costs a scraper.

Everything is measured several times in turn in one run; the table gives medians. The local target stands in for Google Cloud,
so the absolute times of the toggle say nothing about Google: what counts is how many calls are made, and how the ways compare.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench import collisions, cycle, growth, guard, policies, policy_command, reconcile, review, stagger
from bench.measure import CLIENT, PROJECT, PYTHON, WORKERS, calls, medians, say, timed
from interlock.reading.files import load_catalog
from tools.demo import shortest

ROOT = Path(__file__).parent.parent
INTERLOCK = str(Path(PYTHON).parent / "interlock")
STACKS = Path("cdktf.out/local/stacks")
EMPTY = "import sys; from cdktf import App; App(outdir=sys.argv[1]).synth()"
"""An app without a stack: what cdktf and Node.js cost alone."""


def main() -> int:
    """Measures under a local target of its own, and prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each (default 3)")
    parser.add_argument("--latency", default="0ms", help="made-up latency of the stand-in, to see how the ways scale")
    parser.add_argument("--backfill", help="the one that is toggled (default: that which holds the fewest jobs)")
    parser.add_argument(
        "--gcloud-on-all",
        action="store_true",
        help="gcloud alone, on every job of the hold: once, it takes minutes",
    )
    options = parser.parse_args()
    os.chdir(ROOT)
    backfill = options.backfill or shortest(load_catalog(Path("catalog")))
    if "INTERLOCK_LOCAL_URL" not in os.environ:
        cycle.measure(options.runs, backfill)
        growth.measure(options.runs, Path("catalog") / load_catalog(Path("catalog")).backfills[backfill].platform, backfill)
        with tempfile.TemporaryDirectory(prefix="interlock-bench-") as state:
            run = [PYTHON, "-m", "local", "run", "--state", state, "--latency", options.latency]
            return subprocess.run([*run, "--", PYTHON, "-m", "bench", *sys.argv[1:]], check=False).returncode
    if options.gcloud_on_all:
        reconcile.gcloud_on_all(options.latency)
        return 0
    start_up(options.runs, backfill)
    synth(options.runs)
    toggle(options.runs, options.latency, backfill)
    reconcile.pause_all(options.runs, options.latency)
    reconcile.nothing_to_do(options.runs, options.latency)
    collisions.search(options.runs)
    collisions.year()
    stagger.measure()
    review.measure(options.runs)
    policies.measure(options.runs)
    policy_command.measure(options.runs)
    guard.measure(options.runs, options.latency)
    return 0


def start_up(runs: int, backfill: str) -> None:
    """Commands that ask no cloud, on the whole catalog."""
    ways = {
        words: ["--help"] if words == "--help" else words.split() for words in ("--help", "validate", f"affected {backfill}")
    }
    measured = medians({f"interlock {name}": partial(timed, [INTERLOCK, *words]) for name, words in ways.items()}, runs)
    say("Start of commands that ask no cloud", measured, "interlock --help")


def synth(runs: int) -> None:
    """The app alone, without the cdktf command line around it."""
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        ways = {
            "python main.py": lambda: timed([PYTHON, "main.py"]),
            "an empty app of cdktf": lambda: timed([PYTHON, "-c", EMPTY, folder]),
        }
        say("Synth of the whole catalog", medians(ways, runs), "an empty app of cdktf")


def toggle(runs: int, latency: str, backfill: str) -> None:
    """One backfill on and off, in four ways; each figure is one on and one off together, halved."""
    covered = json.loads(
        subprocess.run([INTERLOCK, "affected", backfill, "--format", "json"], check=True, capture_output=True).stdout
    )
    names = [job["name"] for job in covered["jobs"] if job["would_change"]]
    subprocess.run([INTERLOCK, "deploy"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shown = subprocess.run([INTERLOCK, "status", "--all", "--format", "json"], check=True, capture_output=True).stdout
    regions = {job["name"]: job["region"] for job in json.loads(shown)["jobs"]}
    jobs = [f"{regions[name]}/jobs/{name}" for name in names]
    stack = Path(tempfile.mkdtemp(prefix="interlock-bench-stack-"))
    shutil.copytree(STACKS / "schedules", stack, dirs_exist_ok=True)

    def terraform(mode: str) -> list[str]:
        variables = [f"-var=backfill_mode={mode}", f'-var=backfills=["{backfill}"]']
        return ["terraform", f"-chdir={stack}", "apply", "-auto-approve", "-input=false", *variables]

    def gcloud(verb: str, prefix: str) -> str:
        lines = "\n".join(f"{job.split('/')[-1]} --location={job.split('/')[0]}" for job in jobs)
        return f"printf '%s\n' '{lines}' | {prefix} gcloud -q scheduler jobs {verb}"

    def client(verb: str) -> list[str]:
        return [PYTHON, "-c", CLIENT, str(WORKERS), os.environ["INTERLOCK_LOCAL_URL"], PROJECT, verb, *jobs]

    both: dict[str, tuple[list[str] | str, list[str] | str]] = {
        "terraform apply": (terraform("true"), terraform("false")),
        "gcloud, one after the other": (gcloud("pause", "xargs -L1"), gcloud("resume", "xargs -L1")),
        f"gcloud, xargs -P {WORKERS}": (
            gcloud("pause", f"xargs -L1 -P {WORKERS}"),
            gcloud("resume", f"xargs -L1 -P {WORKERS}"),
        ),
        f"Python client, {WORKERS} threads": (client("pause"), client("resume")),
    }
    if shutil.which("gcloud") is None:
        both = {name: way for name, way in both.items() if not name.startswith("gcloud")}
    counted = {name: _calls_of(on, off) for name, (on, off) in both.items()}
    ways = {name: (lambda on=on, off=off: (timed(on) + timed(off)) / 2) for name, (on, off) in both.items()}
    say(
        f"Toggle of {backfill}: {len(jobs)} of {len(regions)} jobs, latency {latency}",
        medians(ways, runs),
        "terraform apply",
        counted,
    )
    print(
        "\n  Terraform also reads every job and the bucket, and writes the flag and its state; the others know no prior state."
    )
    shutil.rmtree(stack)


def _calls_of(on: list[str] | str, off: list[str] | str) -> str:
    """How many API calls turning on and off makes, from the stand-in's own counters."""
    return f"on: {calls(lambda: timed(on))}; off: {calls(lambda: timed(off))}"


if __name__ == "__main__":
    sys.exit(main())
