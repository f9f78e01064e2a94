"""The catalog that is deployed from here."""

from __future__ import annotations

import pytest

from interlock.catalog import Catalog
from interlock.reading.files import load_catalog
from tests.e2e.deployment import ROOT, local_environment
from tests.stacks.conftest import Stacks, synthesize

CATALOG = ROOT / "catalog"


@pytest.fixture(scope="session")
def deployed() -> Catalog:
    """Whichever platform it declares."""
    return load_catalog(CATALOG)


@pytest.fixture(scope="session")
def stacks(deployed: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """Its stacks in the local environment."""
    return synthesize(deployed, local_environment(), tmp_path_factory.mktemp("deployed"))
