"""`interlock verify` against the emulator, with a small BigQuery on loopback that Google's own client asks."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from interlock.gcp.verify.bigquery import NoCredentials, Warehouse
from interlock.verify.verdict import Written
from tests.golden import golden
from tests.interlock.cloud import at
from tests.interlock.commands.conftest import Cloud, Run, parsed
from tests.interlock.gcp.verify.bigquery_server import BigQuery, error, serving

Site = Callable[..., "CompletedProcess[str]"]
NOW = "2026-03-10T14:30:00Z"
FLAG = "backfills/marts@2026-03-10T20:00:00Z.json"
NAMED = ["--since", "24h", "--scope", "backfill/marts"]
WINDOW = "holds/window/tuesdays/20260310T080000Z@2026-03-10T10:00:00Z.json"


@pytest.fixture
def bigquery() -> Iterator[BigQuery]:
    """The tables of the small catalog: games was written at 14:20, summary not since the night, lines by nobody's time."""
    with serving() as there:
        there.add(
            "raw.games",
            {"game_date": "DATE", "created_at": "TIMESTAMP"},
            partitioning={"type": "DAY", "field": "game_date"},
            modified_ms=_ms("2026-03-10 14:20:30"),
        )
        there.add("mart.summary", {"day": "DATE", "processed_at": "TIMESTAMP"}, partitioning={"type": "DAY", "field": "day"})
        there.add("raw.lines", {"line": "FLOAT"}, modified_ms=_ms("2026-03-10 14:16:30"))
        there.rows["raw.games"] = [
            ("2026-03-10", 34, _micros("2026-03-10 14:20")),
            ("2026-03-09", 410, _micros("2026-03-10 02:00")),
        ]
        there.rows["mart.summary"] = [("2026-03-09", 12, _micros("2026-03-10 01:20"))]
        yield there


def _ms(instant: str) -> int:
    return int(at(instant).timestamp() * 1000)


def _micros(instant: str) -> str:
    return str(_ms(instant) * 1000)


@pytest.fixture
def site(run: Run, cloud: Cloud) -> Site:
    """Where the backfill was on from 06:00 to 13:00 and a window was open from 08:00 to 10:00, at NOW in New York."""
    cloud.bucket.versioning_enabled = True
    cloud.bucket.patch()
    for instant, step in (
        ("2026-03-10T06:00:00Z", lambda: cloud.hold(FLAG, '{"jobs": ["gone\\n\\u001b[31m"], "owner": "ana"}')),
        ("2026-03-10T08:00:00Z", lambda: cloud.hold(WINDOW)),
        ("2026-03-10T13:00:00Z", lambda: cloud.bucket.blob(FLAG).delete()),
    ):
        cloud.at(instant)
        step()
    cloud.at(NOW)
    return lambda *arguments, **env: run("verify", *arguments, INTERLOCK_LOCAL_URL=cloud.url, TZ="America/New_York", **env)


def test_tables_after_a_resume_for_people(site: Site, bigquery: BigQuery) -> None:
    done = site(BIGQUERY_EMULATOR_HOST=bigquery.url)
    golden("commands/verify.txt", done.stdout)
    assert done.returncode == 1, "the summary was not written although runs were due"
    assert "\x1b" not in done.stdout


def test_tables_after_a_resume_for_programs(site: Site, bigquery: BigQuery) -> None:
    value = parsed(site("--format", "json", BIGQUERY_EMULATOR_HOST=bigquery.url))
    tables: dict[str, Any] = {table["table"]: table for table in value["tables"]}
    assert {name: table["verdict"] for name, table in tables.items()} == {
        "mart.summary": "not_written",
        "raw.games": "written",
        "raw.lines": "written",
    }
    assert (tables["raw.games"]["resumed"], tables["raw.games"]["last_insert"]) == (
        "2026-03-10T13:00:00Z",
        "2026-03-10T14:20:00Z",
    )
    assert (tables["raw.lines"]["inserted_column"], tables["raw.lines"]["last_change"]) == (None, "2026-03-10T14:16:30Z")
    assert [job["free"] for job in value["jobs"] if job["name"] == "repair"] == ["2026-03-10T10:00:00Z"], (
        "only the window held it"
    )
    assert sorted(each["query"].splitlines()[5] for each in bigquery.statements) == [
        'WHERE `day` >= "2026-03-08"',
        'WHERE `game_date` >= "2026-03-08"',
    ], "a table without columns to go by costs no query"


def test_a_period_in_which_nothing_was_held_asks_nothing(site: Site, bigquery: BigQuery) -> None:
    done = site("--since", "30m", BIGQUERY_EMULATOR_HOST=bigquery.url)
    assert (done.returncode, bigquery.calls) == (0, 0)
    assert done.stdout.startswith("Held at any time since 2026-03-10 14:00 UTC: 0 jobs, which write 0 tables\n")


def test_columns_that_were_said_and_tables_that_can_not_be_told(site: Site, bigquery: BigQuery) -> None:
    bigquery.rows["raw.games"] = error(403, "accessDenied", "Access Denied: Table p:raw.games\n\x1b[31mred")
    said = ["--inserted-column", "mart.summary=created", "--day-column", "raw.lines=line"]
    done = site(*said, BIGQUERY_EMULATOR_HOST=bigquery.url)
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith(("mart.summary:", "raw.games:", "raw.lines:"))] == [
        "mart.summary: it has no column created",
        "raw.games: 403 Access Denied: Table p:raw.games [31mred",
        "raw.lines: its column line is a FLOAT, no DATE or DATETIME or TIMESTAMP",
    ]


def test_where_bigquery_can_not_be_asked_the_statements_are_text_of_a_shell(site: Site, tmp_path: Path) -> None:
    done = site("--day-column", "raw.games=game_date", "--inserted-column", "raw.games=created_at")
    assert done.returncode == 0, done.stderr
    golden("commands/verify-statements.sh", done.stdout)
    bq = tmp_path / "bq"
    bq.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" >> {shlex.quote(str(tmp_path / "asked"))}\n')
    bq.chmod(0o755)
    pasted = subprocess.run(
        [shutil.which("sh") or "sh", "-eu"], input=done.stdout, text=True, capture_output=True, env={"PATH": str(tmp_path)}
    )
    assert (pasted.returncode, pasted.stdout, pasted.stderr) == (0, "", "")
    asked = (tmp_path / "asked").read_text().split("\0")
    assert asked.count("query") == asked.count("--use_legacy_sql=false") == done.stdout.count("\nbq query ")
    assert any(argument.startswith("SELECT\n  CAST(`game_date` AS DATE) AS day") for argument in asked)


def test_credentials_that_are_not_taken_any_more_leave_the_statements(
    site: Site, bigquery: BigQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def expired(*arguments: object) -> None:
        del arguments
        raise NoCredentials("BigQuery takes no credentials of yours: reauthentication is needed")

    monkeypatch.setattr(Warehouse, "shape", expired)
    done = site(BIGQUERY_EMULATOR_HOST=bigquery.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "# BigQuery is not asked: BigQuery takes no credentials of yours: reauthentication is needed\n"
    )
    assert "\nbq query " in done.stdout


def test_what_was_held_can_be_named_without_a_bucket(run: Run) -> None:
    done = run("verify", *NAMED, "--scope", "table/raw.lines", "--print", "--format", "json")
    assert done.returncode == 0, done.stderr
    value = parsed(done)
    assert [table["table"] for table in value["tables"]] == ["mart.summary", "raw.games", "raw.lines"]
    assert all(table["query"].startswith("SELECT") for table in value["tables"])
    assert "INTERLOCK_LOCAL_URL" not in json.dumps(value)


def test_a_bucket_without_versions_says_that_it_forgets(run: Run, cloud: Cloud) -> None:
    cloud.at(NOW)
    done = run("verify", "--since", "2025-01-01 00:00", INTERLOCK_LOCAL_URL=cloud.url)
    assert "not known: the bucket keeps no old versions, so holds that were released are not known" in done.stdout
    assert "not known: holds that were over before 2025-12-10 are not known: old versions are kept 90 days" in done.stdout


def test_statements_to_print_count_no_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Written, "due", None)
    done = run("verify", *NAMED, "--print")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\nbq query ") == 5, "the columns of two datasets, and three tables"


def test_what_was_held_is_named_with_its_end(run: Run) -> None:
    done = run("verify", "--scope", "backfill/marts", "--print")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--scope needs --since: it asks no bucket, so only you can say when the jobs were free again" in done.stderr
    assert done.stderr.rstrip().endswith("make verify")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--since", "soon"], "--since: 'soon' is no time", id="no time"),
        pytest.param(["--since", "2099-01-01 00:00"], "is in the future", id="a time to come"),
        pytest.param(["--day-column", "raw.games=x;y"], "'x;y' is no name of a column", id="no column"),
        pytest.param(
            ["--scope", "backfill/mart"], "knows no scope 'backfill/mart'; did you mean backfill/marts?", id="no scope"
        ),
        pytest.param(["--max-gib", "0"], "Invalid value for '--max-gib'", id="no limit"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(run: Run, arguments: list[str], said: str) -> None:
    done = run("verify", *NAMED, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_stand_in_asks_no_bigquery_that_is_elsewhere(run: Run) -> None:
    done = run("verify", *NAMED, BIGQUERY_EMULATOR_HOST="http://bigquery.example.com")
    assert done.returncode == 2
    assert "which is not on this machine" in done.stderr
