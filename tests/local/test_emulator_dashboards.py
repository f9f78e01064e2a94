"""Dashboards: what of them is kept, and how their tiles may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.emulator.defaults import without_defaults
from local.emulator.discovery import Api

if TYPE_CHECKING:  # at run time `conftest` may be that of tests/local/provider, which has the same module name
    from tests.local.plain import Rest

DASHBOARDS = "/v1/projects/p/dashboards"
TEXT = {"text": {"content": "x"}}


def tile(x: int, y: int, width: int = 6, height: int = 4, **widget: object) -> dict[str, Any]:
    """A tile at a place."""
    return {"xPos": x, "yPos": y, "width": width, "height": height, "widget": widget or TEXT}


def mosaic(*tiles: dict[str, Any], columns: int = 12) -> dict[str, Any]:
    """A dashboard of tiles."""
    return {"displayName": "x", "mosaicLayout": {"columns": columns, "tiles": list(tiles)}}


@pytest.mark.parametrize(
    ("dashboard", "message"),
    [
        pytest.param(mosaic(tile(0, 0), tile(5, 3)), "overlaps tiles[0]", id="two tiles that overlap in a corner"),
        pytest.param(mosaic(tile(0, 0), tile(0, 0)), "overlaps tiles[0]", id="two tiles at one place"),
        pytest.param(mosaic(tile(7, 0)), "contained within the specified number of columns", id="a tile over the edge"),
        pytest.param(mosaic(tile(-1, 0)), "cannot be negative", id="a tile left of the first column"),
        pytest.param(mosaic(tile(0, 0, width=0)), "minimum width and height of 1", id="a tile of no width"),
        pytest.param(mosaic(columns=49), "between 1 and 48", id="forty-nine columns"),
        pytest.param(mosaic(columns=0), "between 1 and 48", id="no columns"),
    ],
)
def test_a_mosaic_that_does_not_fit_is_refused(rest: Rest, dashboard: dict[str, Any], message: str) -> None:
    answer = rest("POST", DASHBOARDS, dashboard)
    assert (answer.status, message in answer.message) == (400, True), answer.message


@pytest.mark.parametrize(
    "dashboard",
    [
        pytest.param(mosaic(tile(0, 0), tile(6, 0), tile(0, 4)), id="side by side and below"),
        pytest.param(mosaic(tile(0, 0, 12, 8, title="all", collapsibleGroup={}), tile(0, 0)), id="a group around its tiles"),
        pytest.param(mosaic(tile(0, 0, 48, 10**6), columns=48), id="a very high one"),
    ],
)
def test_a_mosaic_that_fits_is_taken(rest: Rest, dashboard: dict[str, Any]) -> None:
    answer = rest("POST", DASHBOARDS, dashboard)
    assert answer.status == 200, answer.body


def test_zeros_are_not_kept(rest: Rest) -> None:
    made = rest("POST", DASHBOARDS, mosaic(tile(0, 0), tile(6, 0)) | {"labels": {"a": ""}}).json
    kept = rest("GET", f"/v1/{made['name']}").json
    assert kept == made
    assert [sorted(one) for one in kept["mosaicLayout"]["tiles"]] == [
        ["height", "widget", "width"],
        ["height", "widget", "width", "xPos"],
    ]
    assert kept["labels"] == {"a": ""}, "entries of a map are kept as they are"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param({"gridLayout": {"columns": "0"}}, {"gridLayout": {}}, id="a 64-bit zero; the message stays"),
        pytest.param({"gridLayout": {"widgets": []}}, {"gridLayout": {}}, id="an empty list"),
        pytest.param({"displayName": ""}, {}, id="an empty text"),
        pytest.param({"labels": {}}, {}, id="an empty map"),
        pytest.param(
            {"gridLayout": {"widgets": [{"xyChart": {"timeshiftDuration": "0s", "dataSets": [{"plotType": "LINE"}]}}]}},
            {"gridLayout": {"widgets": [{"xyChart": {"timeshiftDuration": "0s", "dataSets": [{"plotType": "LINE"}]}}]}},
            id="a duration of nothing is a message",
        ),
        pytest.param(
            {"gridLayout": {"widgets": [{"xyChart": {"dataSets": [{"targetAxis": "TARGET_AXIS_UNSPECIFIED"}]}}]}},
            {"gridLayout": {"widgets": [{"xyChart": {"dataSets": [{}]}}]}},
            id="the zero of an enum",
        ),
        pytest.param(
            {"gridLayout": {"widgets": [{"xyChart": {"thresholds": [{"value": 0.0, "label": "x"}]}}]}},
            {"gridLayout": {"widgets": [{"xyChart": {"thresholds": [{"label": "x"}]}}]}},
            id="a zero in a list of messages",
        ),
    ],
)
def test_what_proto3_does_not_keep(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    assert without_defaults(Api("monitoring", "v1"), "Dashboard", sent) == kept
