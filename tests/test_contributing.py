"""Where things are: the first line of each room says what it is for; CONTRIBUTING has them all, with what each may import."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.golden import shown_in

ROOT = Path(__file__).parents[1]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
NOUNS = "interlock"
ALONE = ("guard/interlock_guard", "local")
"""Rooms that may import nothing of ours."""
UNBOUND = ("bench", "conformance", "tools")
"""Rooms that nothing imports, and that no contract binds."""


def rooms() -> dict[str, str]:
    """The first line of each room, by its folder: the packages at the top, those in `interlock/`, and the guard."""
    files = [*ROOT.glob("*/__init__.py"), *ROOT.glob("interlock/*/__init__.py"), *ROOT.glob("guard/*/__init__.py")]
    names = {file.parent.relative_to(ROOT).as_posix(): file for file in files if file.parent.name != "tests"}
    return {name: _first_line(file) for name, file in sorted(names.items())}


def _first_line(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    assert text, f"{file.parent.name} does not say what it is for"
    return text.splitlines()[0]


@cache
def contracts() -> list[Mapping[str, Any]]:
    """What `make lint` holds the imports to."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: list[Mapping[str, Any]] = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return found


def layers() -> list[list[str]]:
    """The rooms of each layer, highest first; the nouns are one."""
    [contract] = [contract for contract in contracts() if contract["type"] == "layers"]
    found = [[_room(module) for module in re.split(r" [|:] ", layer)] for layer in contract["layers"]]
    return [list(dict.fromkeys(layer)) for layer in found]


def _room(module: str) -> str:
    path = module.replace(".", "/")
    return path if (ROOT / path).is_dir() else NOUNS


def forbidden(room: str) -> set[str]:
    """The rooms that a contract keeps this one from as a whole."""
    found = set()
    for contract in contracts():
        sources = {module.replace(".", "/") for module in contract.get("source_modules", [])}
        excepted = any(line.startswith(f"{room.replace('/', '.')}.* ->") for line in contract.get("ignore_imports", []))
        if contract["type"] == "forbidden" and not excepted and sources & {room, room.partition("/")[0]}:
            found |= {module.replace(".", "/") for module in contract["forbidden_modules"]}
    return found


def may_import(room: str) -> str:
    """What of ours a room may import, for the table."""
    if room in ALONE:
        return "nothing of ours"
    if room in UNBOUND:
        return "anything"
    place = next(number for number, layer in enumerate(layers()) if room in layer)
    below = [other for layer in layers()[place + 1 :] for other in layer]
    allowed = [other for other in below if other not in forbidden(room)]
    if not below:
        return "one another"
    return "all below" if allowed == below else ", ".join(_short(other) for other in allowed)


def _short(room: str) -> str:
    return "nouns" if room == NOUNS else f"`{room.removeprefix('interlock/')}`"


def in_order() -> Iterator[str]:
    """As the layers have them, then those that stand alone."""
    yield from (room for layer in layers() for room in layer)
    yield from (*ALONE, *UNBOUND)


def test_every_room_is_in_a_layer_or_stands_alone_and_no_room_is_made_up() -> None:
    assert sorted(in_order()) == sorted(rooms())


def test_every_noun_is_in_the_lowest_layer() -> None:
    [contract] = [contract for contract in contracts() if contract["type"] == "layers"]
    nouns = {file.stem for file in (ROOT / NOUNS).glob("*.py")} - {"__init__"}
    assert set(contract["layers"][-1].split(" : ")) == {f"{NOUNS}.{noun}" for noun in nouns}


def test_who_stands_alone_is_kept_from_all_of_ours_by_a_contract() -> None:
    for room in ALONE:
        module = room.rpartition("/")[2]
        [kept] = [contract for contract in contracts() if contract.get("source_modules") == [module]]
        assert {"interlock", "stacks", "coordinator"} <= set(kept["forbidden_modules"])


def test_a_first_line_is_a_sentence() -> None:
    assert [line for line in rooms().values() if not re.fullmatch(r"[A-Z`].*[.?!]", line) or "|" in line] == []


@pytest.mark.golden
def test_contributing_shows_each_room_its_line_and_what_it_may_import() -> None:
    lines = ["| Room | What | May import |", "| --- | --- | --- |"]
    lines += [f"| `{room}/` | {rooms()[room]} | {may_import(room)} |" for room in in_order()]
    shown_in(CONTRIBUTING, "rooms", "\n".join(lines) + "\n")


def test_every_file_and_folder_that_contributing_names_is_there() -> None:
    named = re.findall(r"`((?:[a-z_]+/)+(?:\w+\.\w+)?)`", CONTRIBUTING.read_text(encoding="utf-8"))
    assert "interlock/cron.py" in named
    places = [ROOT, *(ROOT / room for room in rooms())]
    assert [path for path in named if not any((place / path).exists() for place in places)] == []
