"""The conflicts that there were, by the real client from the local BigQuery server: what counts, of which week and table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from interlock.gcp import CloudError
from interlock.gcp.adoption.jobs import Jobs
from interlock.verify.conflicts import Conflicts, NoQuery, found_in, refusals, table_of
from tests.guard.bigquery_server import Failure, Server, serving
from tests.interlock.cloud import at
from tests.interlock.gcp.adoption.history import PROJECT, JobsEngine, Row, past

SINCE, NOW = date(2026, 2, 9), at("2026-03-10 14:30")
REFUSED = "Could not serialize access to table {} due to concurrent update"
ABORTED = "Transaction is aborted due to concurrent update against table {}. Transaction ID: 6"
MERGE = Row(
    job_id="m",
    user_email="loader@p.iam.gserviceaccount.com",
    creation_time=at("2026-03-03 12:00"),
    statement_type="MERGE",
    destination="raw.games",
    error=REFUSED.format("interlock-local:raw.games"),
)


@pytest.fixture
def there() -> Iterator[Server]:
    with serving(JobsEngine(), PROJECT) as server:
        yield server


def found(server: Server, *rows: Row, location: str = "US") -> Conflicts:
    past(server, rows, location)
    refused = Jobs(PROJECT, server.url, lambda _: None).refused(location, SINCE)
    return Conflicts(since=SINCE, now=NOW, refused=found_in(refused))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(MERGE, {"raw.games": 1}, id="a statement that was refused"),
        pytest.param(replace(MERGE, error=ABORTED.format("interlock-local.raw.games")), {"raw.games": 1}, id="a transaction"),
        pytest.param(replace(MERGE, error=REFUSED.format("p:raw.games$20260303")), {"raw.games": 1}, id="of a partition"),
        pytest.param(replace(MERGE, error=REFUSED.format("example.com:p:raw.g-1")), {"raw.g-1": 1}, id="of a domain's project"),
        pytest.param(replace(MERGE, error="Could not serialize access to table "), {"": 1}, id="of a table that nobody names"),
        pytest.param(replace(MERGE, error="Syntax error"), {}, id="any other failure"),
        pytest.param(replace(MERGE, error=""), {}, id="one that went well"),
        pytest.param(replace(MERGE, statement_type="SCRIPT"), {}, id="a script says again what its child said"),
        pytest.param(replace(MERGE, state="RUNNING"), {}, id="what runs still"),
        pytest.param(replace(MERGE, creation_time=at("2026-02-08 23:59")), {}, id="before that day"),
    ],
)
def test_what_counts_as_a_conflict(there: Server, row: Row, expected: dict[str, int]) -> None:
    assert found(there, row).by_table == expected


def test_weeks_begin_on_monday_and_those_without_a_conflict_are_there() -> None:
    rows = [(date(2026, 2, 15), "p:raw.a", 2), (date(2026, 2, 16), "p:raw.b", 3), (date(2026, 3, 10), "p:raw.a", 4)]
    weeks = Conflicts(since=SINCE, now=NOW, refused=found_in(rows)).by_week
    assert [*weeks.values()] == [2, 3, 0, 0, 4]
    assert {week.weekday() for week in weeks} == {0}


def test_the_question_has_a_label_of_its_own(there: Server) -> None:
    past(there, [MERGE], "europe-west1")
    assert len(Jobs(PROJECT, there.url, lambda _: None, {"interlock": "verify"}).refused("europe-west1", SINCE)) == 1
    [sent] = [request.body for request in there.requests if request.path.endswith("/queries")]
    assert (sent["location"], sent["labels"]) == ("europe-west1", {"interlock": "verify"})


def test_a_refusal_says_what_it_takes(there: Server) -> None:
    past(there, [MERGE])
    assert isinstance(there.engine, JobsEngine)
    there.engine.refusals.append(Failure("accessDenied", "Access Denied", "submit"))
    with pytest.raises(CloudError, match=r"bigquery\.jobs\.listAll"):
        Jobs(PROJECT, there.url, lambda _: None).refused("US", SINCE)


@pytest.mark.parametrize(("project", "location"), [("p`", "us"), ("interlock-local", "us`; DROP")])
def test_a_name_that_is_none_gets_into_no_statement(project: str, location: str) -> None:
    with pytest.raises(NoQuery):
        refusals(project, location, SINCE)


@pytest.mark.parametrize("named", [None, "", "nothing", "a."])
def test_what_names_no_table_is_none(named: str | None) -> None:
    assert table_of(named) == ""
