"""`interlock verify --conflicts` against the emulator, with the local BigQuery server's history of jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.golden import golden
from tests.guard.bigquery_server import Server, serving
from tests.interlock.cloud import at
from tests.interlock.commands.conftest import Cloud, Run
from tests.interlock.gcp.adoption.history import PROJECT, JobsEngine, Row, past

SAID = f"Could not serialize access to table {PROJECT}:{{}} due to concurrent update"
REFUSED = Row(job_id="", user_email="x@p.iam.gserviceaccount.com", creation_time=at("2026-02-09"), statement_type="MERGE")


@pytest.fixture
def there() -> Iterator[Server]:
    with serving(JobsEngine(), PROJECT) as server:
        yield server


def rows_of_five_weeks() -> list[Row]:
    monday = at("2026-02-09 08:15")
    return [
        replace(
            REFUSED,
            job_id=f"m{week}-{number}",
            creation_time=monday + timedelta(days=7 * week, hours=number),
            error=SAID.format("mart.summary" if number else "raw.games"),
        )
        for week, times in enumerate((3, 0, 1, 2, 1))
        for number in range(times)
    ]


def test_people_see_them_by_week_and_table_beside_what_is_expected(run: Run, cloud: Cloud, there: Server) -> None:
    past(there, rows_of_five_weeks())
    cloud.at("2026-03-10T14:30:00Z")
    done = run("verify", "--conflicts", BIGQUERY_EMULATOR_HOST=there.url, INTERLOCK_LOCAL_URL=cloud.url, COLUMNS="80")
    assert done.returncode == 0
    golden("commands/verify-conflicts.txt", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "7 conflicts in BigQuery's job history, 2026-02-09 to 2026-03-10, UTC." in done.stdout


def test_with_scope_it_makes_no_sense(run: Run) -> None:
    done = run("verify", "--conflicts", "--scope", "all", "--since", "3d")
    assert done.returncode == 2
    assert "--conflicts asks of all tables" in done.stderr


def test_programs_see_shares_while_the_figure_rests_on_assumptions(run: Run, cloud: Cloud, there: Server) -> None:
    past(there, rows_of_five_weeks())
    cloud.at("2026-03-10T14:30:00Z")
    done = run("verify", "--conflicts", "--format", "json", BIGQUERY_EMULATOR_HOST=there.url, INTERLOCK_LOCAL_URL=cloud.url)
    found = json.loads(done.stdout)
    assert [week["conflicts"] for week in found["weeks"]] == [3, 0, 1, 2, 1]
    assert found["expected_a_week"] is None
    assert [(one["table"], one["conflicts"]) for one in found["tables"]][:2] == [("raw.games", 4), ("mart.summary", 3)]


def test_since_says_from_which_day_on(run: Run, cloud: Cloud, there: Server) -> None:
    past(there, rows_of_five_weeks())
    cloud.at("2026-03-10T14:30:00Z")
    env = {"BIGQUERY_EMULATOR_HOST": there.url, "INTERLOCK_LOCAL_URL": cloud.url}
    found = json.loads(run("verify", "--conflicts", "--since", "48h", "--format", "json", **env).stdout)
    assert (found["since"], found["conflicts"], len(found["weeks"])) == ("2026-03-08", 1, 2)


def test_without_bigquery_it_says_so(run: Run, cloud: Cloud) -> None:
    done = run("verify", "--conflicts", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode != 0
    assert "has no BigQuery" in done.stderr
