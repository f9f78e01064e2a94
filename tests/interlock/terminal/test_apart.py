"""Work in a copy of this process: its result, and that it is done here when the copy gives none."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from interlock.reading.files import load_catalog
from interlock.terminal.apart import apart

SHOP = Path(__file__).parents[2] / "shop" / "catalog"
ME = os.getpid()

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is done here")


def where() -> str:
    return "here" if os.getpid() == ME else "in a copy"


def only_here() -> str:
    if os.getpid() != ME:
        os.kill(os.getpid(), signal.SIGKILL)
    return "here"


def fails() -> str:
    raise ValueError("what was typed")


def of_no_form() -> object:
    return lambda: where()


@linux
def test_it_is_done_in_a_copy_where_there_is_a_core_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    assert apart(where)() == "in a copy"
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert apart(where)() == "here"


def test_what_it_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="what was typed"):
        apart(fails)()


@pytest.mark.parametrize("work", [only_here, of_no_form], ids=["the copy is killed", "its result can't be given"])
def test_it_is_done_here_when_the_copy_gives_nothing(work: object) -> None:
    given = apart(work)()  # type: ignore[arg-type]
    assert (given() if callable(given) else given) == "here"


def test_a_catalog_comes_back_as_it_was_read() -> None:
    assert apart(partial(load_catalog, SHOP))() == load_catalog(SHOP)
