"""The hold of a run where this machine's clock is off: the coordinator's counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from interlock.catalog import Json
from interlock.gcp import CloudError
from interlock.gcp.clock import clock
from interlock.terminal import keeping, operating
from interlock.terminal import site as sites
from interlock.terminal.keeping import Keeper
from interlock.terminal.site import Site
from tests.interlock.commands.conftest import ENVIRONMENT, Cloud, loaded


@pytest.mark.parametrize("off", [pytest.param(timedelta(hours=hours), id=f"{hours} hours") for hours in (-30, -5, 0, 5, 30)])
def test_a_clock_that_is_off_changes_nothing(off: timedelta, cloud: Cloud, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", cloud.url)
    cloud.declare(loaded(root))
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


@pytest.mark.parametrize("is_older", [False, True])
def test_of_two_that_have_written_at_once_whose_hold_is_older_goes_on(
    cloud: Cloud, root: Path, monkeypatch: pytest.MonkeyPatch, *, is_older: bool
) -> None:
    """Two instances of the coordinator have each seen nothing of the other's."""
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", cloud.url)
    cloud.declare(loaded(root))
    other = "holds/backfill/marts/run-0@2026-03-10T16:05:00Z.json"
    carried_out = operating.carried_out

    def at_once(site: Site, content: Mapping[str, Json], **_: object) -> tuple[Mapping[str, Json], bool]:
        answer = carried_out(site, content, direct=True)
        [own] = cloud.objects("holds/")
        said = cloud.bucket.blob(own).download_as_bytes()
        if is_older:
            cloud.bucket.blob(own).delete()
        else:
            cloud.at("2026-03-10T12:05:01Z")
        cloud.hold(other, json.dumps({**json.loads(said), "run": "other, process 1"}))
        if is_older:
            cloud.at("2026-03-10T12:05:01Z")
            cloud.bucket.blob(own).upload_from_string(said)
        return answer

    monkeypatch.setattr(keeping, "carried_out", at_once)
    keeper = Keeper(
        site=sites.look(ENVIRONMENT), scope="backfill/marts", id="run-1", length=timedelta(hours=4), where="laptop, process 1"
    )
    if is_older:
        with pytest.raises(CloudError, match=r"run by ana.* on other, process 1 .*; nothing was run"):
            keeper.begin("reload", "ana", {}, with_force=False)
    else:
        assert keeper.begin("reload", "ana", {}, with_force=False)


@pytest.mark.parametrize("times", [1, 9])
def test_what_the_coordinator_has_answered_and_not_done_is_asked_again(
    cloud: Cloud, root: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """As where the bucket is out of its reach: it answers that not everything is done, and its next tick releases nothing."""
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", cloud.url)
    monkeypatch.setattr(keeping, "LOOKS_HERE", 0.01)
    cloud.declare(loaded(root))
    carried_out = operating.carried_out
    left = times

    def at_last(site: Site, content: Mapping[str, Json], **_: object) -> tuple[Mapping[str, Json], bool]:
        nonlocal left
        if content["action"] == "hold":
            return carried_out(site, content, direct=True)
        left -= 1
        return carried_out(site, content, direct=True) if left < 0 else ({"settled": False, "records": []}, False)

    monkeypatch.setattr(keeping, "carried_out", at_last)
    keeper = Keeper(
        site=sites.look(ENVIRONMENT), scope="backfill/marts", id="run-1", length=timedelta(hours=4), where="laptop, process 1"
    )
    assert keeper.begin("reload", "ana", {}, with_force=False)
    told = times < keeping.TRIES
    assert keeper.fail("its exit code was 3") is told
    [name] = cloud.objects("holds/")
    assert ("failed" in json.loads(cloud.bucket.blob(name).download_as_bytes())) is told
    left = times
    assert keeper.release("done", {}) is told
    assert (cloud.objects("holds/") == []) is told
    left = 0
    assert keeper.release("done", {}), "what is gone is released"


@pytest.mark.parametrize("ever", [True, False])
def test_an_extension_that_was_answered_and_not_done_says_nothing_of_the_time(
    cloud: Cloud, root: Path, monkeypatch: pytest.MonkeyPatch, *, ever: bool
) -> None:
    """Else the end would seem to be as far off as when the hold began, and would pass without a word."""
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", cloud.url)
    cloud.declare(loaded(root))
    carried_out, is_there = operating.carried_out, True

    def perhaps(site: Site, content: Mapping[str, Json], **_: object) -> tuple[Mapping[str, Json], bool]:
        return carried_out(site, content, direct=True) if is_there else ({"settled": False, "records": []}, False)

    monkeypatch.setattr(keeping, "carried_out", perhaps)
    keeper = Keeper(
        site=sites.look(ENVIRONMENT), scope="backfill/marts", id="run-1", length=timedelta(hours=4), where="laptop, process 1"
    )
    assert keeper.begin("reload", "ana", {}, with_force=False)
    is_there, first = False, keeper.end
    for instant in ("2026-03-10T13:10:00+00:00", "2026-03-10T15:40:00+00:00"):
        cloud.at(instant)
        assert keeper.tend() is None
        assert (keeper.now, keeper.end) == (datetime.fromisoformat(instant), first)
    cloud.at("2026-03-10T16:04:30Z")
    is_there = ever
    said = keeper.tend()
    if ever:
        assert said is None
        assert keeper.end >= datetime(2026, 3, 10, 20, 4, tzinfo=UTC)
    else:
        assert said is not None
        assert said.startswith("its hold ends at 2026-03-10T16:05:")
