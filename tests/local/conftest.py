"""A fresh emulator for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import emulator as target
from tests.local.plain import Rest


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[target.Running]:
    """A running emulator with an empty state."""
    with target.serve(tmp_path / "cloud") as running:
        yield running


@pytest.fixture
def rest(emulator: target.Running) -> Rest:
    """Plain requests to `emulator`."""
    return Rest(emulator.url)
