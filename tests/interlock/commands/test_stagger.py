"""`risk` and `stagger`: what they print, their JSON, what is written, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from interlock.commands import main
from interlock.reading.files import load_catalog
from interlock.terminal.tables import width
from tests.golden import golden

DAY = ("--day", "2026-01-05")
Call = Callable[..., Result]
FILE = "granary/all.yaml"
CATALOG = """\
# Two mills.
rules: {apart: 1m}
defaults: {owner: crew, region: asia-south1, time_zone: Asia/Kathmandu, deadline: 180s, retry: none}
retry_profiles: {none: {attempts: 0}}
services: {mill: {kind: run, starts_per_minute: 9}}
processors:
  load: {service: mill, expect: 2m, tables: {raw.grain: [mutate]}}
  grade: {service: mill, expect: 1m, tables: {raw.grain: [read]}}
jobs:
  poll:   # looks for sacks
    description: Looks for sacks
    schedule: "*/15 * * * *"
    target: {service: mill, path: /}
    runs: [load]
  grind-daily: {description: Grinds, schedule: "15 6 * * *", target: {service: mill, path: /}, runs: [load]}
  grade-daily:
    description: Grades what was ground
    schedule: "57 6 * * *"
    target: {service: mill, path: /}
    runs: [grade]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "catalog"
    (root / "granary").mkdir(parents=True)
    (root / FILE).write_text(CATALOG)
    return root


@pytest.fixture
def call(folder: Path) -> Call:
    """Runs a command on the catalog in this process, for 80 columns."""
    return lambda *arguments: CliRunner(env={"COLUMNS": "80"}).invoke(main, [*arguments, "--catalog", str(folder)])


def narrow(text: str) -> bool:
    return all(width(line) <= 80 for line in text.splitlines())


@pytest.mark.golden
def test_a_proposal_for_people(call: Call) -> None:
    done = call("stagger", *DAY)
    assert done.exit_code == 0, done.stderr
    golden("commands/stagger.txt", done.stdout)
    assert narrow(done.stdout)


@pytest.mark.golden
@pytest.mark.parametrize("by", ["pair", "table", "job"])
def test_what_is_expected_for_people(call: Call, by: str) -> None:
    done = call("risk", "--week", "2026-01-05", "--by", by)
    assert done.exit_code == 0, done.stderr
    golden(f"commands/risk-{by}.txt", done.stdout)
    assert narrow(done.stdout)


def test_without_measures_there_are_shares_and_no_figure(call: Call) -> None:
    found = json.loads(call("risk", "--week", "2026-01-05", "--format", "json").stdout)
    assert (found["is_known"], found["a_week"], found["assumed_share"]) == (False, None, 1.0)
    assert found["assumed_keys"].keys() == {"active", "dml"}
    (row,) = found["rows"]
    assert (row["names"], row["share"], row["a_week"]) == (["grind-daily", "poll"], 1.0, None)


def test_with_measures_there_is_a_figure(call: Call, folder: Path) -> None:
    text = CATALOG.replace("expect: 2m", "expect: 2m, dml: 20s").replace(
        "    runs: [load]", "    active: 0.05\n    runs: [load]"
    )
    text = text.replace("path: /}, runs: [load]", "path: /}, active: 1, runs: [load]")
    (folder / FILE).write_text(text)
    found = json.loads(call("risk", "--week", "2026-01-05", "--format", "json").stdout)
    assert (found["is_known"], found["assumed_share"]) == (True, 0.0)
    assert 0 < found["a_week"] < 7
    assert "conflicts between jobs are expected in a week" in call("risk", "--week", "2026-01-05").stdout


def test_it_is_compared_with_what_was_and_with_another_folder(call: Call, tmp_path: Path) -> None:
    other = tmp_path / "before/granary"
    other.mkdir(parents=True)
    (other / "all.yaml").write_text(CATALOG)
    assert call("stagger", *DAY, "--write").exit_code == 0
    was, base = (
        json.loads(call("risk", "--week", "2026-01-05", "--format", "json", *beside).stdout)
        for beside in (["--was"], ["--base", str(tmp_path / "before")])
    )
    assert was["ratio"] == base["ratio"] < 0.1
    assert was["rows"][0]["ratio"] == was["ratio"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--week", "2026-01-05", "--to", "2026-01-12"], "--week names seven days by itself"),
        (["--from", "2026-01-05", "--to", "2026-01-05"], "--to is after --from"),
        (["--week", "soon"], "'soon' is no day; write one like 2026-01-13"),
        (["--was", "--base", "x"], "name one of them"),
        (["--base", "/nowhere"], "--base: "),
    ],
)
def test_what_can_not_be_asked(call: Call, options: list[str], says: str) -> None:
    done = call("risk", *options)
    assert done.exit_code == 2
    assert says in done.stderr


def test_nothing_is_written_unasked(call: Call, folder: Path) -> None:
    assert "--write writes it" in call("stagger", *DAY).stdout
    assert (folder / FILE).read_text() == CATALOG


def test_what_is_written_is_the_schedule_and_was_and_then_there_is_nothing_more(call: Call, folder: Path) -> None:
    found = json.loads(call("stagger", *DAY, "--format", "json").stdout)
    done = call("stagger", *DAY, "--write")
    assert done.exit_code == 0, done.stderr
    (move,) = found["moves"]
    written = f'schedule: "{move["new"]}", was: "15 6 * * *"'
    assert (folder / FILE).read_text() == CATALOG.replace('schedule: "15 6 * * *"', written)
    load_catalog(folder)
    assert call("stagger", *DAY).stdout == "No move is worth it within the rules.\n"


def test_only_the_jobs_that_are_named_move(call: Call) -> None:
    found = json.loads(call("stagger", *DAY, "--job", "poll", "--format", "json").stdout)
    assert [move["job"] for move in found["moves"]] == ["poll"]
    assert "grade-daily: it is where the fewest conflicts are expected" in call("stagger", *DAY, "--job", "grade-daily").stdout
    assert call("stagger", "--job", "grind").exit_code == 2


def test_a_schedule_that_several_jobs_share_is_not_written(call: Call, folder: Path) -> None:
    text = CATALOG.replace('schedule: "*/15 * * * *"', 'schedule: &often "*/15 * * * *"').replace(
        'schedule: "57 6 * * *"', "schedule: *often"
    )
    (folder / FILE).write_text(text)
    done = call("stagger", *DAY, "--write", "--job", "poll")
    assert done.exit_code == 2
    assert "is written once and used by 2 entries" in done.stderr
    assert (folder / FILE).read_text() == text
    shown = call("stagger", *DAY, "--job", "poll")
    assert shown.exit_code == 0
    assert "poll (catalog/granary/all.yaml:10)" in shown.stdout
    assert "--write could not: poll: its schedule is written once" in " ".join(shown.stdout.split())


def test_a_file_that_may_not_be_written_is_named_and_left(call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, _: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "replace", refuse)
    done = call("stagger", *DAY, "--write")
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)
    assert "all.yaml can't be written: Permission denied" in " ".join(done.stderr.split())
    assert (folder / FILE).read_text() == CATALOG
