"""checkov judges by the locked zone data, whatever the machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tzdata

from tests.policies.checks.scan import FIXTURES, ROOT

PROGRAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo
from tests.policies.checks.scan import scan
print(datetime(2026, 7, 1, tzinfo=UTC).astimezone(ZoneInfo("America/New_York")).utcoffset())
found = scan(Path(sys.argv[1]))
print(sorted(found.failed), found.counts, sorted(found.details.items()))
"""


def said(tzpath: str) -> list[str]:
    """What the machine says of New York, and checkov of a job there that fires when the clocks change."""
    env = {**os.environ, "PYTHONTZPATH": tzpath, "PYTHONHASHSEED": "0"}
    words = [sys.executable, "-c", PROGRAM, str(FIXTURES / "clock-change")]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=300)
    return done.stdout.splitlines()


def test_what_the_machine_says_of_zones_changes_no_verdict(tmp_path: Path) -> None:
    other = tmp_path / "America/New_York"
    other.parent.mkdir()
    other.write_bytes((Path(tzdata.__file__).parent / "zoneinfo/Asia/Tokyo").read_bytes())
    (own, verdict), (tokyo, same) = said(""), said(str(tmp_path))
    assert (own, tokyo) == ("-1 day, 20:00:00", "9:00:00")
    assert verdict == same
    assert "fail_half_past_two" in verdict
