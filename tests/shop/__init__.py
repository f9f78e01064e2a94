"""A second platform: a web shop of twelve jobs in europe-west1, for tests that need a platform and mean no particular one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from interlock.catalog import Catalog
from interlock.reading.files import load_catalog

CATALOG = Path(__file__).parent / "catalog"
BACKFILL = "orders"
HELD = frozenset({"orders-import", "orders-late", "returns-import", "revenue-daily"})
"""What the backfill pauses."""
PAUSED = frozenset({"supplier-feed", "winter-sale-prices"})
"""What is paused by declaration."""


@cache
def shop() -> Catalog:
    """Its catalog."""
    return load_catalog(CATALOG)
