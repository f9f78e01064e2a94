"""`make demo`: the story of a backfill in one go, on a local target of its own that is gone afterwards.

It is of the catalog that lies here, and of the backfill NAME; unless somebody names one, of that which holds the fewest jobs.
Each step prints the command that it runs, so that the story can be repeated by hand; nothing is acted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from interlock.access import WRITES
from interlock.catalog import Catalog
from interlock.graph import scopes
from interlock.pasted import interlock_command
from interlock.reading.files import load_catalog
from interlock.reading.problems import SourceError
from interlock.terminal.tables import say, say_folded

BIN = Path(sys.executable).parent
INTERLOCK = str(BIN / "interlock")
BAD_INPUT = 2


def main() -> int:
    """Runs the story; the exit code of the first step that fails, or 0."""
    try:
        catalog = load_catalog(Path(os.environ.get("INTERLOCK_CATALOG") or "catalog"))
    except SourceError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    backfill = os.environ.get("NAME") or shortest(catalog)
    if backfill not in catalog.backfills:
        known = ", ".join(sorted(catalog.backfills)) or "none that pauses a job; docs/operate.md has how to declare one"
        print(f"the story is of a backfill, and there is none {backfill!r}; the catalog has {known}", file=sys.stderr)
        return BAD_INPUT
    if "INTERLOCK_LOCAL_URL" not in os.environ:
        with tempfile.TemporaryDirectory(prefix="interlock-demo-") as state:
            again = [sys.executable, "-m", "local", "run", "--state", state, "--", sys.executable, __file__]
            return subprocess.run(again, check=False).returncode
    began = time.monotonic()
    steps = list(story(catalog, backfill))
    for number, (narration, words) in enumerate(steps, start=1):
        say()
        say_folded(f"[{number}/{len(steps)}] {narration}")
        say(f"$ {interlock_command(*words)}")
        code = subprocess.run([INTERLOCK, *words], check=False).returncode
        if code != 0:
            return code
    say()
    advice = f"make deploy, make backfill-on NAME={backfill}, make status, make backfill-off NAME={backfill}."
    say_folded(f"The story took {time.monotonic() - began:.0f} s. Now by yourself: {advice}")
    return 0


def story(catalog: Catalog, backfill: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What happens, and the command of each step."""
    paused = sum(job.paused is not None for job in catalog.jobs.values())
    accesses = catalog.backfills[backfill].tables
    tables = ", ".join(table.rpartition(".")[2] for table, kinds in accesses.items() if kinds & WRITES)
    yield f"The jobs are deployed as declared, {paused} of them paused on purpose.", ("deploy",)
    yield f"Which jobs does a rewrite of {tables} hold, and why?", ("affected", backfill)
    yield (
        "It is turned on: `paused` changes on exactly these, and one flag is made.",
        ("backfill", "on", backfill, "--reason", "reprocess all dates"),
    )
    yield "Who holds what until when, and how does it end?", ("holds",)
    yield "A colleague merges something else and deploys: the backfill stays on.", ("deploy",)
    yield "The backfill is done: the jobs that it held run again, and no others.", ("backfill", "off", backfill)
    yield "What is paused by declaration stays so. That is all that is left:", ("status",)


def shortest(catalog: Catalog) -> str:
    """The backfill that holds the fewest jobs, and at least one; nothing if there is none."""
    jobs = {name: scopes(catalog)[f"backfill/{name}"] for name in catalog.backfills}
    held = {name: sum(catalog.jobs[job].paused is None for job in covered) for name, covered in jobs.items()}
    return min((name for name in sorted(held) if held[name]), key=held.__getitem__, default="")


if __name__ == "__main__":
    sys.exit(main())
