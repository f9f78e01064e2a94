"""The platform on a terminal of 80 columns: each command fits on a screen or two, however many jobs there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner

from interlock.catalog import Catalog
from interlock.commands import main
from interlock.graph import scopes
from interlock.terminal.tables import width
from local.emulator import serve
from tests.interlock.commands.conftest import ENVIRONMENT, ROOT, Cloud
from tests.local.plain import Rest

Lines = Callable[..., list[str]]
BACKFILL = "tdza"
ON = "2026-01-06T06:00:00Z"
UNTIL = "2026-01-07T18:00:00Z"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, nba: Catalog) -> Iterator[Cloud]:
    """The platform, deployed as declared. Each test leaves it so."""
    with serve(tmp_path_factory.mktemp("screens") / "state") as running:
        cloud = Cloud(running.url, nba)
        cloud.bucket.versioning_enabled = True
        cloud.bucket.patch()
        cloud.declare(nba)
        cloud.at(ON)
        yield cloud


@pytest.fixture
def lines(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The lines that a command prints on 80 columns."""
    monkeypatch.chdir(ROOT)

    def call(*arguments: str) -> list[str]:
        env = {"COLUMNS": "80", "INTERLOCK_LOCAL_URL": cloud.url, "TZ": "America/Los_Angeles", "INTERLOCK_CATALOG": None}
        done = CliRunner(env=env).invoke(main, arguments)
        assert done.exit_code in (0, 1), done.output
        return done.stdout.splitlines()

    return call


@pytest.fixture
def held(cloud: Cloud, nba: Catalog) -> Iterator[tuple[str, ...]]:
    """The backfill is on: the jobs that it pauses."""
    flag, jobs = f"backfills/{BACKFILL}@{UNTIL}.json", scopes(nba)[f"backfill/{BACKFILL}"]
    cloud.hold(flag)
    for job in jobs:
        cloud.jobs.pause_job(name=cloud.name(job))
    yield jobs
    cloud.at(ON)
    cloud.bucket.blob(flag).delete()
    for job in jobs:
        cloud.jobs.resume_job(name=cloud.name(job))


def test_status_without_a_hold_takes_less_than_a_screen(lines: Lines) -> None:
    assert len(lines("status")) <= 25


def test_status_says_what_is_held_on_one_screen_and_names_every_job(lines: Lines, held: tuple[str, ...]) -> None:
    status = lines("status")
    assert len(status) <= 45
    assert set(held) <= {word for line in status for word in line.split()}
    assert status[-1].endswith("no drift")


@pytest.mark.parametrize("served", [False, True], ids=["nothing deployed", "every service deployed"])
def test_the_inventory_fits_on_two_screens(lines: Lines, cloud: Cloud, nba: Catalog, served: bool) -> None:
    rest, services = Rest(cloud.url), f"/v2/projects/{ENVIRONMENT.project}/locations/us-west2/services"
    for service in nba.services if served else ():
        assert rest("POST", f"{services}?serviceId={service}", {}).status == 200
    assert len(lines("inventory")) <= 60
    assert len(lines("inventory", "--unled")) <= 60
    assert len(lines("inventory", "--all")) > 60
    for service in nba.services if served else ():
        assert rest("DELETE", f"{services}/{service}").status == 200


@pytest.mark.usefixtures("held")
def test_verify_fits_on_two_screens_and_prints_every_statement_when_asked(lines: Lines, cloud: Cloud) -> None:
    cloud.at("2026-01-06T16:00:00Z")
    assert len(lines("verify")) <= 60
    assert "bq query" in "\n".join(lines("verify", "--print"))
    assert len(lines("verify", "--all")) > 60


def test_what_a_scope_covers_fits_on_two_screens(lines: Lines, nba: Catalog) -> None:
    named = [scope for scope in scopes(nba) if scope.startswith(("backfill/", "window/", "platform/")) or scope == "all"]
    long = {scope: len(found) for scope in [*named, "service/nba-scrapers"] if len(found := lines("affected", scope)) > 60}
    assert long == {}
    assert len(lines("affected", "all", "--all")) > 60


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    "command", ["holds", "timeline --day 2026-01-13", "why nba-gamebook-scraper", "fires nba-gamebook-scraper"]
)
def test_every_line_fits(lines: Lines, command: str) -> None:
    assert [line for line in lines(*command.split()) if width(line) > 80] == []
