"""The catalog that is deployed from here."""

from __future__ import annotations

import pytest

from interlock.catalog import Catalog
from interlock.reading.files import load_catalog
from tests.e2e.deployment import ROOT


@pytest.fixture(scope="session")
def deployed() -> Catalog:
    """Whichever platform it declares."""
    return load_catalog(ROOT / "catalog")
