"""A night of another platform is played again, and what is wrong with its file is said in a line."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from interlock.reading.files import load_catalog
from interlock.timing.replay import Night
from tests.interlock.cloud import at
from tests.shop import CATALOG
from tools.replay import main, plans, read, uncounted

NIGHT: dict[str, object] = {
    "from": "2026-03-28T12:00:00Z",
    "until": "2026-03-29T12:00:00+00:00",
    "time_zone": "Europe/Berlin",
    "at": "2026-03-29T02:30:00+02:00",
    "backfills": [{"name": "orders", "start": "2026-03-28T22:00:00Z", "dates": 90, "dates_a_minute": 0.5}],
}


@pytest.fixture(autouse=True)
def shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_CATALOG", str(CATALOG))
    monkeypatch.setenv("RUNS", "3")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("SVG", raising=False)


def file(folder: Path, **changed: object) -> str:
    path = folder / "night.json"
    path.write_text(json.dumps({key: value for key, value in (NIGHT | changed).items() if value is not None}), encoding="utf-8")
    return str(path)


def test_a_night_of_another_platform_is_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SVG", str(tmp_path / "night.svg"))
    assert main([file(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert [line.split("  ")[0] for line in said.splitlines()[2:7]] == [
        "as it was",
        "the stagger of today",
        "holds",
        "the guard's retry",
        "stagger, holds, retry",
    ]
    assert max(map(len, said.splitlines()[:9])) <= 80
    assert main([file(tmp_path)]) == 0
    assert capsys.readouterr().out == said
    drawn = ET.parse(tmp_path / "night.svg").getroot()  # noqa: S314 (our own)
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "02:30:00, the error of the report" not in texts, "the clocks have no 02:30 on that day"
    assert "01:30:00, the error of the report" in texts
    assert "backfill orders" in texts


def test_its_tables_are_those_that_the_backfills_touch_and_those_that_it_names(tmp_path: Path) -> None:
    catalog = load_catalog(CATALOG)
    [other, *_] = sorted({*catalog.tables} - {*catalog.backfills["orders"].tables})
    night: Night = read(Path(file(tmp_path, tables=[other], comes_a_day={other: 2})).read_text(encoding="utf-8"), catalog).night
    assert set(night.tables) == {other, *catalog.backfills["orders"].tables}
    assert night.span.start == at("2026-03-28T12:00Z")


def test_without_what_was_counted_it_is_the_same_night(tmp_path: Path) -> None:
    catalog = load_catalog(CATALOG)
    found = read(Path(file(tmp_path, comes_a_day={"shop_raw.orders": 2})).read_text(encoding="utf-8"), catalog)
    assert uncounted(found).comes_a_day == {}
    assert uncounted(found).rewrites == found.night.rewrites
    assert len([*plans(catalog, found)]) == 5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"from": "yesterday"}, "which is no instant such as", id="no instant"),
        pytest.param({"from": "2026-03-28T12:00:00"}, "without an offset", id="an instant without an offset"),
        pytest.param({"until": "2026-03-27T12:00:00Z"}, "before it starts", id="it ends before it starts"),
        pytest.param({"from": None}, "from of the night is no text", id="a key that is missing"),
        pytest.param({"time_zone": "Mars/Base"}, "Mars/Base", id="no zone"),
        pytest.param({"backfills": [{"name": "nope"}]}, "no backfill 'nope'; the catalog has orders", id="no backfill"),
        pytest.param({"backfills": {"orders": 1}}, "backfills of the night is no list", id="no list"),
        pytest.param({"backfills": ["orders"]}, "an entry of backfills is no mapping", id="no mapping"),
        pytest.param(
            {"backfills": [{"name": "orders", "start": "2026-03-28T22:00:00Z", "dates": 0, "dates_a_minute": 1}]},
            "dates of an entry of backfills is no number above 0",
            id="no dates",
        ),
        pytest.param({"tables": ["shop_raw.nope"]}, "tables has 'shop_raw.nope'", id="no table"),
        pytest.param({"comes_a_day": {"shop_raw.nope": 1}}, "comes_a_day counts shop_raw.nope", id="counted, and no table"),
        pytest.param({"comes_a_day": {"shop_raw.orders": True}}, "is no number above 0", id="no number"),
        pytest.param({"moved_then": ["nope"]}, "moved_then has 'nope'", id="no job"),
        pytest.param({"one_writer": ["nope"]}, "one_writer has 'nope'", id="no processor"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, object], said: str
) -> None:
    assert main([file(tmp_path, **changed)]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "docs/incident.md" in shown
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize("content", ["{", "[]", "\\xff"])
def test_no_json_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    (tmp_path / "night.json").write_text(content, encoding="utf-8")
    assert main([str(tmp_path / "night.json")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("runs", ["0", "-3", "many", "1.5"])
def test_no_number_of_nights_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, runs: str
) -> None:
    monkeypatch.setenv("RUNS", runs)
    assert main([file(tmp_path)]) == 2
    assert "which is no number of nights" in capsys.readouterr().err


def test_a_file_that_is_missing_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.json")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
