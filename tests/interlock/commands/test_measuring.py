"""`interlock verify --measure` against the emulator, with the local BigQuery server's history of jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from interlock.reading.files import load_catalog
from interlock.timing.minutes import MINUTE
from interlock.verify.measured import Statement, measured, untold
from tests.guard.bigquery_server import Server, serving
from tests.interlock.catalogs import load
from tests.interlock.cloud import at
from tests.interlock.commands.conftest import Cloud, Run
from tests.interlock.gcp.adoption.history import PROJECT, JobsEngine, Row, past

SINCE, UNTIL = at("2026-03-02"), at("2026-03-09")
CATALOG = """\
defaults: {owner: crew, region: asia-south1, time_zone: Etc/UTC, deadline: 180s, retry: none}
retry_profiles: {none: {attempts: 0}}
services: {mill: {kind: run}}
processors:
  load: {service: mill, tables: {raw.grain: [mutate], raw.log: [append]}}
  copy: {service: mill, tables: {raw.flour: [mutate], raw.log: [append]}}
  mill-bran: {service: mill, expect: 60s, tables: {raw.bran: [mutate]}}
  soak: {service: mill, tables: {raw.water: [read]}}
  roll: {service: mill, after: [soak], tables: {raw.oats: [mutate]}}
jobs:
  poll: {description: d, schedule: "*/30 * * * *", target: {service: mill, path: /}, runs: [load, copy]}
  alone: {description: d, schedule: "0 */4 * * *", target: {service: mill, path: /a}, runs: [mill-bran]}
  in-capitals: {name: In_Capitals, description: d,
    schedule: "0 */4 * * *", target: {service: mill, path: /c}, runs: [mill-bran]}
  yearly: {description: d, schedule: "0 6 1 7 *", target: {service: mill, path: /y}, runs: [mill-bran]}
  chained: {description: d, schedule: "0 */4 * * *", target: {service: mill, path: /o}, runs: [soak]}
  rare: {description: d, schedule: "0 6 * * *", target: {service: mill, path: /r}, runs: [copy], active: 0.5}
"""


def wrote(job: str, table: str, minutes: int, seconds: int) -> Statement:
    """So many minutes after the beginning."""
    return Statement(job=job, table=table, began=SINCE + minutes * MINUTE, lasted=timedelta(seconds=seconds))


def proposals(*statements: Statement) -> dict[str, str]:
    found = measured(load(CATALOG, platform="granary"), statements, SINCE, UNTIL)
    return {f"{one.entry}.{one.key}": one.value for one in found}


def every_fourth(table: str, seconds: int) -> list[Statement]:
    """Of the 336 starts of `poll` in the week, two statements each, some minutes after the start."""
    return [wrote("poll", table, n * 120 + after, seconds) for n in range(84) for after in (2, 5)]


def test_the_share_of_starts_that_write_counts_a_start_once() -> None:
    assert proposals(*every_fourth("raw.grain", 4))["jobs.poll.active"] == "0.25"


def test_statements_of_a_start_add_up_and_are_the_processors_that_alone_writes_the_table() -> None:
    found = proposals(*every_fourth("raw.grain", 4), *every_fourth("raw.log", 50))
    assert found["processors.load.dml"] == "8s"
    assert "processors.copy.dml" not in found


def test_a_run_lasts_from_its_start_to_its_last_statement_where_one_processor_alone_can_be_meant() -> None:
    found = proposals(*(wrote("alone", "raw.bran", n * 240 + after, 10) for n in range(42) for after in (1, 3)))
    assert found["processors.mill-bran.expect"] == "190s"
    assert found["processors.mill-bran.dml"] == "20s"
    assert "processors.load.expect" not in proposals(*every_fourth("raw.grain", 4)), "which of two it was nobody can say"
    chained = proposals(*(wrote("chained", "raw.oats", n * 240 + 1, 10) for n in range(42)))
    assert chained["processors.roll.dml"] == "10s"
    assert "processors.roll.expect" not in chained, "how long the processor before it took is not known"


def test_a_label_holds_less_than_a_name() -> None:
    assert proposals(*(wrote("in_capitals", "raw.bran", n * 240 + 1, 10) for n in range(42)))["jobs.in-capitals.active"] == "1"


def test_of_a_job_without_a_start_in_these_days_nothing_is_said() -> None:
    assert proposals(wrote("yearly", "raw.bran", 5, 10)) == {}


def test_jobs_that_write_and_of_which_nothing_was_measured_are_named() -> None:
    catalog = load(CATALOG, platform="granary")
    found = [*measured(catalog, every_fourth("raw.grain", 4), SINCE, UNTIL)]
    assert untold(catalog, found) == ["alone", "chained", "in-capitals", "rare", "yearly"]


def test_of_a_job_that_started_seldom_or_that_nobody_knows_nothing_is_said() -> None:
    assert proposals(wrote("rare", "raw.flour", 361, 9), wrote("gone", "raw.flour", 361, 9)) == {}


def test_what_a_start_before_the_days_wrote_is_not_theirs() -> None:
    early = Statement(job="poll", table="raw.grain", began=SINCE - MINUTE, lasted=MINUTE)
    assert proposals(early) == {}


@pytest.fixture
def there() -> Iterator[Server]:
    with serving(JobsEngine(), PROJECT) as server:
        yield server


def test_the_history_is_measured_and_nothing_is_written(run: Run, cloud: Cloud, there: Server, root: Path) -> None:
    catalog = load_catalog(root)
    job = max(catalog.jobs.values(), key=lambda one: len(one.schedule.times) * bool(one.runs))
    (table, *_) = catalog.processors[job.runs[0]].tables
    row = Row(
        job_id="", user_email="x@p.iam.gserviceaccount.com", creation_time=SINCE, destination=table, statement_type="MERGE"
    )
    labels = {"scheduler_job": job.scheduler_name}
    rows = [
        replace(row, job_id=f"{n}", creation_time=SINCE + (n + 1) * timedelta(hours=1, minutes=1), labels=labels)
        for n in range(40)
    ]
    unlabelled = replace(row, job_id="u", creation_time=SINCE + timedelta(days=4))
    failed = replace(rows[0], job_id="f", failed=True, creation_time=SINCE + timedelta(days=5))
    past(there, [*rows, unlabelled, failed])
    cloud.at("2026-03-09T14:30:00Z")
    env = {"BIGQUERY_EMULATOR_HOST": there.url, "INTERLOCK_LOCAL_URL": cloud.url}
    done = run("verify", "--measure", "--since", "2026-03-02 12:00", "--format", "json", **env)
    found = {one["entry"]: one for one in json.loads(done.stdout)["measured"] if one["key"] == "active"}
    assert [*found] == [f"jobs.{job.name}"]
    assert found[f"jobs.{job.name}"]["why"].startswith("40 of ")
    for_people = run("verify", "--measure", "--since", "2026-03-02 12:00", COLUMNS="80", **env).stdout
    assert f"+    active: {found[f'jobs.{job.name}']['value']}" in for_people
    assert max(map(len, for_people.splitlines())) <= 80


def test_without_labels_it_says_what_is_missing(run: Run, cloud: Cloud, there: Server) -> None:
    past(there, [])
    cloud.at("2026-03-09T14:30:00Z")
    done = run("verify", "--measure", BIGQUERY_EMULATOR_HOST=there.url, INTERLOCK_LOCAL_URL=cloud.url)
    assert (done.returncode, "scheduler_job" in done.stdout) == (0, True)
