"""`interlock verify --conflicts` against the emulator, with the local BigQuery server's history of jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from interlock import roles
from tests.e2e.granting import Owner
from tests.golden import golden
from tests.guard.bigquery_server import Server, serving
from tests.interlock.cloud import at
from tests.interlock.commands.conftest import ENVIRONMENT, Cloud, Run
from tests.interlock.gcp.adoption.history import PROJECT, JobsEngine, Row, past
from tests.interlock.gcp.verify.logged import conflict, make_metric
from tests.local.plain import Rest

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


def count_some(cloud: Cloud) -> None:
    """The metric of a deploy in the second week; of the third week's one conflict an entry, of the fourth's two one."""
    rest = Rest(cloud.url)
    cloud.at("2026-02-17T10:00:00Z")
    make_metric(rest)
    for instant in ("2026-02-23T08:20:00Z", "2026-03-02T08:20:00Z"):
        conflict(rest, instant)
    cloud.at("2026-03-10T14:30:00Z")


def test_people_see_the_log_metric_beside_them_and_why_the_two_differ(run: Run, cloud: Cloud, there: Server) -> None:
    past(there, rows_of_five_weeks())
    count_some(cloud)
    done = run("verify", "--conflicts", BIGQUERY_EMULATOR_HOST=there.url, INTERLOCK_LOCAL_URL=cloud.url, COLUMNS="80")
    assert done.returncode == 0
    golden("commands/verify-conflicts-counted.txt", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_programs_see_what_the_log_metric_counted_by_week(run: Run, cloud: Cloud, there: Server) -> None:
    past(there, rows_of_five_weeks())
    count_some(cloud)
    done = run("verify", "--conflicts", "--format", "json", BIGQUERY_EMULATOR_HOST=there.url, INTERLOCK_LOCAL_URL=cloud.url)
    found = json.loads(done.stdout)
    assert [week["log_metric"] for week in found["weeks"]] == [None, None, 1, 1, None]
    assert found["log_metric_unread"] is None


def test_the_right_that_it_takes_is_that_of_the_verifier_and_no_other(run: Run, cloud: Cloud, there: Server) -> None:
    past(there, rows_of_five_weeks())
    count_some(cloud)
    owner = Owner(url=cloud.url, env=ENVIRONMENT)
    email = owner.account("verifier")
    env = {"BIGQUERY_EMULATOR_HOST": there.url, "INTERLOCK_LOCAL_URL": cloud.url, "GOOGLE_OAUTH_ACCESS_TOKEN": f"local:{email}"}
    refused = run("verify", "--conflicts", **env, COLUMNS="80")
    assert refused.returncode == 0
    said = " ".join(refused.stdout.split())
    assert "The log metric interlock-conflicts can't be read: monitoring.googleapis.com says no (403)" in said
    assert "what it takes: .venv/bin/interlock roles --actor verifier --format gcloud" in said
    assert "7 conflicts in BigQuery's job history" in said, "the history is shown all the same"
    owner.grant(roles.VERIFIER, email)
    assert "can't be read" not in run("verify", "--conflicts", **env).stdout
    used = Rest(cloud.url)("GET", "/_local/rights").json["accounts"][email]
    assert {right for grant in roles.VERIFIER.grants for right in grant.rights} <= set(used)


def test_an_api_that_is_off_is_told_with_what_turns_it_on(run: Run, cloud: Cloud, there: Server) -> None:
    past(there, rows_of_five_weeks())
    cloud.at("2026-03-10T14:30:00Z")
    cloud.fault("api monitoring.googleapis.com off")
    env = {"BIGQUERY_EMULATOR_HOST": there.url, "INTERLOCK_LOCAL_URL": cloud.url}
    said = " ".join(run("verify", "--conflicts", **env).stdout.split())
    assert "turn the API on: gcloud services enable monitoring.googleapis.com --project=interlock-local" in said
    unread = json.loads(run("verify", "--conflicts", "--format", "json", **env).stdout)["log_metric_unread"]
    assert "has not been used in project" in unread


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
