"""`make setup` of a clean clone: with what pip and npm have kept of an earlier one, and with nothing."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.measure import timed
from bench.table import Comparison, Way

MUST_SECONDS = 120.0
"""With what is kept of an earlier one."""


def setup() -> Comparison:
    """Once each: it takes minutes, and without anything kept it asks the registries for all."""
    return Comparison(
        ways=[
            Way(name="make setup of a clean clone, nothing kept", act=lambda: _set_up(kept=False)),
            Way(name="make setup of a clean clone, packages kept", act=lambda: _set_up(kept=True), must=MUST_SECONDS),
        ],
        rounds=1,
    )


def _set_up(*, kept: bool) -> float:
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", ".", str(clone)], check=True)
        return timed(["make", "--directory", str(clone), "--silent", "setup"], _environ(Path(folder), kept=kept))


def _environ(folder: Path, *, kept: bool) -> Mapping[str, str]:
    """Without what `make bench` has told its own processes."""
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    caches = {"pip": "PIP_CACHE_DIR", "npm": "npm_config_cache", "jsii": "JSII_RUNTIME_PACKAGE_CACHE_ROOT"}
    return environ if kept else environ | {name: str(folder / cache) for cache, name in caches.items()}
