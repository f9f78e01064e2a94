"""Time zones from the package `tzdata`, never from the machine; `interlock/zones.py` says why, and looks after its version."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import tzdata

_FOLDER = Path(tzdata.__file__).parent


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone called `name`; KeyError where there is none."""
    if name not in _names():
        raise KeyError(name)
    with (_FOLDER / "zoneinfo" / name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def _names() -> frozenset[str]:
    return frozenset((_FOLDER / "zones").read_text(encoding="utf-8").split())
