"""The source of a function lies unpacked as it is in the archive, with byte code that is of just that."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local.emulator.guest import StartError
from local.emulator.serving import _unpack

SAME_DATE = (1980, 1, 1, 0, 0, 0)


def archive(**texts: str) -> bytes:
    """Files of one date, as the coordinator's archive has them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        for name, text in texts.items():
            files.writestr(zipfile.ZipInfo(f"{name}.py", SAME_DATE), text)
    return packed.getvalue()


def says(folder: Path) -> str:
    words = [sys.executable, "-c", "import main; print(main.WORD)"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def test_another_source_of_the_same_size_and_date_is_what_runs(tmp_path: Path) -> None:
    for word in ("one", "two"):
        _unpack(archive(main=f"WORD = '{word}'"), tmp_path / "it")
        assert says(tmp_path / "it") == word


def test_what_is_unpacked_already_is_left_with_its_byte_code(tmp_path: Path) -> None:
    source = archive(main="WORD = 'one'")
    _unpack(source, tmp_path / "it")
    (compiled,) = (tmp_path / "it").rglob("*.pyc")
    before = compiled.stat()
    _unpack(source, tmp_path / "it")
    assert compiled.stat() == before


@pytest.mark.parametrize("harm", ["changed", "gone", "added"])
def test_what_a_process_has_done_to_its_files_is_undone_for_the_next(tmp_path: Path, harm: str) -> None:
    source, folder = archive(main="WORD = 'one'", other=""), tmp_path / "it"
    _unpack(source, folder)
    if harm == "changed":
        (folder / "main.py").write_text("WORD = 'six'")
    elif harm == "gone":
        (folder / "other.py").unlink()
    else:
        (folder / "data.json").write_text("{}")
    _unpack(source, folder)
    assert sorted(path.name for path in folder.glob("*.*")) == ["main.py", "other.py"]
    assert says(folder) == "one"


def test_what_does_not_compile_is_unpacked_all_the_same(tmp_path: Path) -> None:
    _unpack(archive(main="WORD = "), tmp_path / "it")
    assert (tmp_path / "it" / "main.py").read_text() == "WORD = "


def test_what_is_no_archive_can_not_be_unpacked(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="can't be unpacked"):
        _unpack(b"no archive", tmp_path / "it")
