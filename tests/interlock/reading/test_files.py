"""What lies in a catalog's folder is read or refused, and never left out without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.reading.files import load_catalog
from interlock.reading.problems import SourceError

SERVICES = "services:\n  tills: {kind: run}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "catalog" / "shop").mkdir(parents=True)
    (tmp_path / "catalog" / "shop" / "all.yaml").write_text(SERVICES)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "more.yaml").write_text("services:\n  scales: {kind: run}\n")
    return tmp_path / "catalog"


@pytest.mark.parametrize("place", ["market", "shop/more"], ids=["a platform", "a folder in one"])
def test_a_link_to_a_folder_is_refused(root: Path, place: str) -> None:
    (root / place).symlink_to(root.parent / "elsewhere")
    with pytest.raises(SourceError) as refused:
        load_catalog(root)
    (problem,) = refused.value.problems
    assert str(problem) == f"catalog/{place}:1: is a link to a folder, and these are not read; make it a folder"


def test_a_link_to_a_file_is_read_and_so_is_a_catalog_that_is_one_itself(root: Path) -> None:
    (root / "shop" / "more.yaml").symlink_to(root.parent / "elsewhere" / "more.yaml")
    (root.parent / "linked").symlink_to(root)
    assert [*load_catalog(root).services] == [*load_catalog(root.parent / "linked").services] == ["scales", "tills"]
