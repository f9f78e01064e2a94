"""The NBA platform: its catalog, its stacks, and clouds with all of it or nothing of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.catalog import Catalog
from interlock.reading.files import load_catalog
from tests.e2e.conftest import serve, shared
from tests.e2e.deployment import ROOT, Deployment, link_repository

GOLDEN = Path(__file__).parent / "golden"
CATALOG = ROOT / "catalog"


@pytest.fixture(scope="session")
def nba() -> Catalog:
    """The catalog as committed."""
    return load_catalog(CATALOG)


@pytest.fixture
def nothing(tmp_path: Path) -> Iterator[Deployment]:
    """A cloud with nothing in it, and the platform's catalog before it."""
    link_repository(tmp_path / "nothing" / "work")
    with serve(tmp_path / "nothing") as deployment:
        yield deployment


@pytest.fixture
def whole(nba: Catalog, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The platform, deployed."""
    shutil.copytree(shared("nba", nba, tmp_path_factory), tmp_path / "whole", symlinks=True)
    with serve(tmp_path / "whole") as deployment:
        yield deployment
