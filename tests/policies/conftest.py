"""The stacks of a catalog that breaks no rule; synthesized once for all workers, because importing cdktf takes seconds."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.reading.entries import SourceFile
from interlock.reading.files import load_environment
from interlock.reading.resolve import resolve_catalog
from tests.stacks.conftest import ROOT, Stacks, env, small, small_catalog, synthesize

__all__ = ["env", "small", "small_catalog"]  # the fixtures of a catalog that has findings


@pytest.fixture(scope="session")
def clean_catalog() -> Catalog:
    text = (Path(__file__).parent / "clean.yaml").read_text(encoding="utf-8")
    return resolve_catalog([SourceFile(name="clean.yaml", platform="clean", text=text)])


@pytest.fixture(scope="session")
def environment() -> Environment:
    """Production in name, as some rules are about that, and local in all else."""
    return replace(load_environment(ROOT / "environments", "local"), name="production")


@pytest.fixture(scope="session")
def stacks(clean_catalog: Catalog, environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """To be copied before it is changed."""
    mine = tmp_path_factory.getbasetemp()
    shared = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    path = shared / "clean.json"
    with (shared / "clean.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            made = synthesize(clean_catalog, environment, tmp_path_factory.mktemp("clean"))
            path.write_text(json.dumps(made), encoding="utf-8")
    found: Stacks = json.loads(path.read_text(encoding="utf-8"))
    return found
