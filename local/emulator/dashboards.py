"""Dashboards: kept as proto3 keeps them, and their tiles have to fit.

https://cloud.google.com/monitoring/api/ref_v1/rest/v1/projects.dashboards#MosaicLayout says where tiles may lie. That they must
not overlap is not written there; GoogleCloudPlatform/monitoring-dashboard-samples #1144 moves those that did, as such a
dashboard can't be made again. What charts ask for is not read here.
"""

from __future__ import annotations

import secrets

from local.emulator.defaults import without_defaults
from local.emulator.model import ApiError, JsonObject
from local.emulator.refusals import invalid
from local.emulator.rest import Call, Collection

MAX_COLUMNS = 48
_AROUND_OTHERS = ("collapsibleGroup", "singleViewGroup")  # widgets whose tile lies around those of others


def _create(dashboard: JsonObject, call: Call) -> JsonObject:
    return _checked(dashboard, call)


def _change(old: JsonObject, _new: JsonObject, call: Call) -> JsonObject:
    """A patch replaces all of it; a stale etag is refused."""
    if (etag := call.body.get("etag")) and etag != old["etag"]:
        raise ApiError(409, "The dashboard was changed meanwhile: its etag doesn't match.")
    return _checked({**call.body, "name": old["name"]}, call)


def _checked(dashboard: JsonObject, call: Call) -> JsonObject:
    layouts = [key for key in dashboard if key.endswith("Layout")]
    if not dashboard.get("displayName") or len(layouts) != 1:
        raise ApiError(
            400, "A dashboard needs a displayName and exactly one of columnLayout, gridLayout, mosaicLayout, rowLayout."
        )
    if "mosaicLayout" in dashboard:
        _check_mosaic(dashboard["mosaicLayout"])
    return without_defaults(call.api, "Dashboard", dashboard) | {"etag": secrets.token_hex(8)}


def _check_mosaic(mosaic: JsonObject) -> None:
    where, columns = "dashboard.mosaic_layout", mosaic.get("columns", 0)
    if not 1 <= columns <= MAX_COLUMNS:
        why = f"The number of columns must be between 1 and {MAX_COLUMNS}, inclusive."
        raise invalid(f"{where}.columns", columns, why)
    lying: list[tuple[int, int, int, int, int]] = []
    for index, tile in enumerate(mosaic.get("tiles") or []):
        x, y, width, height = (tile.get(key, 0) for key in ("xPos", "yPos", "width", "height"))
        at, place = f"{where}.tiles[{index}]", f"{width} x {height} at {x}, {y}"
        if x < 0 or y < 0:
            raise invalid(at, place, "x_pos and y_pos cannot be negative.")
        if width < 1 or height < 1:
            raise invalid(at, place, "Tiles must have a minimum width and height of 1.")
        if x + width > columns:
            raise invalid(at, place, "Tiles must be contained within the specified number of columns.")
        if any(kind in (tile.get("widget") or {}) for kind in _AROUND_OTHERS):
            continue
        for other, left, top, right, bottom in lying:
            if x < right and left < x + width and y < bottom and top < y + height:
                raise invalid(at, place, f"The tile overlaps tiles[{other}].")
        lying.append((index, x, y, x + width, y + height))


COLLECTION = Collection(path="projects.dashboards", created=_create, changed=_change)
