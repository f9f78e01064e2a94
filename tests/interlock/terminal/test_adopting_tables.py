"""`adopt --tables` as a whole: the emulator has what is deployed, the local BigQuery server what ran; a file for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from interlock.access import Kind
from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.gcp import CloudError
from interlock.gcp.verify.bigquery import NoCredentials
from interlock.graph import scopes
from interlock.reading.files import load_catalog, load_environment
from interlock.terminal import adopting_tables
from interlock.terminal.adopting_tables import NAME, run_tables
from local.emulator import serve
from tests.golden import golden
from tests.guard.bigquery_server import Failure, Server, serving
from tests.interlock.catalogs import load
from tests.interlock.cloud import at
from tests.interlock.gcp.adoption.history import PROJECT, JobsEngine, Row, past
from tests.local.plain import Rest

NOW = at("2026-11-29 00:00")
FIRST, LAST = at("2026-11-18 06:15"), at("2026-11-28 06:15")
DEFAULT = "100000000000-compute@developer.gserviceaccount.com"

CATALOG = """\
defaults: {owner: data, time_zone: Etc/UTC, region: us-west2, deadline: 180s, retry: standard}
retry_profiles:
  standard: {attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}
services:
  odds: {kind: run}
  games: {kind: run}
  teams: {kind: run}
  done: {kind: topic}
  streamer: {kind: run}
processors:
  teams: {service: teams, tables: {raw.teams: [append]}}
jobs:
  fetch-odds: {description: x, schedule: "15 6 * * *", target: {service: odds, path: /x}}
  fetch-more-odds: {description: x, schedule: "15 6 * * *", target: {service: odds, path: /y}}
  fetch-games: {description: x, schedule: "15 6 * * *", target: {service: games, path: /x}}
  fetch-teams: {description: x, schedule: "15 6 * * *", target: {service: teams, path: /x}, runs: [teams]}
  sum-up: {description: x, schedule: "0 7 * * *", target: {service: done}}
  stream: {description: x, schedule: "0 7 * * *", target: {service: streamer, path: /x}}
"""


def account(name: str) -> str:
    return f"{name}@{PROJECT}.iam.gserviceaccount.com"


@dataclass(frozen=True)
class There:
    """Both stand-ins, and the environment that they are."""

    rest: Rest
    bigquery: Server
    environment: Environment

    def service(self, name: str, runs_as: str) -> None:
        path = f"/v2/projects/{PROJECT}/locations/us-west2/services?serviceId={name}"
        assert self.rest("POST", path, {"template": {"serviceAccount": runs_as}}).status == 200

    def push(self, topic: str, service: str) -> None:
        assert self.rest("PUT", f"/v1/projects/{PROJECT}/topics/{topic}", {}).status == 200
        endpoint = f"https://{service}-100000000000.us-west2.run.invalid/push"
        body = {"topic": f"projects/{PROJECT}/topics/{topic}", "pushConfig": {"pushEndpoint": endpoint}}
        assert self.rest("PUT", f"/v1/projects/{PROJECT}/subscriptions/{topic}-to-{service}", body).status == 200


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    environment = load_environment(Path(__file__).parents[3] / "environments", "local")
    with serve(tmp_path / "state") as running, serving(JobsEngine(), PROJECT) as server:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", running.url)
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.url)
        yield There(Rest(running.url), server, environment)


def run(there: There, catalog: Catalog, folder: Path, **more: object) -> tuple[list[str], str]:
    """What is said, and the file."""
    said = run_tables(there.environment, catalog, NOW, 14, folder, **more)  # type: ignore[arg-type]
    return [line.replace(str(folder), "catalog/p") for line in said], (folder / NAME).read_text()


def twice(job: Row) -> list[Row]:
    """On two days, the last of them the last."""
    return [
        Row(**{**vars(job), "job_id": f"{job.job_id}-{number}", "creation_time": when})
        for number, when in enumerate((FIRST, LAST))
    ]


def platform(there: There) -> None:
    """Services of their own accounts, two that share one, one that messages start, and one that JOBS knows nothing of."""
    for name in ("odds", "sums", "streamer", "teams"):
        there.service(name, account(name))
    for name in ("games", "more-games"):
        there.service(name, DEFAULT)
    there.push("done", "sums")
    rows = [
        Row(job_id="load", user_email=account("odds"), creation_time=LAST, job_type="LOAD", destination="raw.odds$20261128"),
        Row(
            job_id="more",
            user_email=account("odds"),
            creation_time=LAST,
            statement_type="MERGE",
            destination="raw.lines",
            references=("raw.odds",),
            labels={"scheduler_job": "fetch-more-odds"},
        ),
        Row(
            job_id="sum",
            user_email=account("sums"),
            creation_time=LAST,
            statement_type="SELECT",
            destination="mart.daily",
            disposition="WRITE_TRUNCATE",
            references=("raw.odds", "raw.events_20261127", "raw.events_20261128", "other-project:raw.fx"),
        ),
        Row(job_id="games", user_email=DEFAULT, creation_time=LAST, statement_type="INSERT", destination="raw.games"),
        Row(job_id="teams", user_email=account("teams"), creation_time=LAST, job_type="LOAD", destination="raw.teams"),
        Row(job_id="dbt", user_email=account("dbt"), creation_time=LAST, statement_type="MERGE", destination="mart.daily"),
        Row(job_id="me", user_email="me@example.com", creation_time=LAST, statement_type="UPDATE", destination="raw.odds"),
    ]
    copy = Row(
        job_id="copy",
        user_email=account("sums"),
        creation_time=LAST,
        job_type="COPY",
        destination="mart.copy",
        sources=("mart.daily",),
    )
    past(there.bigquery, [copy, *(each for row in rows for each in twice(row))])


def test_the_file_that_people_read(there: There, tmp_path: Path) -> None:
    platform(there)
    said, text = run(there, load(CATALOG), tmp_path / "p")
    golden("adoption/tables.yaml.proposed", text)
    golden("adoption/tables.txt", "\n".join(said) + "\n")


def polls(there: There, *, labelled: bool = True) -> None:
    """A service that looks every hour, and writes in every fourth; its statements take 6 s, a minute after the start."""
    there.service("mills", account("mills"))
    begun = at("2026-11-15")
    label = {"scheduler_job": "fetch-flour"} if labelled else {}
    past(
        there.bigquery,
        [
            Row(
                job_id=f"flour-{n}",
                user_email=account("mills"),
                creation_time=begun + n * timedelta(hours=4) + timedelta(minutes=1),
                statement_type="MERGE",
                destination="raw.flour",
                labels=label,
                lasted=timedelta(seconds=6),
            )
            for n in range(84)
        ],
    )


MILLS = CATALOG.replace(
    "jobs:\n", 'jobs:\n  fetch-flour: {description: x, schedule: "0 * * * *", target: {service: mills, path: /x}}\n'
).replace("services:\n", "services:\n  mills: {kind: run}\n")


def test_what_the_history_measures_is_in_the_file_and_what_it_cant_is_named(there: There, tmp_path: Path) -> None:
    polls(there)
    _, text = run(there, load(MILLS), tmp_path / "p")
    golden("adoption/measured.yaml.proposed", text)
    assert "    dml: 6s # the mean of 84 starts that wrote" in text
    assert "    expect: 66s # from a start to its last statement, the mean of 84" in text
    assert "#   fetch-flour: active: 0.25 # 84 of 336 starts wrote" in text
    assert "# Not measured: 1 job with too few starts" in text


def test_without_labels_nothing_is_measured(there: There, tmp_path: Path) -> None:
    polls(there, labelled=False)
    _, text = run(there, load(MILLS), tmp_path / "p")
    assert "# Measured" not in text
    assert "dml:" not in text
    assert "have the label scheduler_job: fetch-flour" in text


def test_what_is_measured_and_copied_is_not_said_again(there: There, tmp_path: Path) -> None:
    polls(there)
    written = MILLS.replace(
        "processors:\n", "processors:\n  flour: {service: mills, tables: {raw.flour: [mutate]}, dml: 6s, expect: 66s}\n"
    )
    written = written.replace("{service: mills, path: /x}}", "{service: mills, path: /x}, runs: [flour], active: 0.25}")
    _, text = run(there, load(written), tmp_path / "p")
    assert "# Measured" not in text


def test_more_statements_than_can_be_read_measure_nothing(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls(there)
    monkeypatch.setattr(adopting_tables, "MOST_STATEMENTS", 84)
    said, text = run(there, load(MILLS), tmp_path / "p")
    assert "dml:" not in text
    assert any("ask for fewer days" in line for line in said)


def copied(text: str, more: str = "") -> Catalog:
    """The catalog once somebody has copied the proposal, and written the `runs` that it names."""
    runs = dict(re.findall(r"^#   ([a-z-]+): (runs: \[.*\])$", text, re.MULTILINE))
    lines = [
        line.removesuffix("}") + f", {runs[name[1]]}}}"
        if (name := re.match(r"  ([a-z-]+): {desc", line)) and name[1] in runs
        else line
        for line in CATALOG.splitlines()
    ]
    return load("\n".join(lines) + "\n" + more, text)


def test_what_is_copied_loads_and_is_not_proposed_again(there: There, tmp_path: Path) -> None:
    platform(there)
    _, text = run(there, load(CATALOG), tmp_path / "p")
    catalog = copied(text)
    assert catalog.processors["odds"].tables == {"raw.odds": {Kind.APPEND}}
    assert catalog.processors["fetch-more-odds"].tables == {"raw.lines": {Kind.MUTATE}, "raw.odds": {Kind.READ}}
    assert scopes(catalog)["table/mart.daily"] == ("sum-up",), "over a topic and its push subscription"
    said, again = run(there, catalog, tmp_path / "p", force=True)
    assert said[0] == "tables: 0 processors, 0 tables"
    assert "\nprocessors:" not in again


def test_the_file_is_no_part_of_a_catalog(there: There, tmp_path: Path) -> None:
    platform(there)
    (tmp_path / "catalog/p").mkdir(parents=True)
    (tmp_path / "catalog/p/jobs.yaml").write_text(CATALOG)
    before = load_catalog(tmp_path / "catalog")
    run(there, before, tmp_path / "catalog/p")
    assert load_catalog(tmp_path / "catalog") == before


def test_a_file_that_is_there_is_kept_unless_somebody_insists(there: There, tmp_path: Path) -> None:
    platform(there)
    (tmp_path / NAME).write_text("my remarks")
    with pytest.raises(CloudError, match="is there already"):
        run(there, load(CATALOG), tmp_path)
    assert (tmp_path / NAME).read_text() == "my remarks"
    run(there, load(CATALOG), tmp_path, force=True)
    assert [path.name for path in tmp_path.iterdir() if path.name != "state"] == [NAME]


def test_a_failure_half_way_leaves_nothing(there: There, tmp_path: Path) -> None:
    platform(there)
    assert isinstance(there.bigquery.engine, JobsEngine)
    there.bigquery.engine.refusals = [Failure("accessDenied", "Access Denied: no bigquery.jobs.listAll", "submit")]
    with pytest.raises(CloudError, match=r"roles/bigquery\.resourceViewer"):
        run(there, load(CATALOG), tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_who_ends_it_half_way_finds_what_was_there_before(there: There, tmp_path: Path) -> None:
    platform(there)
    (tmp_path / NAME).write_text("my remarks")

    def end(said: str) -> None:
        if "BigQuery" in said:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(there, load(CATALOG), tmp_path, force=True, says=end)
    assert (tmp_path / NAME).read_text() == "my remarks"


def test_what_cant_be_listed_is_said_and_keeps_nothing_else_from_being_read(there: There, tmp_path: Path) -> None:
    platform(there)
    there.rest("POST", "/_local/faults", {"faults": ["GET /subscriptions 403", "GET /functions 403"]})
    said, text = run(there, load(CATALOG), tmp_path)
    assert [line[:50] for line in said if "not looked at" in line] == [
        "not looked at: cloudfunctions.googleapis.com says ",
        "not looked at: pubsub.googleapis.com says no (403)",
    ]
    assert "# - not looked at: pubsub.googleapis.com says no (403)" in text
    assert "raw.odds: [append] # medium:" in text
    assert "not every service could be listed, so that another may have the account" in text


def test_an_empty_project_gives_a_file_that_says_so(there: There, tmp_path: Path) -> None:
    said, text = run(there, load(CATALOG), tmp_path)
    assert said[0] == "tables: 0 processors, 0 tables"
    assert "not looked at: BigQuery: you see no dataset of the project" in said
    assert "# processors: none" in text


def test_the_local_stand_in_alone_has_no_bigquery(there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST")
    with pytest.raises(NoCredentials, match="has no BigQuery"):
        run(there, load(CATALOG), tmp_path)


HOSTILE = (
    'raw.x": [mutate], "core.y',
    "raw.x\n  evil:\n    service: odds",
    "raw.x # comment",
    "raw.{{x}}",
    "raw.'; DROP TABLE y; --",
    "raw.\u2028x: y",
    "raw.\x1b[31mred",
    "raw.&anchor",
    "raw.*alias",
    "raw.!!python/object",
    f"raw.{'x' * 3000}",
)


def test_hostile_names_are_names_in_a_comment_or_nothing(there: There, tmp_path: Path) -> None:
    there.service("odds", account("odds"))
    good = Row(job_id="good", user_email=account("odds"), creation_time=LAST, statement_type="INSERT", destination="raw.odds")
    rows = [Row(**{**vars(good), "job_id": f"h{number}", "destination": name}) for number, name in enumerate(HOSTILE)]
    strangers = [
        Row(**{**vars(good), "job_id": f"s{number}", "user_email": f"{name}@x.iam.gserviceaccount.com"})
        for number, name in enumerate(HOSTILE)
    ]
    labels = [
        Row(**{**vars(good), "job_id": f"l{number}", "labels": {"scheduler_job": name}}) for number, name in enumerate(HOSTILE)
    ]
    statements = [Row(**{**vars(good), "job_id": f"t{number}", "statement_type": name}) for number, name in enumerate(HOSTILE)]
    numbers = [
        Row(**{**vars(good), "job_id": "n", "destination": "1.5"}),
        Row(**{**vars(good), "job_id": "o", "destination": "0x1.2"}),
    ]
    past(there.bigquery, [good, *rows, *strangers, *labels, *statements, *numbers])
    _, text = run(there, load(CATALOG), tmp_path)
    catalog = copied(text)
    assert set(catalog.processors) == {"odds", "teams"}
    assert catalog.processors["odds"].tables == {"raw.odds": {Kind.INSERT}, "1.5": {Kind.INSERT}, "0x1.2": {Kind.INSERT}}
    assert all(line.isprintable() for line in text.splitlines())
    assert len(text) < 10_000, "a long name is cut"
