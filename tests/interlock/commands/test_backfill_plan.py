"""`backfill plan`: the best starts, the worst, and what it refuses; `affected` names the best two."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from interlock.commands import backfill_plan, main
from interlock.terminal.tables import width
from interlock.zones import zone
from tests.golden import golden
from tests.interlock.cloud import at

AT = ("--at", "2026-01-12 00:00")
NOW = at("2026-01-11 12:00")
DAY = timedelta(days=1)
THEN = "make backfill-on NAME=marts AT="
Call = Callable[..., Result]


@pytest.fixture
def call(root: Path) -> Call:
    """Runs a command on the small catalog in this process, for 80 columns."""
    return lambda *arguments: CliRunner(env={"COLUMNS": "80"}).invoke(main, [*arguments, "--catalog", str(root)])


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day before."""
    monkeypatch.setattr(backfill_plan, "clock", lambda: NOW)


@pytest.mark.golden
@pytest.mark.usefixtures("today")
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
    ("start", "says"),
    [
        pytest.param(NOW + 8 * DAY, f"Turn it on then: {THEN}2026-01-19T12:00:00Z", id="within what can be planned"),
        pytest.param(NOW + 31 * DAY, f"Turn it on then: {THEN}2026-02-11T12:00:00Z", id="the last that can be"),
        pytest.param(
            NOW + 40 * DAY,
            f"It can be planned from Tue 2026-01-20 05:00 on: {THEN}2026-02-20T12:00:00Z",
            id="too far ahead yet",
        ),
        pytest.param(NOW + timedelta(minutes=9), "Turn it on now: make backfill-on NAME=marts", id="past by when it is typed"),
        pytest.param(NOW, "Turn it on now: make backfill-on NAME=marts", id="now"),
        pytest.param(NOW - DAY, "", id="past"),
    ],
)
def test_what_to_type_can_be_typed(start: datetime, says: str) -> None:
    assert backfill_plan.turning_on("marts", start, NOW, zone("America/Los_Angeles")) == says


def test_what_holds_no_job_may_start_at_any_time(call: Call, root: Path) -> None:
    tables = "tables: {raw.alone: [mutate]}, untouched: [raw.alone], protect: [outputs]"
    [folder] = [file.parent for file in root.rglob("*.yaml")][:1]
    (folder / "lonely.yaml").write_text(f"backfills: {{lonely: {{description: d, owner: o, expect: 2h, {tables}}}}}\n")
    done = call("backfill", "plan", "lonely", *AT)
    assert done.exit_code == 0, done.stderr
    assert "lonely holds no job, so that it may start at any time." in " ".join(done.stdout.split())
    assert "make backfill-on" not in done.stdout


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
