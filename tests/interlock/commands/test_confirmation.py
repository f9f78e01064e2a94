"""Outside the local target a command says its effect, asks, and does nothing without a yes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from interlock.commands import extend, hold, release
from interlock.declare import declare
from interlock.reading.files import load_catalog
from interlock.runtime.snapshot import Reader
from interlock.terminal import operating
from interlock.terminal.site import Site
from tests.coordinator.memory import World
from tests.interlock.commands.conftest import ENVIRONMENT

PRODUCTION = replace(ENVIRONMENT, name="production")
HOLD = ["hold", "service/scrapers", "--for", "2h", "--reason", "deploys", "--owner", "ana"]


@pytest.fixture
def world(root: Path) -> World:
    """The small catalog, deployed."""
    world = World()
    world.declare(declare(load_catalog(root), PRODUCTION))
    return world


def run(world: World, monkeypatch: pytest.MonkeyPatch, *arguments: str, typed: str = "") -> Result:
    """Runs a command on `world`, as if that were production; `typed` is what is answered."""

    def see(env_name: str, **_: bool) -> Site:
        assert env_name == "production"
        reader = Reader(world.outside())
        return Site(
            environment=PRODUCTION,
            reader=reader,
            declaration=reader.declaration()[0],
            objects=reader.objects(),
        )

    name, *rest = arguments
    module = {"hold": hold, "extend": extend, "release": release}[name]
    monkeypatch.setattr(module, "see", see)
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setattr(operating, "check_clock", lambda: None)
    return CliRunner().invoke(module.command, [*rest, "--env", "production", "--direct"], input=typed)


def test_the_effect_comes_before_the_question_and_no_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    states = world.states()
    result = run(world, monkeypatch, *HOLD, typed="n\n")
    assert result.exit_code == 1
    said = " ".join(result.output.split())  # wherever it is folded
    lost = said.index("1 job will pause; its missed runs can't be fetched later: line-scraper (2 runs)")
    effect = said.index("2 jobs will pause, 0 held already, 1 paused by declaration; 6 runs will be missed")
    assert lost < effect < said.index("Hold service/scrapers until 10:05 EDT (14:05 UTC), as ana? [y/N]")
    assert (world.names("holds/"), world.states()) == ([], states)


@pytest.mark.parametrize(("more", "typed"), [((), "y\n"), (("--yes",), "")], ids=["a yes", "--yes"])
def test_with_a_yes_it_is_done(world: World, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], typed: str) -> None:
    before = world.states()
    assert run(world, monkeypatch, *HOLD, *more, typed=typed).exit_code == 0
    assert world.names("holds/") == ["holds/service/scrapers/at-20260310T120500Z@2026-03-10T14:05:00Z.json"]
    result = run(world, monkeypatch, "extend", "service/scrapers", "--for", "3h", typed="n\n")
    assert "Extend service/scrapers at-20260310T120500Z, until " in result.output
    assert "at-20260310T120500Z@2026-03-10T14:05:00Z" in world.names("holds/")[0]
    result = run(world, monkeypatch, "release", "service/scrapers", typed="n\n")
    assert "Release service/scrapers at-20260310T120500Z? [y/N]" in result.output
    assert len(world.names("holds/")) == 1
    assert run(world, monkeypatch, "release", "service/scrapers", *more, typed=typed).exit_code == 0
    assert (world.names("holds/"), world.states()) == ([], before)
