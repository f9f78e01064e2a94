"""Who touched which table, by the real client from the local BigQuery server: what JOBS says, what counts, what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from interlock.access import Kind
from interlock.adoption.statements import UNKNOWN, Sample, kinds_of
from interlock.gcp import CloudError
from interlock.gcp.adoption.jobs import Jobs
from tests.guard.bigquery_server import Failure, Server, serving
from tests.interlock.cloud import at
from tests.interlock.gcp.adoption.history import PROJECT, JobsEngine, Row, past

SINCE, NOON = at("2026-11-15 00:00"), at("2026-11-20 12:00")
LOADER = "loader@p.iam.gserviceaccount.com"
INSERT = Row(job_id="i", user_email=LOADER, creation_time=NOON, statement_type="INSERT", destination="raw.games")


@pytest.fixture
def there() -> Iterator[Server]:
    with serving(JobsEngine(), PROJECT) as server:
        yield server


def jobs_of(server: Server) -> Jobs:
    return Jobs(PROJECT, server.url, lambda _: None)


def seen(server: Server, *rows: Row) -> set[tuple[str, bool, int]]:
    """Table, whether it is written, and how many jobs."""
    past(server, rows)
    return {(f"{touch.dataset}.{touch.member}", touch.is_written, touch.jobs) for touch in jobs_of(server).touches("US", SINCE)}


WRITTEN = ("raw.games", True, 1)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(INSERT, {WRITTEN}, id="a statement that is done"),
        pytest.param(replace(INSERT, destination="raw.games$20261120"), {WRITTEN}, id="the decorator of a partition is cut"),
        pytest.param(replace(INSERT, failed=True), set(), id="what failed wrote nothing"),
        pytest.param(replace(INSERT, state="RUNNING"), set(), id="what runs still is not known"),
        pytest.param(replace(INSERT, job_type=None), set(), id="a background job is nobody's"),
        pytest.param(replace(INSERT, creation_time=at("2026-11-14 23:59")), set(), id="before the period"),
        pytest.param(replace(INSERT, statement_type="SCRIPT"), set(), id="a script is its children"),
        pytest.param(replace(INSERT, statement_type="SELECT", destination="_6af1.anon4d"), set(), id="an anonymous result"),
        pytest.param(replace(INSERT, destination="_script9c.temporary"), set(), id="a temporary table"),
        pytest.param(
            replace(INSERT, references=("raw.games", "raw.teams", "raw.teams$20261101")),
            {WRITTEN, ("raw.teams", False, 1)},
            id="what a statement changes it does not also read",
        ),
        pytest.param(
            replace(INSERT, statement_type="SELECT", destination="_6af1.anon4d", references=("raw.games", "raw.teams")),
            {("raw.games", False, 1), ("raw.teams", False, 1)},
            id="a query reads",
        ),
        pytest.param(replace(INSERT, job_type="LOAD", statement_type=None), {WRITTEN}, id="a load has no statement"),
    ],
)
def test_what_counts_as_a_touch(there: Server, row: Row, expected: set[tuple[str, bool, int]]) -> None:
    assert seen(there, row) == expected


def test_jobs_of_one_kind_are_one_line_with_its_days_and_the_last_of_them(there: Server) -> None:
    days = [at("2026-11-18 10:00"), at("2026-11-20 10:00"), at("2026-11-18 11:00")]
    past(there, [replace(INSERT, job_id=f"i{number}", creation_time=day) for number, day in enumerate(days)])
    [touch] = jobs_of(there).touches("US", SINCE)
    assert (touch.jobs, touch.days, touch.last, touch.last_job) == (3, 2, days[1], "i1")
    assert (touch.principal, touch.statement, touch.project, touch.label) == (LOADER, "INSERT", PROJECT, "")


def test_a_child_of_a_script_takes_the_labels_of_its_parent(there: Server) -> None:
    script = replace(INSERT, job_id="s", statement_type="SCRIPT", destination=None, labels={"scheduler_job": "fetch"})
    past(
        there,
        [script, replace(INSERT, parent_job_id="s"), replace(INSERT, job_id="x", labels={"data_source_id": "scheduled_query"})],
    )
    found = {(touch.label, touch.is_transfer) for touch in jobs_of(there).touches("US", SINCE)}
    assert found == {("fetch", False), ("", True)}


def test_tables_sharded_by_date_are_counted_as_a_family(there: Server) -> None:
    shards = ("raw.events_20261118", "raw.events_20261119", "raw.events_99999999")
    past(there, [replace(INSERT, job_id=name, destination=name) for name in shards])
    found = {(touch.family, touch.members, touch.member) for touch in jobs_of(there).touches("US", SINCE)}
    assert found == {("events_", 2, "events_20261119"), ("events_*", 1, "events_99999999")}


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (("stage_5f3a9c01", "stage_deadbeef"), "stage_*"),
        (("s_0b5e2c1e-7a4d-4c61-9d0e-1f2a3b4c5d6e", "s_1b5e2c1e-7a4d-4c61-9d0e-1f2a3b4c5d6e"), "s_*"),
        (("t_1764000000", "t_1764003600"), "t_*"),
        (("t_20261118_061500", "t_20261119_061500"), "t_*"),
    ],
)
def test_names_that_are_made_anew_each_time_are_one_line(there: Server, names: tuple[str, ...], family: str) -> None:
    past(there, [replace(INSERT, job_id=name, destination=f"raw.{name}") for name in names])
    [touch] = jobs_of(there).touches("US", SINCE)
    assert (touch.family, touch.members, touch.jobs) == (family, 2, 2)


def test_the_question_is_bounded_labelled_and_names_its_region(there: Server) -> None:
    past(there, [INSERT], "europe-west1")
    jobs = jobs_of(there)
    assert jobs.locations() == ["europe-west1"]
    assert len(jobs.touches("europe-west1", SINCE)) == 1
    [sent] = [request.body for request in there.requests if request.path.endswith("/queries")]
    assert (sent["location"], sent["labels"], sent["useLegacySql"]) == ("europe-west1", {"interlock": "adopt"}, False)
    assert sent["maximumBytesBilled"] == str(100 * 2**30)
    assert f"FROM `{PROJECT}`.`region-europe-west1`.INFORMATION_SCHEMA.JOBS" in sent["query"]
    assert 'creation_time >= TIMESTAMP "2026-11-15 00:00:00+00"' in sent["query"]


APPEND, TRUNCATE, MUTATE, NONE = {Kind.APPEND}, {Kind.TRUNCATE}, {Kind.MUTATE}, set[Kind]()


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        pytest.param(replace(INSERT, statement_type="INSERT"), {Kind.INSERT}, id="insert"),
        pytest.param(replace(INSERT, statement_type="UPDATE"), MUTATE, id="update"),
        pytest.param(replace(INSERT, statement_type="DELETE"), MUTATE, id="delete"),
        pytest.param(replace(INSERT, statement_type="MERGE"), MUTATE, id="merge"),
        pytest.param(replace(INSERT, statement_type="TRUNCATE_TABLE"), TRUNCATE, id="truncate"),
        pytest.param(replace(INSERT, statement_type="CREATE_TABLE_AS_SELECT"), TRUNCATE, id="create as select"),
        pytest.param(replace(INSERT, statement_type="CREATE_TABLE", ddl="SKIP"), NONE, id="create if not exists"),
        pytest.param(replace(INSERT, statement_type="CREATE_TABLE", ddl="REPLACE"), TRUNCATE, id="create or replace"),
        pytest.param(replace(INSERT, statement_type="CREATE_VIEW"), NONE, id="a view"),
        pytest.param(replace(INSERT, statement_type="ALTER_TABLE"), NONE, id="alter"),
        pytest.param(replace(INSERT, statement_type="LOAD_DATA"), APPEND | TRUNCATE, id="load data says not which"),
        pytest.param(replace(INSERT, statement_type="SELECT", disposition="WRITE_TRUNCATE"), TRUNCATE, id="it replaces"),
        pytest.param(replace(INSERT, statement_type="SELECT", disposition="WRITE_APPEND"), APPEND, id="it appends"),
        pytest.param(replace(INSERT, statement_type="SELECT"), APPEND, id="a query into an empty table"),
        pytest.param(replace(INSERT, job_type="LOAD", statement_type=None), APPEND, id="a load"),
        pytest.param(replace(INSERT, job_type="LOAD", statement_type=None, disposition="WRITE_TRUNCATE"), TRUNCATE, id="anew"),
        pytest.param(replace(INSERT, job_type="COPY", statement_type=None, disposition="WRITE_APPEND"), APPEND, id="a copy"),
    ],
)  # fmt: skip
def test_what_a_job_does_to_its_table(there: Server, row: Row, kinds: set[Kind]) -> None:
    past(there, [row])
    jobs = jobs_of(there)
    touches = jobs.touches("US", SINCE)
    [touch] = jobs.sampled(touches, touches)
    assert touch.kinds == kinds


def test_what_jobs_get_does_not_answer_may_be_either(there: Server) -> None:
    past(there, [replace(INSERT, job_type="LOAD", statement_type=None)])
    there.jobs.clear()
    jobs = jobs_of(there)
    [touch] = jobs.sampled(touches := jobs.touches("US", SINCE), touches)
    assert (touch.sample, touch.kinds) == (UNKNOWN, {Kind.APPEND, Kind.TRUNCATE})
    assert kinds_of("QUERY", "CREATE_TABLE", Sample()) == {Kind.TRUNCATE}


def test_only_what_is_wanted_and_open_is_asked_for(there: Server) -> None:
    load = replace(INSERT, job_type="LOAD", statement_type=None)
    past(there, [INSERT, replace(load, job_id="l"), replace(load, job_id="m", user_email="someone@example.com")])
    jobs = jobs_of(there)
    touches = jobs.touches("US", SINCE)
    jobs.sampled(touches, [touch for touch in touches if touch.principal == LOADER])
    assert [request.line for request in there.requests if "/jobs/" in request.path] == [
        f"GET /bigquery/v2/projects/{PROJECT}/jobs/l"
    ]


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        pytest.param(
            Failure("accessDenied", "Access Denied: User does not have bigquery.jobs.listAll permission", "submit"),
            r"roles/bigquery\.resourceViewer and roles/bigquery\.user",
            id="no right to it",
        ),
        pytest.param(
            Failure("accessNotConfigured", "BigQuery API has not been used in project 1 before", "submit"),
            f"gcloud services enable bigquery.googleapis.com --project={PROJECT}",
            id="the API is off",
        ),
        pytest.param(
            Failure("bytesBilledLimitExceeded", "Query exceeded limit for bytes billed: 1.", "submit"),
            "ask for fewer days",
            id="dear",
        ),
        pytest.param(Failure("quotaExceeded", "Quota exceeded: a day's", "submit"), "403 Quota exceeded", id="a day's quota"),
    ],
)
def test_a_refusal_says_what_to_do(there: Server, refusal: Failure, said: str) -> None:
    past(there, [INSERT])
    assert isinstance(there.engine, JobsEngine)
    there.engine.refusals = [refusal]
    with pytest.raises(CloudError, match=said):
        jobs_of(there).touches("US", SINCE)
    assert len(there.engine.asked) == 1


def test_a_quota_that_passes_is_waited_for_and_said(there: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    past(there, [INSERT])
    assert isinstance(there.engine, JobsEngine)
    there.engine.refusals = [Failure("rateLimitExceeded", "Exceeded rate limits", "submit")]
    heard, slept = list[str](), list[float]()
    # Its own name for the module: others' threads sleep, too.
    monkeypatch.setattr("google.api_core.retry.retry_unary.time", SimpleNamespace(**vars(time) | {"sleep": slept.append}))
    assert len(Jobs(PROJECT, there.url, heard.append).touches("US", SINCE)) == 1
    assert heard == ["BigQuery refuses for now (403); waiting up to 120 seconds"]
    assert len(slept) == 1


def test_a_project_without_datasets_has_no_location(there: Server) -> None:
    assert jobs_of(there).locations() == []
