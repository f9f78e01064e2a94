"""The product's tests are of no platform: whoever replaces catalog/nba replaces tests/platforms/nba, and nothing else fails.

What needs a platform has tests/shop, or a small catalog of its own. tests/platforms is of the catalog that is deployed from
here: whichever it is, and each platform in a folder of its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PLATFORMS = TESTS / "platforms"
DEPLOYED = re.compile(r'(?:ROOT|parents\[\d\]) / "catalog"')
"""How a test comes by the catalog of the checkout."""
NBA = re.compile(r"(?i)(?<![a-z])nba(?![a-z])|\b14[34] jobs\b")
NAMES_NBA = {
    "upgrade/7fadadb": "what an earlier version deployed, of a small platform that was called so",
    "e2e/day/": "that small platform",
    "e2e/test_virtual_day.py": "the same",
    "golden/guard": "the statement of docs/adopt-guard.md, whose example is a scraper of NBA",
    "guard/test_": "the tables of docs/adopt-guard.md",
    "model/": "names of a made-up world; others would make other runs of the same seed",
    "tools/test_makefile.py": "the examples of `make help`",
}
"""Files that may, and why; a name in each is a word like any other."""


def _product() -> Iterator[tuple[str, str]]:
    """The product's tests but this one, and what they read, by path."""
    for path in sorted(TESTS.rglob("*")):
        if path.suffix != ".pyc" and path.is_file() and not path.is_relative_to(PLATFORMS) and path.name != Path(__file__).name:
            yield path.relative_to(TESTS).as_posix(), path.read_bytes().decode("utf-8", "replace")


def test_no_test_of_the_product_reads_the_catalog_that_is_deployed() -> None:
    reading = [name for name, text in _product() if DEPLOYED.search(text)]
    assert reading == [], "give it tests/shop, or move it to tests/platforms"


def test_no_test_of_the_product_is_about_nba() -> None:
    about = {name for name, text in _product() if NBA.search(name) or NBA.search(text)}
    assert {name for name in about if not any(part in name for part in NAMES_NBA)} == set(), "move it to tests/platforms/nba"
    unused = {part for part in NAMES_NBA if not any(part in name for name in about)}
    assert unused == set(), "take it off the list"


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        pytest.param('load_catalog(ROOT / "catalog")', True, id="the catalog"),
        pytest.param('Path(__file__).parents[2] / "catalog"', True, id="by the way there"),
        pytest.param('(ROOT / "catalog" / "nba").glob("*.yaml")', True, id="a platform of it"),
        pytest.param('tmp_path / "catalog"', False, id="one of its own"),
        pytest.param('ROOT / "environments"', False, id="something else"),
    ],
)
def test_reading_it_is_recognized(text: str, reads: bool) -> None:
    assert bool(DEPLOYED.search(text)) is reads


@pytest.mark.parametrize("text", ["catalog/nba/x.yaml", "nba-scrapers", "nba_raw.games", "The NBA platform", "143 jobs"])
def test_being_about_nba_is_recognized(text: str) -> None:
    assert NBA.search(text)
    assert not NBA.search("inbad, 143 tables and xnbay")
