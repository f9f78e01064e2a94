"""`interlock affected`: what a hold of a scope leaves running that belongs to what it covers."""

from __future__ import annotations

import json
from pathlib import Path

from tests.interlock.commands.conftest import Run
from tests.interlock.test_pairs import APART


def test_it_says_whose_pair_keeps_running(run: Run, root: Path) -> None:
    (root / "small/all.yaml").write_text(APART)
    assert "\nasks: its pair answers keeps running\n" in run("affected", "x").stdout
    covered = json.loads(run("affected", "x", "--format", "json").stdout)["jobs"]
    assert [(one["name"], one["pair_left_running"]) for one in covered] == [("asks", ["answers"])]
