"""Days that no run will cover, and how they are run by hand."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from interlock.catalog import CatchUp, Json
from interlock.cron import Cron
from interlock.dates import dated, rerun_command, uncovered_days
from interlock.reading.files import load_environment
from tests.interlock.catalogs import GOOD, load
from tests.interlock.timing.test_effect import JOB

LOCAL = load_environment(Path(__file__).parents[2] / "environments", "local")
NIGHTLY = replace(JOB, schedule=Cron.parse("45 22 * * *"), time_zone="America/New_York", relative_dates=True)
NOW = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
NIGHTS = [datetime(2026, 3, 8, 2, 45, tzinfo=UTC), datetime(2026, 3, 10, 2, 45, tzinfo=UTC)]
TODAY = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("relative", "catch_up", "missed", "expected"),
    [
        pytest.param(True, "latest", NIGHTS, [date(2026, 3, 7), date(2026, 3, 9)], id="days are those of the job's zone"),
        pytest.param(True, "latest", [TODAY], [], id="a catch-up run covers its own day"),
        pytest.param(True, "skip", [TODAY], [date(2026, 3, 10)], id="without one that day too"),
        pytest.param(False, "latest", NIGHTS, [], id="without a relative date one run is like another"),
        pytest.param(True, "latest", [], [], id="nothing was missed"),
    ],
)
def test_uncovered_days(relative: bool, catch_up: CatchUp, missed: list[datetime], expected: list[date]) -> None:
    assert uncovered_days(replace(NIGHTLY, relative_dates=relative, catch_up=catch_up), missed, NOW) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"date": "TODAY", "n": 1}, {"date": "2026-03-01", "n": 1}),
        ({"from": "yesterday", "in": ["AUTO", "tonight", None]}, {"from": "2026-02-28", "in": ["2026-03-01", "tonight", None]}),
        (None, None),
    ],
)
def test_a_body_of_another_day(body: Json, expected: Json) -> None:
    assert dated(body, date(2026, 3, 1)) == expected


def test_the_command_is_one_that_a_shell_takes_apart_again() -> None:
    job = next(iter(load(GOOD).jobs.values()))
    job = replace(job, target=replace(job.target, body={"say": "it's $(TODAY)", "date": "TODAY"}))
    command = rerun_command(job, LOCAL, date(2026, 3, 1))
    assert command is not None
    words = shlex.split(command)
    assert words[0] in ("curl", "gcloud")
    assert any(word.endswith('{"say": "it\'s $(TODAY)", "date": "2026-03-01"}') for word in words)
