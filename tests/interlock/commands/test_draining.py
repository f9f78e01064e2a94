"""Which runs may still be under way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from interlock.actual import ActualJob
from interlock.declare import declare
from interlock.reading.files import load_catalog
from interlock.runtime.snapshot import Reader
from interlock.terminal import draining
from interlock.terminal.draining import running, wait_for_drain
from interlock.terminal.site import Site
from tests.coordinator.memory import World
from tests.interlock.commands.conftest import ENVIRONMENT

NOW = datetime(2026, 3, 10, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "covered", "expected"),
    [
        pytest.param(
            timedelta(seconds=10), ["repair"], {"repair": NOW + timedelta(seconds=170)}, id="younger than its deadline"
        ),
        pytest.param(timedelta(seconds=180), ["repair"], {}, id="as old as its deadline"),
        pytest.param(timedelta(seconds=10), ["line-scraper"], {}, id="of a job that is not covered"),
        pytest.param(None, ["repair"], {}, id="of a job that never ran"),
    ],
)
def test_an_attempt(root: Path, ago: timedelta | None, covered: list[str], expected: dict[str, datetime]) -> None:
    job = ActualJob(
        name="Repair_V2",
        region="us-west2",
        state="PAUSED",
        schedule="45 * * * *",
        time_zone="Etc/UTC",
        last_attempt=NOW - ago if ago else None,
        last_status=0,
    )
    assert running(declare(load_catalog(root), ENVIRONMENT), {"repair": job}, covered, NOW) == expected


@pytest.fixture
def site(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Site, World]:
    """A world in which `repair` has just begun; waiting moves its clock."""
    world = World()
    declaration = declare(load_catalog(root), ENVIRONMENT)
    world.declare(declaration)
    outside = world.outside()
    outside.scheduler.run("us-west2", "repair")
    # Its own name for the module: others' threads sleep, too.
    monkeypatch.setattr(draining, "time", SimpleNamespace(sleep=world.sleep, monotonic=lambda: world.now.timestamp()))
    reader = Reader(outside)
    site = Site(environment=ENVIRONMENT, reader=reader, declaration=declaration, objects=reader.objects())
    return site, world


def test_it_waits_until_nothing_runs(site: tuple[Site, World], capsys: pytest.CaptureFixture[str]) -> None:
    assert wait_for_drain(site[0], ["repair", "line-scraper"])
    said = capsys.readouterr()
    assert said.err == "waiting for 1 run: repair\n"
    assert said.out == "drained: no run of them is under way\n"
    assert site[1].now - NOW == timedelta(minutes=3)


def test_it_waits_no_longer_than_the_longest_job_may_take(
    site: tuple[Site, World], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there, world = site

    def sleep(seconds: float) -> None:
        world.sleep(seconds)
        there.reader.outside.scheduler.run("us-west2", "repair")  # somebody starts it by hand again and again

    monkeypatch.setattr(draining.time, "sleep", sleep)  # of the stand-in of `site`
    assert not wait_for_drain(there, ["repair"])
    assert capsys.readouterr().err.endswith("still running after 4m: repair\n")
