"""A file of a catalog is named so that it can be opened from where people are; the catalog itself names it everywhere alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.catalog import Source
from interlock.reading.files import from_here, load_catalog
from interlock.reading.problems import SourceError


@pytest.mark.parametrize(
    ("root", "file", "shown"),
    [
        pytest.param("catalog", "catalog/shop/jobs.yaml", "catalog/shop/jobs.yaml", id="here"),
        pytest.param("eu/catalog", "catalog/shop/jobs.yaml", "eu/catalog/shop/jobs.yaml", id="deeper"),
        pytest.param("HERE/eu/catalog", "catalog/shop/jobs.yaml", "eu/catalog/shop/jobs.yaml", id="deeper, typed in full"),
        pytest.param("/x/eu/catalog", "catalog/shop/jobs.yaml", "/x/eu/catalog/shop/jobs.yaml", id="elsewhere"),
        pytest.param("../catalog", "catalog/shop/jobs.yaml", "../catalog/shop/jobs.yaml", id="above"),
        pytest.param("catalog", "environments/local.yaml", "environments/local.yaml", id="a file of something else"),
        pytest.param("catalog/catalog", "catalog/catalog", "catalog/catalog", id="the folder itself"),
    ],
)
def test_a_file_is_named_as_it_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str, file: str, shown: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = Source(file=file, line=3)
    assert str(from_here(source, Path(root.replace("HERE", str(tmp_path))))) == f"{shown}:3"


def test_what_is_wrong_in_a_catalog_elsewhere_is_at_a_path_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "eu" / "catalog" / "shop" / "jobs.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("job: {}\n")
    with pytest.raises(SourceError) as caught:
        load_catalog(tmp_path / "eu" / "catalog")
    [problem] = caught.value.problems
    assert problem.source.file == "catalog/shop/jobs.yaml"
    assert caught.value.root is not None
    assert Path(from_here(problem.source, caught.value.root).file) == file
