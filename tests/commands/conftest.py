"""Runs the command line as people do, on a small catalog."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SMALL = Path(__file__).parent / "small.yaml"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the small catalog."""
    folder = tmp_path / "catalog"
    (folder / "small").mkdir(parents=True)
    (folder / "small/all.yaml").write_text(SMALL.read_text())
    return folder


@pytest.fixture
def run(root: Path) -> Run:
    """Runs `interlock ARGUMENTS` in the root of the repository with INTERLOCK_CATALOG set, and nothing of ours besides."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INTERLOCK_", "GOOGLE_", "CLOUDSDK_"))}

    def call(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from interlock.commands import main; main(prog_name='interlock')", *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**kept, "INTERLOCK_CATALOG": str(root), **env},
            timeout=120,
        )

    return call


def parsed(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON that a command printed; all of standard output is one object with a list `jobs` of objects with `name`."""
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    assert all(isinstance(job["name"], str) for job in value["jobs"])
    return value
