"""What a body means on another day, and how a day is run by hand."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from interlock.catalog import Json
from interlock.dates import dated, rerun_command
from interlock.reading.files import load_environment
from tests.interlock.catalogs import GOOD, load

LOCAL = load_environment(Path(__file__).parents[2] / "environments", "local")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"date": "TODAY", "n": 1}, {"date": "2026-03-01", "n": 1}),
        ({"from": "yesterday", "in": ["AUTO", "tonight", None]}, {"from": "2026-02-28", "in": ["2026-03-01", "tonight", None]}),
        ({"analysis_date": "Tomorrow"}, {"analysis_date": "2026-03-02"}),
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
