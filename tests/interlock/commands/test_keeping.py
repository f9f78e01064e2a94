"""The hold of a run where this machine's clock is off: the coordinator's counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from interlock.catalog import Json
from interlock.gcp.clock import clock
from interlock.reading.files import load_catalog
from interlock.terminal import keeping, operating
from interlock.terminal import site as sites
from interlock.terminal.keeping import Keeper
from interlock.terminal.site import Site
from tests.interlock.commands.conftest import ENVIRONMENT, NOW, Cloud


@pytest.mark.parametrize("off", [pytest.param(timedelta(hours=hours), id=f"{hours} hours") for hours in (-30, -5, 0, 5, 30)])
def test_a_clock_that_is_off_changes_nothing(off: timedelta, cloud: Cloud, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", cloud.url)
    cloud.declare(load_catalog(root))
    cloud.at(NOW)
    carried_out = operating.carried_out

    def by_the_coordinator(
        site: Site, content: Mapping[str, Json], *, direct: bool, patience: timedelta
    ) -> tuple[Mapping[str, Json], bool]:
        right = replace(site.reader, outside=replace(site.reader.outside, clock=clock))
        return carried_out(replace(site, reader=right), content, direct=not direct, patience=patience)

    monkeypatch.setattr(keeping, "carried_out", by_the_coordinator)
    monkeypatch.setattr(sites, "clock", lambda: clock() + off)
    keeper = Keeper(
        site=sites.look(ENVIRONMENT), scope="backfill/marts", id="run-1", length=timedelta(hours=4), where="laptop, process 1"
    )
    noon = datetime(2026, 3, 10, 12, 5, tzinfo=UTC)
    assert keeper.begin("reload", "ana", {}, with_force=False)
    assert noon + timedelta(hours=4) <= keeper.end < noon + timedelta(hours=4, minutes=1)
    cloud.at("2026-03-10T14:05:00Z")
    assert keeper.tend() is None
    assert keeper.end >= noon + timedelta(hours=6)
    cloud.at("2026-03-10T18:04:30Z")
    assert keeper.tend() is None, "a look in the last minute still extends it"
    assert keeper.end >= noon + timedelta(hours=9)
    assert keeper.release("done", {})
    assert cloud.objects("holds/") == []
