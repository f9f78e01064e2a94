"""The synthesized JSON of small catalogs; once for each worker, because importing cdktf takes seconds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.reading.entries import SourceFile
from interlock.reading.files import load_catalog, load_environment
from interlock.reading.resolve import resolve_catalog
from tests import synths
from tests.shop import CATALOG as SHOP

ROOT = Path(__file__).parents[2]
Stacks = dict[str, Any]
"""The parsed cdk.tf.json of each stack, by its name."""


def synthesize(catalog: Catalog, env: Environment, folder: Path) -> Stacks:
    """The stacks, synthesized into `folder` and read back."""
    synths.synthesize(catalog, env, folder)
    return {path.parent.name: json.loads(path.read_text()) for path in sorted(folder.glob("stacks/*/cdk.tf.json"))}


@pytest.fixture(scope="session")
def env() -> Environment:
    return load_environment(ROOT / "environments", "local")


@pytest.fixture(scope="session")
def small_catalog() -> Catalog:
    text = (Path(__file__).parent / "small.yaml").read_text(encoding="utf-8")
    return resolve_catalog([SourceFile(name="small.yaml", platform="small", text=text)])


@pytest.fixture(scope="session")
def small(small_catalog: Catalog, env: Environment, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    return synthesize(small_catalog, env, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def strict(small_catalog: Catalog, env: Environment, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """The small catalog where turning a backfill on needs a reason and an owner."""
    strict_env = replace(env, name="production", require=frozenset({"reason", "owner"}))
    return synthesize(small_catalog, strict_env, tmp_path_factory.mktemp("strict"))


@pytest.fixture(scope="session")
def shop_catalog() -> Catalog:
    """A platform with windows, and with jobs of every kind."""
    return load_catalog(SHOP)


@pytest.fixture(scope="session")
def shop(shop_catalog: Catalog, env: Environment, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    return synthesize(shop_catalog, env, tmp_path_factory.mktemp("shop"))
