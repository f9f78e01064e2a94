"""A catalog that is kept is the one that would be read, or it is not taken."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as some

from interlock.catalog import Catalog
from interlock.reading import folder, kept
from interlock.reading.files import load_catalog
from interlock.reading.problems import SourceError
from tests.interlock.catalogs import GOOD

ROOT = Path(__file__).parents[3]
FILE = PurePosixPath("shop/all.yaml")
CONTENTS = {FILE: GOOD.encode()}
HARM = "touched-by-a-pickle"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "made" / "catalogs")
    monkeypatch.setattr(kept, "WORTHWHILE_BYTES", 0)
    return tmp_path / "made" / "catalogs"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that were read and parsed."""
    asked: list[str] = []
    read = folder.catalog_of

    def counted(name: str, contents: Mapping[PurePosixPath, bytes], **how: bool) -> Catalog:
        asked.append(name)
        return read(name, contents, past=how.get("past", False), shown="")

    monkeypatch.setattr(folder, "catalog_of", counted)
    return asked


def catalogs() -> list[Path]:
    """Every catalog of this repository."""
    known = {path.parents[1] for path in ROOT.glob("tests/**/*.yaml") if path.parents[1].name in ("catalog", "day")}
    return sorted({ROOT / "catalog", *known})


@pytest.mark.parametrize("root", catalogs(), ids=lambda root: root.relative_to(ROOT).as_posix())
def test_what_is_kept_is_what_was_read(cache: Path, reads: list[str], root: Path) -> None:
    first, second = load_catalog(root), load_catalog(root)
    assert len(reads) == 1
    assert second == first
    assert [*second.jobs] == [*first.jobs]
    assert [str(job.source) for job in second.jobs.values()] == [str(job.source) for job in first.jobs.values()]
    assert [path.name for path in cache.iterdir()]


@given(
    place=some.integers(0, len(GOOD) - 1), written=some.sampled_from(" #xX7\n"), is_past=some.booleans(), name=some.text("ab")
)
def test_whatever_is_edited_is_found_under_another_name(place: int, written: str, is_past: bool, name: str) -> None:
    edited = GOOD[:place] + written + GOOD[place + 1 :]
    before, after = (CONTENTS, "", False), ({FILE: edited.encode()}, name, is_past)
    same = [kept._name(folder, contents, past=past) for contents, folder, past in (before, after)]
    assert (same[0] == same[1]) == (before == after)


def test_a_file_that_is_moved_or_cut_in_two_is_another_catalog() -> None:
    halves = {PurePosixPath("shop/a.yaml"): GOOD[:50].encode(), PurePosixPath("shop/b.yaml"): GOOD[50:].encode()}
    moved = {PurePosixPath("shop/b.yaml"): GOOD[:50].encode(), PurePosixPath("shop/a.yaml"): GOOD[50:].encode()}
    assert len({kept._name("catalog", contents, past=False) for contents in (CONTENTS, halves, moved)}) == 3


def test_all_code_that_reads_is_in_the_name() -> None:
    """What the modules of this room import is in it or right below it."""
    asked = "import pkgutil, sys, interlock.reading as room\n" + (
        "for found in pkgutil.iter_modules(room.__path__, 'interlock.reading.'): __import__(found.name)\n"
        "print(*(name for name in sys.modules if name.startswith('interlock')))"
    )
    said = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "interlock.reading.resolve" in said
    assert [name for name in said if name.count(".") > 1 and not name.startswith("interlock.reading.")] == []


def test_one_with_a_problem_is_read_each_time(cache: Path, reads: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(SourceError, match="schedule"):
            kept.catalog_of("catalog", {FILE: GOOD.replace("0 * * * *", "0 * * *").encode()})
    assert len(reads) == 2
    assert not cache.exists()


def test_a_small_one_is_read_each_time(cache: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "WORTHWHILE_BYTES", len(GOOD) + 1)
    assert kept.catalog_of("catalog", CONTENTS) == kept.catalog_of("catalog", CONTENTS)
    assert len(reads) == 2
    assert not cache.exists()


class _Harm:
    """Pickled, it is a call: https://docs.python.org/3/library/pickle.html#object.__reduce__"""

    def __init__(self, call: Callable[..., object], *words: object) -> None:
        self._call = (call, words)

    def __reduce__(self) -> tuple[object, ...]:
        return self._call


def _whole(content: bytes) -> bytes:
    return hashlib.sha256(content).digest() + content


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda whole: whole[:-7], id="cut short"),
        pytest.param(lambda whole: whole[:-7] + b"changed", id="changed"),
        pytest.param(lambda _: _whole(b"no pickle"), id="no pickle"),
        pytest.param(lambda _: _whole(pickle.dumps({"jobs": 1})), id="no catalog"),
        pytest.param(lambda _: _whole(pickle.dumps(_Harm(os.mkdir, HARM))), id="one that calls what it likes"),
        pytest.param(lambda _: _whole(b"cinterlock.catalog\nNobody\n."), id="one of a class that is gone"),
        pytest.param(lambda _: _whole(b"\x80\x04\x8c\x08datetime\x8c\x03sys\x93."), id="one that takes a way around"),
        pytest.param(lambda _: _whole(b"cinterlock.catalog\nonce_a_catalog\n(NtR."), id="one that calls a function of ours"),
    ],
)
def test_what_is_no_catalog_of_ours_is_not_taken(
    cache: Path, reads: list[str], forged: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = kept.catalog_of("catalog", CONTENTS)
    (file,) = cache.iterdir()
    file.write_bytes(forged(file.read_bytes()))
    assert kept.catalog_of("catalog", CONTENTS) == wanted
    assert len(reads) == 2
    assert not Path(HARM).exists()
    assert kept.catalog_of("catalog", CONTENTS) == wanted, "and it was kept anew"
    assert len(reads) == 2


def test_where_nothing_can_be_kept_it_is_read(cache: Path, reads: list[str]) -> None:
    cache.parent.mkdir()
    cache.write_text("a file where the folder would be")
    assert kept.catalog_of("catalog", CONTENTS) == kept.catalog_of("catalog", CONTENTS)
    assert len(reads) == 2


def test_those_that_were_used_last_are_kept(cache: Path, reads: list[str]) -> None:
    def used(number: int) -> None:
        kept.catalog_of(f"catalog{number}", CONTENTS)

    used(0)
    (first,) = cache.iterdir()
    for number in range(1, kept.KEPT):
        used(number)
    for path in cache.iterdir():
        os.utime(path, (0, 0))
    used(0)
    for number in range(kept.KEPT, kept.KEPT + 3):
        used(number)
    assert len([*cache.iterdir()]) == kept.KEPT
    assert first.exists()
    assert len(reads) == kept.KEPT + 3
