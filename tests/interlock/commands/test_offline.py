"""`validate`, `affected` and `show`: what they print, their JSON, their exit codes, and what they must not import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.golden import golden
from tests.interlock.commands.conftest import ROOT, SMALL, Run, parsed
from tests.shop import CATALOG as SHOP

ESCAPE = "\x1b"
HEAVY = {"cdktf", "constructs", "google", "grpc", "imports", "jsii"}


def test_validate_counts_what_the_catalog_declares(run: Run) -> None:
    done = run("validate")
    assert (done.returncode, done.stdout) == (
        0,
        "5 jobs (1 paused by declaration), 4 processors, 3 tables, 1 backfill: no findings\n",
    )


def test_validate_says_nothing_of_pauses_where_there_are_none(run: Run, root: Path) -> None:
    text = SMALL.read_text()
    [pause] = [line for line in text.splitlines(keepends=True) if line.startswith("    paused: ")]
    (root / "small/all.yaml").write_text(text.replace(pause, ""))
    assert run("validate").stdout == "5 jobs, 4 processors, 3 tables, 1 backfill: no findings\n"


def test_validate_exits_1_on_a_rule_that_is_broken_and_says_where(run: Run, root: Path) -> None:
    (root / "small/all.yaml").write_text(SMALL.read_text().replace('"45 * * * *"', '"50 * * * *"'))
    done = run("validate")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f'{root}/small/all.yaml:38: stagger: jobs.repair: "50 * * * *" starts a writer of mart.summary '
        "outside minutes 15 and 45 of small's rules; move it, or waive the rule",
        "5 jobs (1 paused by declaration), 4 processors, 3 tables, 1 backfill: 1 finding",
    ]
    (finding,) = parsed(run("validate", "--format", "json"))["findings"]
    assert (finding["rule"], finding["subject"], finding["source"]) == ("stagger", "jobs.repair", "catalog/small/all.yaml:38")


def test_validate_exits_2_on_a_catalog_that_is_wrong_and_prints_no_json(run: Run, root: Path) -> None:
    (root / "small/all.yaml").write_text(SMALL.read_text().replace("runs: [lines", "runs: [line"))
    done = run("validate", "--format", "json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-2:] == [
        f"{root}/small/all.yaml:25: jobs.line-scraper.runs[0]: there is no processor 'line'; did you mean lines?",
        "1 problem; nothing was done.",
    ]


@pytest.mark.golden
@pytest.mark.parametrize(
    "scope", ["marts", "window/tuesdays", "table/mart.summary", "service/scrapers", "job/morning-catch-up", "all"]
)
def test_affected_for_people(run: Run, scope: str) -> None:
    done = run("affected", scope)
    assert done.returncode == 0
    assert ESCAPE not in done.stdout
    golden(f"commands/affected-{scope.replace('/', '-')}.txt", done.stdout)


def test_another_process_says_the_same_and_a_pipe_is_no_terminal_even_where_colours_are_forced(
    run: Run, run_alone: Run
) -> None:
    assert run_alone("affected", "marts", FORCE_COLOR="1").stdout == run("affected", "marts").stdout


@pytest.mark.golden
def test_show_for_people(run: Run) -> None:
    done = run("show", "gamebook-scraper")
    assert done.returncode == 0
    assert ESCAPE not in done.stdout
    golden("commands/show-gamebook-scraper.txt", done.stdout)


def test_a_text_of_the_catalog_is_no_markup(run: Run) -> None:
    assert "Mails the summary [draft]" in run("show", "nightly-report").stdout


def test_affected_in_json_has_every_reason(run: Run) -> None:
    value = parsed(run("affected", "marts", "--format", "json"))
    assert value["scope"] == "backfill/marts"
    jobs = {job["name"]: job for job in value["jobs"]}
    assert {name: job["would_change"] for name, job in jobs.items()} == {
        "gamebook-scraper": True,
        "line-scraper": True,
        "morning-catch-up": False,
    }
    assert jobs["morning-catch-up"]["why_not"] == "paused by declaration: off-season"
    assert [job["recoverable"] for job in jobs.values()] == [True, False, True]
    assert [(r["table"], r["protects"], r["severity"]) for r in jobs["gamebook-scraper"]["reasons"]] == [
        ("raw.games", "inputs", "none"),
        ("mart.summary", "outputs", "error"),
    ]
    assert jobs["gamebook-scraper"]["reasons"][1]["processors"] == ["summary"]
    assert [near["name"] for near in value["near_misses"]] == ["nightly-report", "repair"]
    assert value["not_stopped"]


def test_show_in_json_says_where_each_value_comes_from(run: Run) -> None:
    (job,) = parsed(run("show", "gamebook-scraper", "--format", "json"))["jobs"]
    assert job["target"] == {"service": "scrapers", "path": "/scrape", "body": {"scraper": "gamebook", "dates": [1, 2]}}
    assert job["calls"] == "https://scrapers-100000000000.us-west2.run.invalid/scrape"
    assert job["origins"]["schedule"] == "catalog/small/all.yaml:17"
    assert job["origins"]["time_zone"] == "defaults, catalog/small/all.yaml:2"
    assert job["origins"]["retry"] == "defaults, catalog/small/all.yaml:2 -> catalog/small/all.yaml:4"
    assert job["origins"]["recoverable"] == "built in"
    assert "backfill/marts" in job["scopes"]
    assert job["leads_to"][0] == "gamebook-scraper -> gamebooks -> raw.games [append+mutate]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["affected", "mart"], "no scope 'backfill/mart'; did you mean backfill/marts?", id="a backfill's name"),
        pytest.param(["affected", "service/scraper"], "; did you mean service/scrapers?", id="a scope"),
        pytest.param(["affected", "repair"], "did you mean job/repair?", id="a job's name for a backfill's"),
        pytest.param(["show", "repare"], "the catalog has no job 'repare'; did you mean repair?", id="a job's name"),
        pytest.param(["afected", "marts"], "there is no command 'afected'; did you mean affected?", id="a command"),
        pytest.param(["show", "repair", "--env", "prod"], "there is no environment 'prod'; known: local", id="an environment"),
        pytest.param(
            ["validate", "--catalog", "/nowhere"], "/nowhere:1: there is no catalog here", id="a folder that is absent"
        ),
        pytest.param(["affected"], "Missing argument 'NAME|SCOPE'", id="nothing"),
    ],
)
def test_a_mistake_exits_2_with_the_nearest_name_and_no_trace(run: Run, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_option_wins_over_the_variable(run: Run, tmp_path: Path) -> None:
    assert "jobs" in run("validate", "--catalog", str(SHOP)).stdout
    assert run("validate", INTERLOCK_CATALOG=str(tmp_path / "none")).returncode == 2


def test_the_first_line_says_where_a_command_acts(run: Run, root: Path) -> None:
    assert run("validate").stderr.splitlines()[0] == f"catalog in {root}; no cloud is asked"
    assert run("show", "repair").stderr == "LOCAL STAND-IN, not Google Cloud\n"


READING = (
    ["--help"],
    ["validate"],
    ["affected", "orders"],
    ["show", "orders-import"],
    ["timeline"],
    ["fires", "orders-import"],
)


@pytest.fixture(scope="module")
def heavy() -> dict[str, list[str]]:
    """What each of these commands has imported of all that is heavy, one after the other in a process of its own."""
    code = f"""
import json, sys
seen = set(sys.modules)  # functions-framework's .pth file makes the namespaces google and google.cloud in every process
from interlock.commands import main
found = {{}}
for arguments in {READING!r}:
    try:
        main(arguments)
    except SystemExit as ended:
        assert ended.code in (None, 0), ended.code
    found[arguments[0]] = sorted(name for name in set(sys.modules) - seen if name.split(".")[0] in {HEAVY!r})
    seen |= set(sys.modules)
print(json.dumps(found))
"""
    environ = os.environ | {"INTERLOCK_CATALOG": str(SHOP)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environ)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("arguments", READING, ids=lambda value: value[0])
def test_what_only_reads_the_catalog_imports_neither_cdktf_nor_google(
    arguments: list[str], heavy: dict[str, list[str]]
) -> None:
    assert heavy[arguments[0]] == []
