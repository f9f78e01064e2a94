"""Each way in which a catalog can be wrong: the file, the line, what was found and what is allowed, in words for people."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from interlock.reading.files import load_catalog
from interlock.reading.problems import MAX_FILE_CHARACTERS, SourceError
from tests.interlock.catalogs import GOOD, changed, problems

SECTIONS = ", ".join(
    (
        *("defaults", "rules", "retry_profiles", "services", "processors", "jobs", "backfills", "windows", "seasons"),
        *("removed", "unmanaged", "baseline"),
    )
)
NAMES = "allowed: a-z, 0-9 and -, beginning with a letter, at most 100"
UNREADABLE = "can't be read as YAML"
WRONG_ENTRIES: dict[str, dict[str, str]] = yaml.safe_load((Path(__file__).parents[1] / "wrong_entries.yaml").read_text())


def test_the_catalog_that_the_tests_break_is_good() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize("text", ["", "# nothing\n", "jobs:\nservices:\n"], ids=["empty", "only a comment", "empty sections"])
def test_a_file_that_declares_nothing_was_cut_off_or_never_filled(text: str) -> None:
    assert problems(GOOD, text) == ["b.yaml:1: declares nothing; write what belongs in it, or remove the file"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "jobs: {a: [\n",
            f"a.yaml:1: {UNREADABLE}: the file ends in the middle of a value; close its brackets and quotes",
            id="an open bracket",
        ),
        pytest.param(
            "jobs:\n  a: b: c\n",
            f'a.yaml:2: {UNREADABLE}: a ": " where none can be; put a text that holds one in quotes, and indent keys alike',
            id="a colon inside a text",
        ),
        pytest.param("jobs:\n\ta: 1\n", f"a.yaml:2: {UNREADABLE}: a tab; indent with spaces", id="a tab"),
        pytest.param(
            "jobs:\n  a: {schedule: */5 * * * *}\n",
            f"a.yaml:2: {UNREADABLE}: a value that begins with '*'; put it in quotes",
            id="a schedule without quotes",
        ),
        pytest.param(
            "jobs: @a\n", f"a.yaml:1: {UNREADABLE}: a value that begins with '@'; put it in quotes", id="a reserved character"
        ),
        pytest.param(
            "jobs: {}\n---\njobs: {}\n",
            f"a.yaml:2: {UNREADABLE}: a second document after ---; allowed: one in a file",
            id="two documents",
        ),
        pytest.param(
            "jobs:\n  a: [*them]\n",
            f"a.yaml:2: {UNREADABLE}: *them stands for nothing; its &anchor must come before it, in this file",
            id="an alias of nothing",
        ),
        pytest.param(
            "jobs: &a\n  x: *a\n",
            f"a.yaml:1: {UNREADABLE}: nested deeper than 50 levels, or an alias that holds itself",
            id="an alias that holds itself",
        ),
        pytest.param(
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
            f"a.yaml:1: {UNREADABLE}: more than 200000 values, when its aliases are expanded",
            id="aliases that expand to millions of values",
        ),
        pytest.param(
            "a:\n  " + "[" * 100_000 + "]" * 100_000,
            f"a.yaml:2: {UNREADABLE}: exceeded maximum nesting depth",
            id="nesting that would overflow the stack of the parser",
        ),
        pytest.param(
            "#" * (MAX_FILE_CHARACTERS + 1),
            "a.yaml:1: has 1000001 characters; allowed: at most 1000000. Split the file",
            id="a file that is too large",
        ),
        pytest.param(
            "jobs: \x07\n",
            f"a.yaml:1: {UNREADABLE}: unacceptable character #x0007: control characters are not allowed",
            id="a control character",
        ),
        pytest.param("- a\n", f"a.yaml:1: holds no sections; allowed: {SECTIONS}", id="a list instead of sections"),
        pytest.param("hello\n", f"a.yaml:1: holds no sections; allowed: {SECTIONS}", id="a text instead of sections"),
        pytest.param(
            "job: {}\n", f"a.yaml:1: job: unknown section; did you mean jobs? Allowed: {SECTIONS}", id="a near section"
        ),
        pytest.param("what: {}\n", f"a.yaml:1: what: unknown section; allowed: {SECTIONS}", id="an unknown section"),
        pytest.param(
            "\n\njobs: [a]\n",
            "a.yaml:3: jobs: holds no entries by name; write them as name: {...}",
            id="a list instead of entries",
        ),
        pytest.param(
            "defaults: [a]\n", "a.yaml:1: defaults: a list holds no keys; write them as key: value", id="a list of defaults"
        ),
        pytest.param(
            "defaults: {time_zone: Mars/Base}\n",
            "a.yaml:1: defaults.time_zone: 'Mars/Base' is no time zone; write one like America/New_York or Etc/UTC",
            id="a default of the wrong kind",
        ),
    ],
)
def test_a_file_that_is_wrong_as_a_whole(text: str, expected: str) -> None:
    assert problems(text) == [expected]


@pytest.mark.parametrize("wrong", [pytest.param(wrong, id=sentence) for sentence, wrong in WRONG_ENTRIES.items()])
def test_an_entry_that_is_wrong(wrong: dict[str, str]) -> None:
    assert problems(changed(wrong["replace"], wrong["by"])) == [f"a.yaml:{wrong['says']}"]


def test_a_name_that_two_files_declare() -> None:
    again = "jobs:\n" + GOOD.partition("jobs:\n")[2].partition("backfills:")[0]
    assert problems(GOOD, again) == ["b.yaml:2: jobs.fetch: there is a job of this name already, in catalog/p/a.yaml:10"]


def test_a_default_that_names_no_retry_profile_is_said_once_whatever_the_number_of_jobs() -> None:
    two = changed("    retry: standard\n", "").replace("retry_profiles:", "defaults: {retry: standrd}\nretry_profiles:")
    two = two.replace("backfills:", "  second: {description: d, owner: o, region: us-west2, schedule: '0 * * * *', "
                      "time_zone: Etc/UTC, deadline: 15s, target: {service: web}}\nbackfills:")  # fmt: skip
    assert problems(two) == ["a.yaml:1: defaults.retry: there is no retry profile 'standrd'; did you mean standard?"]


def test_defaults_that_are_refused_are_said_once_and_not_again_for_each_job() -> None:
    text = "defaults: {owner: data, deadline: 1s}\n" + changed("    owner: data\n", "").replace("    deadline: 180s\n", "")
    assert problems(text) == [
        "a.yaml:1: defaults.deadline: '1s' is too short; Cloud Scheduler takes 15s to 30m, and of App Engine up to 24h"
    ]


def test_a_quoted_date_and_a_folded_text_are_as_good_as_plain_ones() -> None:
    pause = "    paused: {owner: x, reason: y, review: '2027-01-31'}"
    assert problems(changed("    runs: [load]", pause).replace("Fetches games", ">\n      Fetches\n      games")) == []


JOBS_ALONE = """\
jobs:
  fetch: {description: Fetches, schedule: "0 * * * *", target: {service: web}}
  load: {description: Loads, schedule: "30 * * * *", target: {service: web}, owner: data}
"""
DEFAULTS_ELSEWHERE = """\
defaults: {owner: data, region: us-west2, deadline: 180s, retry: standard}
retry_profiles:
  standard: {attempts: 3, min_backoff: 10s, max_backoff: 300s, doublings: 5, max_duration: 600s}
services: {web: {kind: run}}
"""


def test_what_many_entries_lack_is_said_once_of_a_file_and_where_defaults_are_that_do_not_count_for_it() -> None:
    there = "those in catalog/p/b.yaml:1 count for that file alone"
    assert problems(JOBS_ALONE, DEFAULTS_ELSEWHERE) == [
        f"a.yaml:2: jobs.fetch and 1 more: missing key deadline; write it in each or in the defaults of the file; {there}",
        f"a.yaml:2: jobs.fetch and 1 more: missing key region; write it in each or in the defaults of the file; {there}",
        f"a.yaml:2: jobs.fetch and 1 more: missing key retry; write it in each or in the defaults of the file; {there}",
        "a.yaml:2: jobs.fetch and 1 more: missing key time_zone; write it in each or in the defaults of the file",
        f"a.yaml:2: jobs.fetch: missing key owner; write it here or in the defaults of the file; {there}",
    ]


MANY = {
    "b/jobs.yaml": "jobs:\n  fetch: {shedule: 1}\n",
    "a/jobs.yaml": changed("Etc/UTC", "Mars/Base").replace("runs: [load]", "runs: [lod]"),
    "a/services.yaml": "services:\n\tx: 1\n",
    "a/old.yml": "jobs: {}\n",
    "Bad Name/x.yaml": "jobs: {}\n",
    "loose.yaml": "jobs: {}\n",
}
MANY_SAID = [
    "catalog/Bad Name/x.yaml:1: the folder 'Bad Name' is no name for a platform; " + NAMES,
    "catalog/a/jobs.yaml:15: jobs.fetch.time_zone: 'Mars/Base' is no time zone; write one like America/New_York or Etc/UTC",
    "catalog/a/latin.yaml:2: byte 0xe9 is no UTF-8; save the file as UTF-8",
    "catalog/a/old.yml:1: ends in .yml; call it old.yaml",
    f"catalog/a/services.yaml:2: {UNREADABLE}: a tab; indent with spaces",
    "catalog/b/jobs.yaml:2: jobs.fetch: there is a job of this name already, in catalog/a/jobs.yaml:10; a job is a scope of "
    "the whole catalog, and an address in Terraform, so choose another",
    "catalog/loose.yaml:1: is in no platform's folder; move it to catalog/<platform>/loose.yaml",
]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A catalog with something wrong in every file."""
    root = tmp_path / "catalog"
    for name, text in MANY.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "a/latin.yaml").write_bytes(b"# 1\n# caf\xe9\n")
    return root


def test_everything_wrong_in_all_files_is_reported_at_once_sorted_by_place(many: Path) -> None:
    with pytest.raises(SourceError) as caught:
        load_catalog(many)
    assert [str(problem) for problem in caught.value.problems] == MANY_SAID


def test_the_command_prints_everything_without_a_trace_and_exits_2(many: Path) -> None:
    code = "from interlock.commands import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "validate", "--catalog", str(many)], capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[1:] == [
        *(f"{many.parent}/{said}" for said in MANY_SAID),
        "7 problems; nothing was done.",
    ]


def test_no_catalog_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        load_catalog(tmp_path / "nowhere")
    assert str(caught.value) == f"{tmp_path}/nowhere:1: there is no catalog here: no folder with .yaml files in it"


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p/a.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert list(load_catalog(tmp_path).jobs) == ["fetch"]
