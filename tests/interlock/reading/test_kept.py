"""A catalog that is kept is the one that would be read, or it is not taken."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as some

from interlock.catalog import Catalog
from interlock.reading import folder, kept
from interlock.reading.files import load_catalog, load_environment
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
    return tmp_path / "made" / "catalogs" / "catalog"


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
    """Every catalog of the tests."""
    known = {path.parents[1] for path in ROOT.glob("tests/**/*.yaml") if path.parents[1].name in ("catalog", "day")}
    return sorted(known)


@pytest.mark.parametrize("root", catalogs(), ids=lambda root: root.relative_to(ROOT).as_posix())
def test_what_is_kept_is_what_was_read(cache: Path, reads: list[str], root: Path) -> None:
    first, second = load_catalog(root), load_catalog(root)
    assert len(reads) == 1
    assert second == first
    assert [*second.jobs] == [*first.jobs]
    assert [str(job.source) for job in second.jobs.values()] == [str(job.source) for job in first.jobs.values()]
    assert [path.name for path in cache.iterdir()]


def test_so_it_is_where_python_pickles_enumerations_by_name(
    cache: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As 3.11.2 does, which Debian 12 has."""
    monkeypatch.setattr(Enum, "__reduce_ex__", lambda member, _: (getattr, (type(member), member.name)))
    first, second = kept.catalog_of("catalog", CONTENTS), kept.catalog_of("catalog", CONTENTS)
    assert b"getattr" in pickle.dumps(first), "as this Python would by itself"
    assert len(reads) == len([*cache.iterdir()]) == 1
    assert second == first


Read = tuple[str, Mapping[PurePosixPath, bytes], bool]
CATALOG = folder.catalog_of("catalog", CONTENTS)


def are_told_apart(first: Read, second: Read) -> bool:
    """Whether the second is read, though the first is kept; whatever is in them."""
    asked: list[Read] = []

    def read(name: str, contents: Mapping[PurePosixPath, bytes], *, past: bool, **_: object) -> Catalog:
        asked.append((name, contents, past))
        return CATALOG

    with TemporaryDirectory() as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "FOLDER", Path(made))
        patch.setattr(kept, "WORTHWHILE_BYTES", 0)
        patch.setattr(folder, "catalog_of", read)
        for name, contents, past in (first, second):
            kept.catalog_of(name, contents, past=past)
    return asked == [first, second]


@given(
    place=some.integers(0, len(GOOD) - 1),
    written=some.sampled_from(" #xX7\n"),
    name=some.sampled_from(["catalog", "catalo", ""]),
    is_past=some.booleans(),
)
def test_whatever_is_edited_is_read_anew(place: int, written: str, name: str, is_past: bool) -> None:
    edited = GOOD[:place] + written + GOOD[place + 1 :]
    before, after = ("catalog", CONTENTS, False), (name, {FILE: edited.encode()}, is_past)
    assert are_told_apart(before, after) == (before != after)


def test_files_that_are_cut_in_two_or_change_places_are_another_catalog() -> None:
    first, second = PurePosixPath("shop/a.yaml"), PurePosixPath("shop/b.yaml")
    head, tail = GOOD[:50].encode(), GOOD[50:].encode()
    assert are_told_apart(("catalog", CONTENTS, False), ("catalog", {first: head, second: tail}, False))
    assert are_told_apart(("catalog", {first: head, second: tail}, False), ("catalog", {second: head, first: tail}, False))
    assert are_told_apart(("catalog", {first: head}, False), ("catalog", {second: head}, False))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda patch: patch.setattr(kept, "_code", lambda: "other"), id="other code of ours"),
        pytest.param(lambda patch: patch.setattr(kept, "installed", lambda: ["tzdata-2099.1.dist-info"]), id="other packages"),
        pytest.param(lambda patch: patch.setattr(sys, "version", "3.99.0"), id="another Python"),
    ],
)
def test_what_something_else_read_is_read_anew(
    cache: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch, other: Callable[[pytest.MonkeyPatch], None]
) -> None:
    kept.catalog_of("catalog", CONTENTS)
    other(monkeypatch)
    kept.catalog_of("catalog", CONTENTS)
    assert len(reads) == 2
    assert len([*cache.iterdir()]) == 2


def test_an_environment_is_kept_too_and_one_that_is_to_be_filled_in_is_another(cache: Path) -> None:
    once, again = (load_environment(ROOT / "environments", "production", unfilled=True) for _ in range(2))
    assert once == again
    assert len([*(cache.parent / "environment").iterdir()]) == 1
    with pytest.raises(SourceError, match="sample"):
        load_environment(ROOT / "environments", "production")


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
        pytest.param(lambda _: _whole(pickle.dumps(_Harm(getattr, Catalog, "jobs"))), id="one that takes what a class has"),
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
    cache.parent.mkdir(parents=True)
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
