"""The pages of docs/ that are drawn from the catalog that is deployed from here, whichever platform it declares."""

from __future__ import annotations

import pytest

from interlock.catalog import Catalog
from interlock.drawing.page import PICTURE, SHOWN_DAY, page
from interlock.drawing.svg import svg
from interlock.timing.timeline import timeline
from policies.documentation import policies_page
from tests.golden import DOCS, golden


@pytest.mark.golden
def test_the_picture_is_as_the_catalog_says(deployed: Catalog) -> None:
    golden(PICTURE, svg(timeline(deployed, SHOWN_DAY)), DOCS)


@pytest.mark.golden
def test_the_page_is_as_the_catalog_says(deployed: Catalog) -> None:
    golden("schedule.md", page(deployed, timeline(deployed, SHOWN_DAY)), DOCS)


@pytest.mark.golden
def test_the_page_about_policies_has_the_catalogs_waivers(deployed: Catalog) -> None:
    golden("policies.md", policies_page(deployed), folder=DOCS)
