"""clocks.json: what it has to look like, and that it comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import pytest

from interlock.catalog import Source
from interlock.reading.folder import catalog_of
from interlock.reading.problems import SourceError
from interlock.reading.zone_record import read_record
from interlock.timing.zone_record import recorded
from interlock.zone_record import RECORD_FILE, text_of
from tests.interlock.catalogs import GOOD, load

WRITTEN: dict[str, Any] = {
    "written_by": "interlock validate --clocks",
    "zone_data": "2026f",
    "start": "2026-01-01T00:00:00Z",
    "end": "2029-01-01T00:00:00Z",
    "minutes_ahead_of_utc": {"Etc/UTC": {"2026-01-01T00:00:00Z": 0}},
}


def catalog_with(record: str, **files: str) -> Any:
    contents = {RECORD_FILE: record, "p/all.yaml": GOOD, **files}
    return catalog_of("catalog", {PurePosixPath(name): text.encode() for name, text in contents.items()})


def test_a_catalog_has_the_record_that_stands_beside_its_folders() -> None:
    record = catalog_with(json.dumps(WRITTEN, indent=2)).zone_record
    assert (record.release, record.start, record.end) == (
        "2026f", datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    assert record.zones == {"Etc/UTC": ((datetime(2026, 1, 1, tzinfo=UTC), 0),)}
    assert record.sources["zone_data"] == Source(file="catalog/clocks.json", line=3)
    assert record.sources["Etc/UTC"] == Source(file="catalog/clocks.json", line=7)


def test_a_catalog_needs_none() -> None:
    assert load(GOOD).zone_record is None


def test_a_record_alone_is_no_catalog() -> None:
    with pytest.raises(SourceError, match="there is no catalog here"):
        catalog_of("catalog", {PurePosixPath(RECORD_FILE): json.dumps(WRITTEN).encode()})


def test_one_that_stands_elsewhere_is_not_read() -> None:
    from interlock.reading.folder import is_candidate

    assert is_candidate(PurePosixPath("clocks.json"))
    assert not any(map(is_candidate, map(PurePosixPath, ("schema.json", "p/clocks.json", "clocks.json.bak"))))


def test_it_comes_back_as_it_was_written() -> None:
    record = recorded(load(GOOD.replace("Etc/UTC", "Africa/Casablanca")))
    text = text_of(record)
    assert read_record(text, "catalog/clocks.json") == (record, [])
    assert text_of(record) == text


ZONES = "minutes_ahead_of_utc"
ANEW = "write the file anew: .venv/bin/interlock validate --clocks"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"zone_data": "new"}, ["3: zone_data: 'new' is no release of the tz database; " + ANEW], id="release"),
        pytest.param({"zone_data": None}, ["3: zone_data: has no value; " + ANEW], id="nothing"),
        pytest.param({"start": "2026-01-01"}, ["4: start: '2026-01-01' is no whole minute in UTC; " + ANEW], id="a day alone"),
        pytest.param({"start": "2026-02-31T00:00:00Z"}, ["1: day is out of range for month; " + ANEW], id="no such day"),
        pytest.param({"end": "2025-01-01T00:00:00Z"}, ["5: end: is not after start; " + ANEW,
                     f"7: {ZONES}.Etc/UTC: does not go from start to end, in order; {ANEW}"], id="an end before its start"),
        pytest.param({ZONES: {"Etc/UTC": {}}}, [f"7: {ZONES}.Etc/UTC: does not go from start to end, in order; {ANEW}"],
                     id="a zone of which nothing is said"),
        pytest.param({ZONES: {"Etc/UTC": {"2026-01-02T00:00:00Z": 0}}},
                     [f"7: {ZONES}.Etc/UTC: does not go from start to end, in order; {ANEW}"], id="a zone that begins late"),
        pytest.param({ZONES: {"Etc/UTC": {"2026-01-01T00:00:00Z": "0"}}},
                     [f"8: {ZONES}.Etc/UTC.2026-01-01T00:00:00Z: '0' is no whole number"],
                     id="a text for a number"),
        pytest.param({ZONES: {"Etc/UTC": {"2026-01-01T00:00:00Z": 1441}}}, ["1440"], id="more than a day ahead"),
        pytest.param({ZONES: []}, [ZONES], id="a list for a mapping"),
        pytest.param({"why": "x"}, ["unknown key"], id="an unknown key"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_line(change: dict[str, Any], expected: list[str]) -> None:
    with pytest.raises(SourceError) as error:
        catalog_with(json.dumps({**WRITTEN, **change}, indent=2))
    said = [str(problem).removeprefix("catalog/clocks.json:") for problem in error.value.problems]
    assert len(said) == len(expected)
    for line, part in zip(said, expected, strict=True):
        assert part in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "catalog/clocks.json:1: ", id="an empty file"),
        pytest.param("<<<<<<< HEAD\n{}", "catalog/clocks.json:", id="a conflict of a merge"),
        pytest.param("[1]", "catalog/clocks.json:1: ", id="a list"),
        pytest.param("{" * 9000, "catalog/clocks.json:1: ", id="too deep"),
    ],
)
def test_any_text_is_read_or_refused_with_a_line(text: str, expected: str) -> None:
    with pytest.raises(SourceError) as error:
        catalog_with(text)
    assert all(str(problem).startswith(expected) for problem in error.value.problems)


def test_it_is_refused_together_with_what_is_wrong_in_the_catalog() -> None:
    with pytest.raises(SourceError) as error:
        catalog_with(json.dumps({**WRITTEN, "zone_data": "x"}), **{"p/more.yaml": "job: {}\n"})
    assert [problem.source.file for problem in error.value.problems] == ["catalog/clocks.json", "catalog/p/more.yaml"]
