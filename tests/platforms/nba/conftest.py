"""The NBA platform: its catalog, its stacks, and clouds with all of it or nothing of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.catalog import Catalog
from tests.e2e.conftest import serve, shared
from tests.e2e.deployment import Deployment, link_repository
from tests.platforms.conftest import CATALOG

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def nba(deployed: Catalog) -> Catalog:
    """The catalog as committed."""
    return deployed


@pytest.fixture
def nothing(tmp_path: Path) -> Iterator[Deployment]:
    """A cloud with nothing in it, and the platform's catalog before it."""
    link_repository(tmp_path / "nothing" / "work", CATALOG)
    with serve(tmp_path / "nothing") as deployment:
        yield deployment


@pytest.fixture
def whole(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The platform, deployed."""
    shutil.copytree(shared("nba", CATALOG, tmp_path_factory), tmp_path / "whole", symlinks=True)
    work = tmp_path / "whole" / "work"
    (work / "catalog").unlink()
    (work / "catalog").symlink_to(CATALOG)
    with serve(tmp_path / "whole") as deployment:
        yield deployment
