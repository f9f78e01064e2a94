"""The stacks of a catalog that breaks no rule; synthesized once for each worker, because importing cdktf takes seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from interlock.catalog import Catalog
from interlock.entries import SourceFile
from interlock.environment import Environment
from interlock.files import load_environment
from interlock.resolve import load_catalog
from tests.stacks.conftest import ROOT, Stacks, synthesize


@pytest.fixture(scope="session")
def clean_catalog() -> Catalog:
    text = (Path(__file__).parent / "clean.yaml").read_text(encoding="utf-8")
    return load_catalog([SourceFile(name="clean.yaml", platform="nba", text=text)])


@pytest.fixture(scope="session")
def environment() -> Environment:
    """Production in name, as some rules are about that, and local in all else."""
    return replace(load_environment(ROOT / "environments", "local"), name="production")


@pytest.fixture(scope="session")
def stacks(clean_catalog: Catalog, environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """To be copied before it is changed."""
    return synthesize(clean_catalog, environment, tmp_path_factory.mktemp("clean"))
