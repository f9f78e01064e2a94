"""What is generated from the catalog that is deployed from here, whichever platform it declares: pages of docs/, a record."""

from __future__ import annotations

import pytest

from interlock.catalog import Catalog
from interlock.drawing.page import PICTURE, page, shown_day
from interlock.drawing.svg import svg
from interlock.timing.timeline import timeline
from interlock.timing.zone_record import recorded
from interlock.zone_record import RECORD_FILE, text_of
from policies.documentation import policies_page
from tests.golden import DOCS, golden
from tests.platforms.conftest import CATALOG


@pytest.mark.golden
def test_the_picture_is_as_the_catalog_says(deployed: Catalog) -> None:
    golden(PICTURE, svg(timeline(deployed, shown_day(deployed))), DOCS)


@pytest.mark.golden
def test_the_page_is_as_the_catalog_says(deployed: Catalog) -> None:
    golden("schedule.md", page(deployed, timeline(deployed, shown_day(deployed))), DOCS)


@pytest.mark.golden
def test_the_page_about_policies_has_the_catalogs_waivers(deployed: Catalog) -> None:
    golden("policies.md", policies_page(deployed), folder=DOCS)


@pytest.mark.golden
def test_the_record_of_zone_data_is_of_the_locked_ones(deployed: Catalog) -> None:
    """A pull request that raises tzdata in the locks fails here, until the record is written anew and can be reviewed."""
    golden(RECORD_FILE, text_of(recorded(deployed)), folder=CATALOG)
