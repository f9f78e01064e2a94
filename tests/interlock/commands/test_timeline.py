"""`timeline` and `fires`: what they print, their JSON, the picture, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from interlock.commands import main
from tests.golden import golden
from tests.interlock.commands.conftest import ENVIRONMENT, SMALL, Cloud, Run, loaded, parsed

TUESDAY, SPRING, AUTUMN = "2026-01-13", "2026-03-08", "2026-11-01"
Call = Callable[..., Result]


@pytest.fixture
def call(root: Path) -> Call:
    """Runs a command on the small catalog in this process."""
    return lambda *arguments: CliRunner(env={"COLUMNS": None}).invoke(main, [*arguments, "--catalog", str(root)])


@pytest.mark.golden
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("tuesday", ["--day", TUESDAY]),
        ("spring", ["--day", SPRING]),
        ("autumn-elsewhere", ["--day", AUTUMN, "--zone", "America/New_York"]),
        ("service", ["--day", TUESDAY, "--service", "analytics"]),
        ("table", ["--day", TUESDAY, "--table", "raw.lines"]),
        ("nothing", ["--day", TUESDAY, "--service", "events", "--table", "raw.lines"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_day_for_people(call: Call, name: str, options: list[str]) -> None:
    done = call("timeline", *options)
    assert done.exit_code == 0, done.stderr
    golden(f"commands/timeline-{name}.txt", done.stdout)


def test_it_says_that_no_cloud_is_asked(call: Call, root: Path) -> None:
    assert call("timeline", "--day", TUESDAY).stderr == f"catalog in {root}; no cloud is asked\n"


def test_a_day_for_programs(call: Call, run: Run) -> None:
    value = parsed(run("timeline", "--day", TUESDAY, "--format", "json"))
    assert (value["day"], value["zone"], value["start"], value["end"]) == (
        TUESDAY,
        "America/Los_Angeles",
        "2026-01-13T08:00:00Z",
        "2026-01-14T08:00:00Z",
    )
    jobs = {job["name"]: job for job in value["jobs"]}
    assert (jobs["line-scraper"]["starts"], jobs["line-scraper"]["in_words"]) == (22, "At minute 15 of every hour")
    assert jobs["line-scraper"]["fires"][0] == {
        "at": "2026-01-13T08:15:00Z",
        "held_by": ["window/tuesdays"],
        "collides": [],
    }
    assert (jobs["morning-catch-up"]["declared_paused"], jobs["morning-catch-up"]["starts"]) == (True, 0)
    assert value["closed"] == [
        {
            "scope": "window/tuesdays",
            "start": "2026-01-13T08:00:00Z",
            "end": "2026-01-13T10:00:00Z",
            "reason": "weekly deploys",
        }
    ]
    assert {clash["kind"] for clash in value["collisions"]} <= {"budget", "gap", "table", "order"}
    assert (
        call("timeline", "--day", TUESDAY, "--format", "json").stdout
        == call("timeline", "--day", TUESDAY, "--format", "json").stdout
    )


def test_a_picture_in_a_file(call: Call, tmp_path: Path) -> None:
    done = call("timeline", "--day", TUESDAY, "--svg", str(tmp_path / "day.svg"))
    assert f"wrote {tmp_path}/day.svg" in done.stderr
    assert ElementTree.parse(tmp_path / "day.svg").getroot().get("role") == "img"  # noqa: S314 - ours


def test_without_a_day_it_is_today_where_most_jobs_are(call: Call) -> None:
    first = call("timeline").stdout.splitlines()[0]
    assert first.endswith("America/Los_Angeles, the zone of 5 of 5 jobs")


@pytest.mark.golden
def test_the_holds_that_are_in_force_are_marked_from_now_on(cloud: Cloud, run: Run, root: Path) -> None:
    cloud.declare(loaded(root))
    cloud.at("2026-01-13T18:00:00Z")
    cloud.hold("holds/service/scrapers/at-1@2026-01-13T20:00:00Z.json", '{"reason": "re[d]eploys\\u001b[31m", "owner": "ana"}')
    cloud.hold("holds/all/at-2@2026-01-13T17:00:00Z.json")
    done = run("timeline", "--env", ENVIRONMENT.name, INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "LOCAL STAND-IN, not Google Cloud\n"
    golden("commands/timeline-holds.txt", done.stdout)


@pytest.mark.golden
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("day", ["line-scraper", "--from", TUESDAY, "--to", "2026-01-13 04:00"]),
        ("spring", ["repair", "nightly-report", "--from", SPRING, "--limit", "5"]),
        ("autumn", ["line-scraper", "--from", f"{AUTUMN} 00:00", "--to", "02:30"]),
        ("paused", ["morning-catch-up", "--from", "2026-01-12T12:00:00Z", "--to", "2026-01-14", "--zone", "Europe/Berlin"]),
        ("none", ["nightly-report", "--from", "2026-01-13T07:00:00-08:00", "--to", "2026-01-13T08:00:00-08:00"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fires_for_people(call: Call, name: str, arguments: list[str]) -> None:
    done = call("fires", *arguments)
    assert done.exit_code == 0, done.stderr
    golden(f"commands/fires-{name}.txt", done.stdout)


def test_fires_for_programs(run: Run) -> None:
    value = parsed(run("fires", "line-scraper", "repair", "--from", SPRING, "--limit", "3", "--format", "json"))
    assert (value["from"], value["to"]) == ("2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z")
    lines, repair = value["jobs"]
    assert [fire["at"] for fire in lines["fires"]] == ["2026-03-08T08:15:00Z", "2026-03-08T09:15:00Z"]
    assert [fire["local"] for fire in repair["fires"]] == ["2026-03-08T00:45:00-08:00"]
    assert (lines["total"], repair["total"]) == (23, 23)
    assert lines["clock_changes"] == [
        {
            "at": "2026-03-08T10:00:00Z",
            "change": "the clocks jump from 02:00 to 03:00",
            "effects": ["02:15 does not exist that day, and nothing fires for it"],
        }
    ]


def test_without_an_interval_it_is_the_next_24_hours_and_a_job_twice_is_one(call: Call) -> None:
    done = call("fires", "repair", "repair")
    assert done.stdout.count("in America/Los_Angeles") == 1
    assert "24 fires" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["timeline", "--zone", "America/NewYork"], "did you mean America/New_York?"),
        (["timeline", "--zone", "../etc/passwd"], "is not a time zone; allowed are names of the tz database"),
        (["timeline", "--day", "2026-02-30"], "--day: '2026-02-30' is no day; write one like 2026-01-13"),
        (["timeline", "--day", "9999-12-31"], "is not in the years 1971 to 8999"),
        (
            ["timeline", "--day", "2011-12-30", "--zone", "Pacific/Apia"],
            "--day: the clocks of Pacific/Apia left 2011-12-30 out",
        ),
        (["timeline", "--service", "scraper"], "the catalog has no service 'scraper'; did you mean scrapers?"),
        (["timeline", "--table", "x"], "the catalog has no table 'x'; known: mart.summary, raw.games, raw.lines"),
        (["timeline", "--svg", "/nowhere/day.svg"], "--svg: /nowhere/day.svg can't be written: No such file or directory"),
        (["timeline", "--env", "prod"], "there is no environment 'prod'; known: local"),
        (["fires", "repare"], "the catalog has no job 'repare'; did you mean repair?"),
        (["fires"], "Missing argument 'JOB...'"),
        (["fires", "repair", "--from", "soon"], "--from: 'soon' is no time; write how long, like 2h"),
        (["fires", "repair", "--from", "2026-02-30"], "--from: '2026-02-30' is no day"),
        (["fires", "repair", "--from", "2026-03-08 02:30"], "is skipped by the clock of America/Los_Angeles"),
        (["fires", "repair", "--from", TUESDAY, "--to", TUESDAY], "--to is after --from"),
        (["fires", "repair", "--from", TUESDAY, "--to", "2028-01-01"], "is no time of up to 366 days"),
        (["fires", "repair", "--from", "0001-01-01T00:00:00Z"], "is not in the years 1971 to 8999"),
        (["fires", "repair", "--from", "9999-12-31T23:59:59Z"], "is not in the years 1971 to 8999"),
        (["fires", "repair", "--limit", "0"], "Invalid value for '--limit'"),
    ],
)
def test_a_mistake_exits_2_and_says_what_is_allowed(call: Call, arguments: list[str], said: str) -> None:
    done = call(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_catalog_without_jobs_has_a_day_too(call: Call, root: Path) -> None:
    head, _, tail = SMALL.read_text().partition("\njobs:\n")
    assert tail
    (root / "small/all.yaml").write_text(head + "\n")
    done = call("timeline", "--day", TUESDAY)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Tuesday, 2026-01-13, Etc/UTC, the zone of 0 of 0 jobs",
        "0 jobs, 0 of them paused by declaration; 0 starts, 0 runs held; collisions: none",
    ]
