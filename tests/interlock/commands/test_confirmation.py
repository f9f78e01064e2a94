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
from tests.coordinator.memory import Call, World
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


def test_what_is_not_ones_own_takes_force_also_without_the_coordinator(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who acts has credentials that tell no address, so that it is no admin."""
    everything = ["hold", "all", "--for", "2h", "--reason", "a flood", "--owner", "ana", "--yes"]
    refused = run(world, monkeypatch, *everything)
    assert refused.exit_code == 1
    assert "to hold everything takes one of coordinator.admins; or add --force" in str(refused.exception)
    assert world.names("holds/") == []
    forced = run(world, monkeypatch, *everything, "--force")
    assert forced.exit_code == 0
    assert "hold forced: all: somebody had to use --force to hold it; why: a flood" in " ".join(forced.output.split())
    theirs = "holds/service/scrapers/x@2026-03-10T14:05:00Z.json"
    world.put(theirs, b'{"owner": "ben", "reason": "r", "asked_by": "ben@acme.dev"}')
    release = ["release", "service/scrapers", "--yes"]
    assert "x is of ben, asked by ben@acme.dev, and that takes" in str(run(world, monkeypatch, *release).exception)
    assert theirs in world.names("holds/")
    assert run(world, monkeypatch, *release, "--force").exit_code == 0
    assert theirs not in world.names("holds/")


def test_who_is_as_fast_as_somebody_else_has_a_hold_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked before either has written, and both call it by the second."""
    theirs = "holds/service/scrapers/at-20260310T120500Z@2026-03-10T14:05:00Z.json"

    def meanwhile(call: Call) -> None:
        if call == Call("create", theirs) and theirs not in world.objects:
            world.put(theirs, b'{"owner": "ben", "reason": "r", "asked_by": "ben@acme.dev"}')

    world.fail = meanwhile
    result = run(world, monkeypatch, *HOLD, "--yes")
    assert result.exit_code == 0
    [ours] = [name for name in world.names("holds/") if name != theirs]
    named = ours.partition("@")[0].rpartition("/")[2]
    assert f"release service/scrapers {named} " in result.output
    assert run(world, monkeypatch, "release", "service/scrapers", named, "--yes").exit_code == 0
    assert world.names("holds/") == [theirs]
