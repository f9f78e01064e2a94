"""The next command that `interlock plan` prints is one that is not refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.commands.plan import _do_it
from interlock.reading.files import load_catalog
from interlock.terraform.plan import parse_plan
from tests.interlock.terraform.test_changes import JOB, plan, resource
from tests.interlock.terraform.test_unasked import flag, jobs, paused

SMALL = load_catalog(Path(__file__).parents[2] / "e2e" / "catalog")
PAUSE = paused("gamebooks", False, True)
MANY = [*jobs(8, "no-op"), *jobs(7, "delete", name="gone")]


@pytest.mark.parametrize(
    ("on", "off", "changes", "said"),
    [
        pytest.param([], [], [PAUSE], "make deploy", id="a deploy"),
        pytest.param([], [], MANY, "make deploy YES_DELETE=7", id="one that deletes many jobs"),
        pytest.param(["books"], [], [PAUSE, flag("create")], "make backfill-on NAME=books", id="a toggle"),
        pytest.param([], ["books", "marts"], [PAUSE], "make backfill-off NAME='books marts'", id="ending two"),
        pytest.param(["books"], [], [PAUSE, resource(JOB, "new", "create")],
                     "make deploy and then make backfill-on NAME=books", id="a toggle by a catalog that is not deployed"),
        pytest.param(["books"], [], MANY, "make deploy YES_DELETE=7 and then make backfill-on NAME=books", id="by another's"),
    ],
)  # fmt: skip
def test_what_to_type_next(on: list[str], off: list[str], changes: list[dict[str, object]], said: str) -> None:
    assert _do_it(on, off, SMALL, [(parse_plan(plan(*changes)), ())]) == said


def test_where_the_jobs_are_not_planned_yet_it_is_a_deploy() -> None:
    assert _do_it([], [], SMALL, []) == "make deploy"
