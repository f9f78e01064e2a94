"""`backfill plan`: the best starts, the worst, and what it refuses; `affected` names the best two."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from interlock.commands import main
from interlock.terminal.tables import width
from interlock.zones import zone
from tests.golden import golden

AT = ("--at", "2026-01-12 00:00")
Call = Callable[..., Result]


@pytest.fixture
def call(root: Path) -> Call:
    """Runs a command on the small catalog in this process, for 80 columns."""
    return lambda *arguments: CliRunner(env={"COLUMNS": "80"}).invoke(main, [*arguments, "--catalog", str(root)])


@pytest.mark.golden
def test_the_best_starts_for_people(call: Call, root: Path) -> None:
    done = call("backfill", "plan", "marts", *AT)
    assert done.exit_code == 0, done.stderr
    golden("commands/backfill-plan.txt", done.stdout.replace(str(root), "FOLDER"))
    assert all(width(line) <= 80 for line in done.stdout.splitlines() if not line.startswith("Turn it on"))


def test_the_best_and_the_worst_for_programs(call: Call) -> None:
    found = json.loads(call("backfill", "plan", "marts", *AT, "--format", "json").stdout)
    costs = [
        (one["unrecoverable"], one["once_a_day"], one["jobs"], one["in_flight"]) for one in (*found["best"], found["worst"])
    ]
    assert costs == sorted(costs)
    assert (found["from"], found["expected_minutes"]) == ("2026-01-12T08:00:00Z", 1_800)


def test_only_in_the_hours_that_are_asked_for(call: Call) -> None:
    for between, hours in (("09-18", range(9, 18)), ("22-04", (22, 23, 0, 1, 2, 3))):
        found = json.loads(call("backfill", "plan", "marts", *AT, "--between", between, "--format", "json").stdout)
        starts = [datetime.fromisoformat(one["at"]).astimezone(zone("America/Los_Angeles")) for one in found["best"]]
        assert {start.hour for start in starts} <= {*hours}


def test_outside_of_windows_the_notes_name_none(call: Call) -> None:
    assert "--outside-windows" in call("backfill", "plan", "marts", *AT).stdout
    assert "--outside-windows" not in call("backfill", "plan", "marts", *AT, "--outside-windows").stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["nothing"], "unknown backfill nothing; known: marts"),
        (["marts", "--between", "9"], "'9' is no hours of a day; write some like 09-18"),
        (["marts", "--between", "09-25"], "is no hours of a day"),
        (["marts", "--in", "soon"], "--in: "),
        (["marts", "--in", "400d"], "is not between 1m and 62d"),
        (["marts", "--at", "never"], "--at: "),
        (["marts", "--at", "2026-01-12 20:00", "--in", "1h", "--between", "09-18"], "no start is left"),
        ([], "Missing argument 'NAME'"),
    ],
)
def test_what_can_not_be_asked(call: Call, options: list[str], says: str) -> None:
    done = call("backfill", "plan", *options)
    assert done.exit_code == 2
    assert says in done.stderr


def test_affected_names_two_good_starts_and_where_there_are_more(call: Call) -> None:
    said = " ".join(call("affected", "marts").stderr.split())
    assert said.count("Best started ") == said.count(" or ") == 1
    assert "backfill plan marts" in said
    assert "Best started" not in call("affected", "window/tuesdays").stderr
