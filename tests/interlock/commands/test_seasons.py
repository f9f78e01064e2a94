"""What the commands say of a job of a season: when it fires, why it does not, and who may change that."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from interlock.cron import zone
from interlock.drawing.page import page
from interlock.reading.files import load_catalog
from interlock.timing.minutes import Day
from interlock.timing.timeline import timeline
from tests.interlock.commands.conftest import SMALL, Cloud, Direct, Run, parsed

SPRING = "seasons:\n  cup-2026: {from: 2026-04-01, until: 2026-05-31}\n"


def write(root: Path, entries: str = SPRING) -> None:
    text = SMALL.read_text().replace(
        "    description: Repairs one date\n", "    description: Repairs one date\n    season: cup\n"
    )
    (root / "small/all.yaml").write_text(text + entries)


@pytest.fixture(autouse=True)
def _season(root: Path) -> None:
    """`repair` is of a season that is closed at NOW."""
    write(root)


def folded(text: str) -> str:
    return " ".join(text.split())


def test_fires_are_those_inside(run: Run) -> None:
    (job,) = parsed(run("fires", "repair", "--from", "2026-03-31", "--to", "2026-04-02", "--format", "json"))["jobs"]
    assert (job["season"], job["total"], job["fires"][0]["at"]) == ("cup", 24, "2026-04-01T07:45:00Z")
    said = folded(run("fires", "repair", "--from", "2026-03-31").stdout)
    assert ": 0 fires It fires inside the season cup only: outside of that it is held by season/cup" in said


def test_show_says_the_season_and_where_it_is_said(run: Run) -> None:
    said = folded(run("show", "repair").stdout)
    assert "season cup" in said
    assert "It fires inside the season cup only: outside of that it is held by season/cup" in said
    assert "season/cup, service/analytics" in said


def test_show_says_that_the_months_are_those_of_the_season(run: Run, root: Path) -> None:
    write(root, "seasons:\n  cup: {from: 11-01, until: 02-29}\n")
    said = folded(run("show", "repair").stdout)
    assert "45 * * 11-12,1-2 *" in said
    assert "The months of its schedule are those of the season cup" in said
    assert "season/cup" not in said


def test_a_timeline_of_a_day_outside_leaves_it_out(run: Run) -> None:
    outside, inside = (
        {job["name"] for job in parsed(run("timeline", "--day", day, "--format", "json"))["jobs"]}
        for day in ("2026-03-31", "2026-04-01")
    )
    assert inside - outside == {"repair"}


def test_affected_says_when_it_is_open(run: Run) -> None:
    said = folded(run("affected", "season/cup").stdout)
    assert "season/cup covers 1 job" in said
    assert "It is open on these days, and closed on all others: 2026-04-01 to 2026-05-31." in said


def test_validate_finds_the_end_of_the_season(run: Run) -> None:
    assert "all.yaml:60: season: seasons.cup-2026: the season cup ended on 2026-05-31" in folded(run("validate").stdout)


def test_the_page_lists_seasons(root: Path) -> None:
    catalog = load_catalog(root)
    found = page(catalog, timeline(catalog, Day(date=date(2026, 4, 1), zone=zone("Etc/UTC"))))
    assert "| `cup-2026` | `cup` | 2026-04-01 | 2026-05-31 | America/Los_Angeles | 1 | 1 |" in found


@pytest.mark.parametrize(
    ("now", "until"),
    [
        pytest.param("2026-03-10T12:05:00Z", "until 2026-04-01 03:00 EDT (2026-04-01 07:00 UTC)", id="before it"),
        pytest.param("2026-07-10T12:05:00Z", "until its next opening is declared", id="after the last one"),
    ],
)
def test_holds_status_and_why_say_until_when_and_how_to_change_that(site: Direct, cloud: Cloud, now: str, until: str) -> None:
    cloud.at(now)
    cloud.jobs.pause_job(name=cloud.name("repair"))
    holds = folded(site("holds").stdout)
    assert f"{until}; 1 job, 0 runs missed so far; to end it: make deploy # of other days under `seasons`" in holds
    assert "season/cup" in holds
    status = site("status")
    assert status.returncode == 0, status.stdout
    assert f"season/cup holds {until}, by the catalog: outside of the season cup" in folded(status.stdout)
    why = folded(site("why", "repair").stdout)
    assert f"held by season/cup {until}" in why
    assert ("Free again at" in why) is ("declared" not in until)


@pytest.mark.parametrize(
    "words",
    [
        ["hold", "season/cup", "--for", "2h", "--reason", "x"],
        ["extend", "season/cup", "--for", "2h"],
        ["release", "season/cup"],
    ],
    ids=lambda words: words[0],
)
def test_nobody_holds_extends_or_releases_it(site: Direct, words: list[str]) -> None:
    done = site(*words, "--direct")
    assert done.returncode != 0
    assert "'season/cup' opens and closes by its declaration alone; write other days under" in folded(done.stderr)
