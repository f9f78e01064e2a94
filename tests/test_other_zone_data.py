"""The same input gives the same bytes whatever zone data a machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tzdata

from interlock.zones import names
from tests.interlock.review.cases import BASE, edited

ROOT = Path(__file__).parents[1]
DATA = Path(tzdata.__file__).parent / "zoneinfo"
IN_NEW_YORK = ("    time_zone: Etc/UTC\n    duration: 2h\n", "    time_zone: America/New_York\n    duration: 2h\n")


@pytest.fixture
def tokyo_everywhere(tmp_path: Path) -> Path:
    """Zone data of a machine on which every clock is that of Tokyo."""
    folder, content = tmp_path / "zoneinfo", (DATA / "Asia/Tokyo").read_bytes()
    for name in names():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def written(folder: Path, text: str) -> str:
    (folder / "p").mkdir(parents=True)
    (folder / "p/all.yaml").write_text(text, encoding="utf-8")
    return str(folder)


def said(catalogs: list[str], tzpath: str) -> list[str]:
    """What the program prints, in lines."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INTERLOCK_", "COLUMNS", "PYTHONTZ"))}
    env = {**kept, "PYTHONPATH": str(ROOT), "PYTHONTZPATH": tzpath, "TZ": "America/New_York", "PYTHONHASHSEED": "0"}
    words = [sys.executable, "-m", "tests.other_zone_data", *catalogs]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_what_the_machine_says_of_zones_changes_nothing(tmp_path: Path, tokyo_everywhere: Path) -> None:
    moved = edited(('"15 6 * * *"', '"30 2 * * *"'), IN_NEW_YORK)
    catalogs = [written(tmp_path / "base/catalog", BASE), written(tmp_path / "head/catalog", moved)]
    own, *ours = said(catalogs, "")
    other, *others = said(catalogs, str(tokyo_everywhere))
    assert (own, other) == ("-1 day, 20:00:00", "9:00:00")
    assert ours == others
    told = "\n".join(ours)
    for each in ("Sun 2026-03-08 03:00 EDT", "clock-change", "monday 09:00 2026-07-06 13:00:00+00:00", "zone data 20"):
        assert each in told  # so there was something to say
    assert not [line for line in ours if line.startswith("[") and "] 2 " in line]
