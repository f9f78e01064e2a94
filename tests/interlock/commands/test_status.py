"""`status` against the emulator: held, declared paused, drift, missing, unknown, and what can't be asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interlock.gcp.storage import list_flags, remove_flags
from interlock.terminal.drift_output import is_wrong
from interlock.terraform.drift import Difference, Kind
from local.emulator import serve
from tests.golden import golden
from tests.interlock.commands.conftest import ENVIRONMENT, Cloud, Run, parsed

LATER, BEFORE = "2099-01-01T07:00:00Z", "2020-01-01T07:00:00Z"


def test_flags_that_terraform_does_not_know_are_removed_and_only_those_of_the_ended_backfills(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", cloud.url)
    kept = [f"backfills/books@{LATER}.json", "backfills/marts.json", f"holds/backfill/marts/x@{LATER}.json"]
    for name in (f"backfills/marts@{LATER}.json", f"backfills/marts@{BEFORE}.json", *kept):
        cloud.hold(name)
    removed = remove_flags(
        ENVIRONMENT.project, ENVIRONMENT.bucket, list_flags(ENVIRONMENT.project, ENVIRONMENT.bucket, ["marts"])
    )
    assert removed == [f"backfills/marts@{BEFORE}.json", f"backfills/marts@{LATER}.json"]
    assert [blob.name for blob in cloud.bucket.list_blobs()] == kept


def test_all_as_declared(run: Run, cloud: Cloud) -> None:
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "5 jobs: 4 enabled, 1 paused (1 by declaration); no drift"


@pytest.mark.golden
def test_a_backfill_that_is_on_holds_its_jobs_until_its_end(run: Run, cloud: Cloud) -> None:
    cloud.hold(f"backfills/marts@{LATER}.json")
    for job in ("gamebook-scraper", "line-scraper"):
        cloud.jobs.pause_job(name=cloud.name(job))
    value = parsed(run("status", "--format", "json", INTERLOCK_LOCAL_URL=cloud.url))
    jobs = {job["name"]: job for job in value["jobs"]}
    assert {name: job["state"] for name, job in jobs.items()} == {
        "gamebook-scraper": "PAUSED",
        "line-scraper": "PAUSED",
        "morning-catch-up": "PAUSED",
        "nightly-report": "ENABLED",
        "repair": "ENABLED",
    }
    held_by = jobs["line-scraper"]["held_by"]
    assert held_by == [
        {
            "scope": "backfill/marts",
            "id": "flag",
            "until": LATER,
            "reason": "reprocess",
            "owner": "ana",
            "object": f"backfills/marts@{LATER}.json",
        }
    ]
    assert (jobs["morning-catch-up"]["declared_paused"], jobs["morning-catch-up"]["held_by"]) == (True, held_by)
    assert (jobs["repair"]["held_by"], jobs["repair"]["drift"]) == ([], [])
    done = run("status", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 0
    golden("commands/status-held.txt", done.stdout)


@pytest.mark.golden
def test_everything_that_is_not_as_it_should_be(run: Run, cloud: Cloud) -> None:
    cloud.hold(f"backfills/marts@{BEFORE}.json")
    cloud.hold(f"holds/job/line-scraper/x@{LATER}.json", "no JSON")
    cloud.hold(f"holds/window/gone/x@{LATER}.json", '{"reason": ["no text"]}')
    cloud.hold("backfills/marts.json")
    cloud.jobs.pause_job(name=cloud.name("gamebook-scraper"))
    cloud.jobs.delete_job(name=cloud.name("repair"))
    cloud.jobs.resume_job(name=cloud.name("morning-catch-up"))
    cloud.create("stray")
    done = run("status", "--all", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 1, done.stderr
    golden("commands/status-drift.txt", done.stdout)
    value = parsed(run("status", "--format", "json", INTERLOCK_LOCAL_URL=cloud.url))
    assert {job["name"]: job["drift"] for job in value["jobs"]} == {
        "gamebook-scraper": ["PAUSED, should be ENABLED"],
        "line-scraper": ["ENABLED, should be PAUSED"],
        "morning-catch-up": ["ENABLED, should be PAUSED"],
        "nightly-report": [],
        "repair": ["missing in us-west2"],
    }
    assert value["unknown"] == [{"name": "stray", "region": "us-west2", "state": "ENABLED"}]
    assert len(value["trouble"]) == 2


@pytest.mark.parametrize(
    ("difference", "why", "sentences"),
    [
        pytest.param(
            Difference(Kind.STATE, "ENABLED", "PAUSED"),
            [("backfill/marts holds", " until 08:30")],
            ("runs although backfill/marts holds it until 08:30", "run although backfill/marts holds them until 08:30"),
            id="held",
        ),
        pytest.param(
            Difference(Kind.STATE, "ENABLED", "PAUSED"),
            [("the catalog pauses", " (all of them)"), ("all holds", " until 08:30")],
            (
                "runs although the catalog pauses it (all of them) and all holds it until 08:30",
                "run although the catalog pauses them (all of them) and all holds them until 08:30",
            ),
            id="paused by declaration and held",
        ),
        pytest.param(
            Difference(Kind.STATE, "PAUSED", "ENABLED"),
            [],
            ("is paused although nothing holds it", "are paused although nothing holds them"),
            id="paused by hand",
        ),
        pytest.param(
            Difference(Kind.SCHEDULE, "1 * * * *", "0 * * * *"),
            [],
            (
                "has the schedule 1 * * * *, and the catalog says 0 * * * *",
                "have the schedule 1 * * * *, and the catalog says 0 * * * *",
            ),
            id="another schedule",
        ),
        pytest.param(
            Difference(Kind.ZONE, "UTC", "Etc/UTC"),
            [],
            ("has the zone UTC, and the catalog says Etc/UTC", "have the zone UTC, and the catalog says Etc/UTC"),
            id="another zone",
        ),
        pytest.param(
            Difference(Kind.MISSING, "", "us-west2"),
            [],
            ("is missing in us-west2", "are missing in us-west2"),
            id="not there",
        ),
    ],
)
def test_what_is_wrong_is_a_sentence(difference: Difference, why: list[tuple[str, str]], sentences: tuple[str, str]) -> None:
    assert (is_wrong(difference, why, one=True), is_wrong(difference, why, one=False)) == sentences


def test_the_last_attempt_after_a_run(run: Run, cloud: Cloud) -> None:
    cloud.jobs.run_job(name=cloud.name("repair"))
    done = run("status", "--all", INTERLOCK_LOCAL_URL=cloud.url)
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if " * * " in line}
    assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d UTC$", lines["repair"])
    assert lines["nightly-report"].endswith(" never")


def test_without_the_bucket_the_next_command_is_named(run: Run, tmp_path: Path) -> None:
    with serve(tmp_path / "state") as running:
        done = run("status", INTERLOCK_LOCAL_URL=running.url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        f"Error: there is no bucket {ENVIRONMENT.bucket}; deploy the coordination stack first: make deploy"
    )


def test_a_cloud_that_does_not_answer_is_one_line_for_people(run: Run) -> None:
    done = run("status", INTERLOCK_LOCAL_URL="http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"Error: the local target at http://127.0.0.1:9 does not .*refused.*", done.stderr.splitlines()[-1])
