"""A fresh emulator for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import emulator as target
from local.emulator import guest
from tests import forked
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


@pytest.fixture
def forked_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions are copies of a process that has imported what serves them. test_emulator_guest.py starts a Python."""
    if forked.SAFE:
        monkeypatch.setattr(guest, "subprocess", forked.LIKE_SUBPROCESS)
