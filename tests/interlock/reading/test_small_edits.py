"""Random small edits of a valid catalog: each is clean, or named by file and line; none changes what a backfill or a window
holds without a word."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml

from interlock.catalog import Catalog
from interlock.graph import scopes
from interlock.reading.located import Path
from interlock.review.remark import Remark, Topic
from interlock.review.review import review
from policies.from_catalog import findings
from tests.interlock.reading.test_every_reference import HARBOUR
from tests.interlock.reading.written import Files

SEED = int(os.environ.get("INTERLOCK_EDITS_SEED", "0"))
EDITS = int(os.environ.get("INTERLOCK_EDITS", "200"))
SHARDS = 4
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHOP = FilePath(__file__).parents[2] / "shop" / "catalog" / "shop"
CATALOGS = {
    "harbour": {name: yaml.safe_load(text) for name, text in HARBOUR.items()},
    "shop": {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(SHOP.glob("*.yaml"))},
}
SCHEDULES = ["0 4 * * *", "*/7 * * * *", "0 4 30 2 *", "0 25 * * *", "15 4 * 11-2 *", "0 4 * *"]
Edit = Callable[[random.Random, Files, str, Path], Path | None]
"""Changes the value at a place; returns where that is now, or None where it can't be done there."""


def slipped(chance: random.Random, text: str) -> str | None:
    """A letter dropped, doubled, or turned with the next one."""
    letters = [at for at, letter in enumerate(text) if letter.isalpha()]
    if len(letters) < 2:
        return None
    at = chance.choice(letters)
    how = chance.randrange(3)
    if how == 2 and at + 1 < len(text):
        return f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"
    return text[:at] + text[at + 1 :] if how else f"{text[:at]}{text[at]}{text[at:]}"


def slip(chance: random.Random, files: Files, file: str, path: Path) -> Path | None:
    inside, key = files.around(file, path), path[-1]
    if not isinstance(inside[key], str) or (other := slipped(chance, inside[key])) in (None, inside[key]):
        return None
    inside[key] = other
    return path


def slip_of_a_key(chance: random.Random, files: Files, file: str, path: Path) -> Path | None:
    key = path[-1]
    other = slipped(chance, key) if isinstance(key, str) else None
    return None if other in (None, key, *files.around(file, path)) else files.rename(file, path, str(other))


def drop(chance: random.Random, files: Files, file: str, path: Path) -> Path | None:
    del chance
    del files.around(file, path)[path[-1]]
    return path[:-1]


def double(chance: random.Random, files: Files, file: str, path: Path) -> Path | None:
    del chance
    inside = files.around(file, path)
    if not isinstance(inside, list):
        return None
    inside.insert(int(path[-1]), inside[int(path[-1])])
    return path


def change(chance: random.Random, files: Files, file: str, path: Path) -> Path | None:
    inside, key = files.around(file, path), path[-1]
    value = inside[key]
    others: list[Any] = []
    if isinstance(value, int):
        others = [value + 1, value - 1, value * 10, 0]
    elif isinstance(value, str) and value.count(" ") == 4:
        others = SCHEDULES
    elif isinstance(value, str) and re.fullmatch("[0-9]+[smhd]", value):
        others = [f"{int(value[:-1]) * 10}{value[-1]}", f"{value[:-1]}d", "0s"]
    elif isinstance(value, str):
        others = [name for name in ("read", "append", "mutate", "run", "topic", "outputs", "inputs") if name != value]
    if not others:
        return None
    inside[key] = chance.choice(others)
    return path


def swap(chance: random.Random, files: Files, file: str, path: Path) -> Path | None:
    inside, key = files.around(file, path), path[-1]
    keys: list[Any] = [*inside] if isinstance(inside, dict) else [*range(len(inside))]
    other = chance.choice(keys)
    inside[key], inside[other] = inside[other], inside[key]
    return path


KINDS: list[Edit] = [slip, slip, slip_of_a_key, slip_of_a_key, drop, double, change, swap]


def edited(chance: random.Random, before: Files) -> tuple[Files, str, Path, set[str], str]:
    """A copy with one edit: where it is now, what it is about, and which it is."""
    while True:
        after = before.copy()
        file, path = chance.choice([*after.places()])
        edit = chance.choice(KINDS)
        subject = {str(path[-1]), *words(after.around(file, path)[path[-1]])}
        where = edit(chance, after, file, path)
        if where is not None and after.data != before.data:
            return after, file, where, subject, f"{edit.__name__} {file} {'.'.join(map(str, path))}"


def held(catalog: Catalog) -> dict[str, set[str]]:
    return {name: {*jobs} for name, jobs in scopes(catalog).items() if name.startswith(("backfill/", "window/"))}


def about(remarks: tuple[Remark, ...], scope: str, job: str) -> bool:
    """Whether a review says that the scope does no longer hold the job: as a finding, or as a note of what the change says."""
    for one in remarks:
        if one.topic is Topic.COVERAGE and one.subject == scope and (job in one.text or " more: " in one.text):
            return one.is_finding or "kept: " in one.text or "holds it now" in one.text
    return False


def words(value: Any) -> set[str]:
    """Every key and text."""
    if isinstance(value, dict):
        return {*map(str, value)}.union(*map(words, value.values()))
    return set[str]().union(*map(words, value)) if isinstance(value, list) else {str(value)}


def check(before: Files, after: Files, file: str, path: Path, subject: set[str]) -> None:
    said = after.said()
    assert before.catalog is not None
    if after.catalog is None:
        changed = subject | (words(after.data) - words(before.data))
        lines = after.lines(file, path[: 1 if path[:1] == ("defaults",) else 2])
        near = [one for one in said if one.file == file and one.line in lines]
        assert near or any(word in one.text for one in said for word in changed), said
        return
    now, was = held(after.catalog), held(before.catalog)
    if now == was:
        return
    found = review(before.catalog, after.catalog, AT, rules=findings)
    renamed = found.changes.renamed
    for scope, jobs in was.items():
        for job in jobs:
            name = renamed.get(job, job)
            if name in after.catalog.jobs and name not in now.get(scope, ()):
                assert about(found.remarks, scope, name), (scope, job, found.remarks)
    for scope, jobs in now.items():
        if jobs - {renamed.get(job, job) for job in was.get(scope, ())}:
            assert any(one.subject == scope and one.topic is Topic.COVERAGE for one in found.remarks), (scope, found.remarks)


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("name", CATALOGS)
def test_a_small_edit_is_clean_or_named_and_changes_no_coverage_silently(name: str, shard: int) -> None:
    before = Files(CATALOGS[name])
    assert before.said() == set()
    for number in range(shard, EDITS // len(CATALOGS), SHARDS):
        chance = random.Random(f"{SEED} {name} {number}")  # noqa: S311
        after, file, path, subject, what = edited(chance, before)
        try:
            check(before, after, file, path, subject)
        except Exception as error:
            error.add_note(
                f"INTERLOCK_EDITS_SEED={SEED}, edit {number}: {what}\n{after.text(file) if file in after.data else ''}"
            )
            raise
