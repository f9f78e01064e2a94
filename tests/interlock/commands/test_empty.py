"""What holds nothing is refused, unless that is meant: a backfill that pauses no job, a hold of a scope without one."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from interlock.catalog import Catalog
from interlock.declare import declare
from interlock.gcp import CloudError
from interlock.holds import hold_name
from interlock.reading.files import load_catalog
from interlock.runtime.snapshot import Reader
from interlock.terminal import empty
from interlock.terminal.empty import refuse_empty_backfills
from interlock.terminal.site import Site
from tests.coordinator.memory import World
from tests.interlock.catalogs import CLEAN, load
from tests.interlock.commands.conftest import ENVIRONMENT
from tests.interlock.commands.test_confirmation import run

PAUSED = "    runs: [load]\n    paused: {reason: off-season, owner: data, review: 2099-01-15}\n"
RUNS = load(CLEAN)
NONE = load(CLEAN.replace("    runs: [load]\n", ""))
DECLARED = load(CLEAN.replace("    runs: [load]\n", PAUSED))


def asked(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, *, held: str = "", hours: float = 9, allowed: bool = False
) -> str | None:
    """What is said of turning `games` on, which ends in 4.5 hours, while a scope is held for some."""
    world = World()
    world.declare(declare(catalog, ENVIRONMENT))
    if held:
        scope, _, id = held.partition(" ")
        end = world.now + timedelta(hours=hours)
        world.put(f"backfills/games@{end:%Y-%m-%dT%H:%M:%SZ}.json" if id == "flag" else hold_name(scope, "a", end))

    def look(environment: object) -> Site:
        del environment
        reader = Reader(world.outside())
        return Site(environment=ENVIRONMENT, reader=reader, declaration=reader.declaration()[0], objects=reader.objects())

    monkeypatch.setattr(empty, "look", look)
    monkeypatch.setattr(sys, "argv", ["interlock", "backfill", "on", "--reason", "again", "--", "games"])
    try:
        refuse_empty_backfills(catalog, ENVIRONMENT, ["games"], None, world.now, allowed=allowed)
    except CloudError as error:
        return str(error)
    return None


NOTHING = "so nothing would be paused; nothing is done. Why: .venv/bin/interlock affected games; to go on all the same: "


@pytest.mark.parametrize(
    ("catalog", "held", "hours", "says"),
    [
        pytest.param(RUNS, "", 0, None, id="one that pauses a job"),
        pytest.param(NONE, "", 0, "backfill/games covers 0 jobs, ", id="one that covers none"),
        pytest.param(
            DECLARED, "", 0, "backfill/games covers 1 job, paused by declaration without it, ", id="one whose jobs are paused"
        ),
        pytest.param(
            RUNS, "service/web", 9, "all of backfill/games is held until ", id="one whose jobs are held beyond its end"
        ),
        pytest.param(RUNS, "service/web", 1, None, id="one whose jobs are held for a while"),
        pytest.param(RUNS, "backfill/games flag", 9, None, id="one that is on, and gets another end"),
    ],
)
def test_a_backfill_that_would_pause_nothing_is_refused(
    catalog: Catalog, held: str, hours: float, says: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = asked(catalog, monkeypatch, held=held, hours=hours)
    if says is None:
        assert said is None
        return
    assert said is not None
    assert said.startswith(says)
    assert said.endswith(f"{NOTHING}.venv/bin/interlock backfill on --reason again --even-if-empty -- games")
    assert asked(catalog, monkeypatch, held=held, hours=hours, allowed=True) is None


def test_before_the_first_deploy_nothing_is_held_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(environment: object) -> Site:
        del environment
        raise CloudError("there is no bucket")

    monkeypatch.setattr(empty, "look", look)
    refuse_empty_backfills(RUNS, ENVIRONMENT, ["games"], None, World().now, allowed=False)


@pytest.mark.parametrize(
    ("scope", "more", "code"),
    [
        pytest.param("service/analytics", (), 0, id="of one job"),
        pytest.param("job/morning-catch-up", (), 2, id="of a job that is paused by declaration"),
        pytest.param("job/morning-catch-up", ("--even-if-empty",), 0, id="which is meant"),
        pytest.param("table/raw.none", (), 0, id="of a table, whose other writers wait"),
    ],
)
def test_a_hold_of_a_scope_without_a_job_that_would_pause(
    scope: str, more: tuple[str, ...], code: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = root / "small" / "all.yaml"
    file.write_text(file.read_text().replace("{raw.lines: [append]}", "{raw.lines: [append], raw.none: [read]}"))
    world = World()
    world.declare(declare(load_catalog(root), ENVIRONMENT))
    monkeypatch.setattr(sys, "argv", ["interlock", "hold", scope])
    result = run(world, monkeypatch, "hold", scope, "--for", "2h", "--reason", "r", "--owner", "o", "--yes", *more)
    assert len(world.names("holds/")) == (0 if code else 1)
    if code:
        next_command = f".venv/bin/interlock hold {scope} --even-if-empty --env production"
        assert str(result.exception).endswith(f"nothing is done. To go on all the same: {next_command}")
