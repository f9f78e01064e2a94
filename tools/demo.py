"""`make demo`: the story of a backfill in one go, on a local target of its own that is gone afterwards.

Each step prints the command that it runs, so that the story can be repeated by hand; nothing is acted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from interlock.environment import interlock_command
from interlock.terminal.tables import say, say_folded

BIN = Path(sys.executable).parent
INTERLOCK = str(BIN / "interlock")

STORY: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("The jobs are deployed as declared, ten of them paused on purpose.", ("deploy",)),
    ("Which jobs does a rewrite of team_defense_zone_analysis hold, and why?", ("affected", "tdza")),
    (
        "It is turned on: `paused` changes on exactly these, and one flag is made.",
        ("backfill", "on", "tdza", "--reason", "reprocess 2025-26"),
    ),
    ("Who holds what until when, and how does it end?", ("holds",)),
    ("A colleague merges something else and deploys: the backfill stays on.", ("deploy",)),
    ("The backfill is done: the jobs that it held run again, and no others.", ("backfill", "off", "tdza")),
    ("What is paused by declaration stays so. That is all that is left:", ("status",)),
)
ADVICE = "Now by yourself: make deploy, make backfill-on NAME=tdza, make status, make backfill-off NAME=tdza."


def main() -> int:
    """Runs the story; the exit code of the first step that fails, or 0."""
    if "INTERLOCK_LOCAL_URL" not in os.environ:
        with tempfile.TemporaryDirectory(prefix="interlock-demo-") as state:
            again = [sys.executable, "-m", "local", "run", "--state", state, "--", sys.executable, __file__]
            return subprocess.run(again, check=False).returncode
    began = time.monotonic()
    for number, (narration, words) in enumerate(STORY, start=1):
        say()
        say_folded(f"[{number}/{len(STORY)}] {narration}")
        say(f"$ {interlock_command(*words)}")
        code = subprocess.run([INTERLOCK, *words], check=False).returncode
        if code != 0:
            return code
    say()
    say_folded(f"The story took {time.monotonic() - began:.0f} s. {ADVICE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
