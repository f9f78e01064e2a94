"""What a plan refuses, and what it says then, in Terraform itself."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from interlock.holds import format_instant
from tests.stacks.conftest import Stacks
from tests.stacks.twin import check_run, planned, terraform

NOW = datetime.now(UTC)
TOMORROW, YESTERDAY = format_instant(NOW + timedelta(days=1)), format_instant(NOW - timedelta(days=1))
NEXT_MONTH, IN_AN_HOUR = format_instant(NOW + timedelta(days=30)), format_instant(NOW + timedelta(hours=1))
NEXT_DAY = format_instant(NOW + timedelta(days=2))
BUCKET = "gs://interlock-local-coordination"
NOTHING: dict[str, Any] = {"flag_names": [], "hold_names": [], "contents": {}, "deployed": ""}


def inputs(*names: str, jobs: tuple[str, ...] = ()) -> dict[str, Any]:
    """A bucket with these objects, each with a content that names `jobs`."""
    return {
        "flag_names": [name for name in names if name.startswith("backfills/")],
        "hold_names": [name for name in names if name.startswith("holds/")],
        "deployed": "",
        "contents": {name: json.dumps({"jobs": jobs, "reason": "said before", "owner": "them"}) for name in names},
    }


def plan(folder: Path, **variables: str) -> tuple[bool, str]:
    """Whether terraform plans with these variables, and what it says, in one line without its frames."""
    done = terraform(folder, "plan", "-input=false", *(f"-var={name}={value}" for name, value in variables.items()))
    return done.returncode == 0, " ".join((done.stdout + done.stderr).replace("│", " ").split())


@pytest.fixture(scope="module")
def empty(small: Stacks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small catalog with an empty bucket."""
    return planned(small["schedules"], NOTHING, tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        pytest.param(
            {"backfill_mode": "true", "backfills": '["nope", "books"]'},
            "unknown backfill nope; known: books, marts",
            id="a backfill that the catalog does not declare is refused with those that it does",
        ),
        pytest.param(
            {"backfill_mode": "false", "backfills": '["nope"]'},
            "unknown backfill nope",
            id="an unknown backfill can't be turned off either",
        ),
        pytest.param(
            {"backfills": '["books"]'},
            "add backfill_mode=true or backfill_mode=false",
            id="backfills that are named without a word on what is to become of them are refused",
        ),
        pytest.param(
            {"backfill_until": "tomorrow"},
            'backfill_until "tomorrow" is no end: write UTC with whole seconds',
            id="an end that is no instant is refused",
        ),
        pytest.param(
            {"backfill_until": f"{TOMORROW[:-1]}+00:00"}, "is no end: write UTC", id="an end with an offset is refused"
        ),
        pytest.param({"backfill_until": f"{TOMORROW}\n"}, "is no end", id="an end with a line feed behind it is refused"),
        pytest.param({"backfill_until": "2099-02-30T00:00:00Z"}, "is no end", id="the 30th of February is refused"),
        pytest.param({"backfill_until": YESTERDAY}, "has passed: it is ", id="an end in the past is refused"),
        pytest.param(
            {"backfill_until": NEXT_MONTH},
            "is too far away: local allows no hold beyond 4 days from now",
            id="an end beyond the limit of the environment is refused",
        ),
        pytest.param({"plan_max_age": "soon"}, 'plan_max_age "soon" is no duration above zero', id="an age that is none"),
        pytest.param({"plan_max_age": "-5m"}, "is no duration above zero", id="an age below zero is refused"),
        pytest.param(
            {"backfills": "tdza"}, "Variables not allowed", id="a bare name instead of JSON is Terraform's own error, not ours"
        ),
    ],
)
def test_a_bad_variable_is_refused_and_says_why(empty: Path, variables: dict[str, str], message: str) -> None:
    accepted, said = plan(empty, **variables)
    assert not accepted
    assert message in said
    assert "Error in function call" not in said


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        pytest.param({}, "backfills_on = {}", id="nothing asked"),
        pytest.param(
            {"backfill_mode": "true", "backfills": '["books"]', "backfill_until": TOMORROW},
            f'books = "{TOMORROW}"',
            id="one turned on until an end",
        ),
        pytest.param({"backfill_mode": "true"}, "marts = ", id="all turned on until their own ends"),
        pytest.param({"backfill_mode": "false"}, "backfills_on = {}", id="all turned off"),
    ],
)
def test_a_good_variable_is_accepted(empty: Path, variables: dict[str, str], shown: str) -> None:
    accepted, said = plan(empty, **variables)
    assert accepted, said
    assert shown in said


def test_an_end_before_the_backfill_can_be_through_is_a_warning_only(empty: Path) -> None:
    accepted, said = plan(empty, backfill_mode="true", backfills='["books"]', backfill_until=IN_AN_HOUR)
    assert accepted
    assert f"books is expected to take 2h and will be held until {IN_AN_HOUR} only" in said
    assert "Warning: Check block assertion failed" in said


def test_a_backfill_with_two_flags_is_ended_with_a_warning_of_the_flag_that_stays(small: Stacks, tmp_path: Path) -> None:
    folder = planned(small["schedules"], inputs(FLAG, FLAG.replace(TOMORROW, NEXT_DAY)), tmp_path)
    accepted, said = plan(folder, backfill_mode="false", backfills='["books"]')
    assert accepted
    assert "books has 2 flags, as after an extension that was interrupted" in said
    assert f"gcloud storage rm '{BUCKET}/backfills/books@*.json'" in said
    assert "Warning" not in plan(folder)[1]


def test_where_the_environment_wants_a_reason_and_an_owner_a_backfill_is_not_turned_on_without(
    strict: Stacks, tmp_path: Path
) -> None:
    folder = planned(strict["schedules"], NOTHING, tmp_path)
    accepted, said = plan(folder, backfill_mode="true", backfill_reason=" ")
    assert not accepted
    assert "production wants to know the reason of a backfill that is turned on: set backfill_reason" in said
    assert "set backfill_owner" in said
    assert plan(folder, backfill_mode="true", backfill_reason="reprocess", backfill_owner="me")[0]
    assert plan(folder)[0]
    assert plan(folder, backfill_mode="false")[0]


HOLD_OF_UNKNOWN = f"holds/window/tuesday/w1@{TOMORROW}.json"
FLAG_OF_UNKNOWN = f"backfills/gone@{TOMORROW}.json"
HOLD, FLAG = f"holds/all/incident@{TOMORROW}.json", f"backfills/books@{TOMORROW}.json"


@pytest.mark.parametrize(
    ("bucket", "message"),
    [
        pytest.param(
            inputs(HOLD_OF_UNKNOWN),
            f"The scope window/tuesday is held until {TOMORROW} and the catalog does not know it. Put it back, or release the"
            f" hold: gcloud storage rm '{BUCKET}/{HOLD_OF_UNKNOWN}'",
            id="an active hold of an unknown scope",
        ),
        pytest.param(
            inputs(FLAG_OF_UNKNOWN),
            f"The backfill gone is on until {TOMORROW} and the catalog no longer declares it. Put it back until then, or end"
            f" it: gcloud storage rm '{BUCKET}/{FLAG_OF_UNKNOWN}'",
            id="a backfill that is on and no longer declared",
        ),
        pytest.param(
            inputs(HOLD, jobs=("event-tick", "renamed")),
            f"The job renamed is held by holds/all/incident until {TOMORROW} and is no longer in the catalog. Put it back until"
            f" then, or release the hold: gcloud storage rm '{BUCKET}/{HOLD}'",
            id="a job that a hold covered when it began and that is gone",
        ),
        pytest.param(
            inputs(FLAG, jobs=("event-tick", "renamed")),
            f"The job renamed is held by backfills/books until {TOMORROW}",
            id="a job that a backfill covered when it was turned on and that is gone",
        ),
    ],
)
def test_a_catalog_that_lost_what_is_held_is_refused(
    small: Stacks, tmp_path: Path, bucket: dict[str, Any], message: str
) -> None:
    accepted, said = plan(planned(small["schedules"], bucket, tmp_path))
    assert not accepted
    assert message in said


@pytest.mark.parametrize(
    ("bucket", "variables"),
    [
        pytest.param(inputs(HOLD, FLAG, jobs=("event-tick",)), {}, id="a hold and a flag that the catalog knows"),
        pytest.param(inputs(HOLD_OF_UNKNOWN.replace(TOMORROW, YESTERDAY)), {}, id="an unknown scope whose hold has ended"),
        pytest.param(inputs(FLAG_OF_UNKNOWN.replace(TOMORROW, YESTERDAY)), {}, id="an unknown backfill whose flag has ended"),
        pytest.param(
            inputs(FLAG, jobs=("renamed",)), {"backfill_mode": "false"}, id="a lost job of a backfill that this plan ends"
        ),
        pytest.param(inputs("holds/nonsense.json", "backfills/x"), {}, id="names that do not parse"),
    ],
)
def test_what_has_ended_or_ends_now_does_not_stand_in_the_way(
    small: Stacks, tmp_path: Path, bucket: dict[str, Any], variables: dict[str, str]
) -> None:
    accepted, said = plan(planned(small["schedules"], bucket, tmp_path), **variables)
    assert accepted, said


def deployed(*platforms: str) -> str:
    """A declaration of a catalog with these platforms, as every version of ours writes it."""
    return json.dumps({"version": 1, "scopes": {"all": ["x"], **{f"platform/{name}": ["x"] for name in platforms}}})


ELSEWHERE, INSTEAD = deployed("chess", "darts"), "-var replace_catalog=true"


@pytest.mark.parametrize(
    ("declaration", "variables", "refused"),
    [
        pytest.param("", {}, False, id="nothing is deployed yet"),
        pytest.param(deployed("small"), {}, False, id="the same platform"),
        pytest.param(deployed("chess", "small"), {}, False, id="one of two platforms is taken out"),
        pytest.param(deployed(), {}, False, id="a catalog of no platform"),
        pytest.param(ELSEWHERE, {}, True, id="none of the platforms"),
        pytest.param(deployed("smaller"), {}, True, id="one whose name begins alike"),
        pytest.param(ELSEWHERE, {"replace_catalog": "true"}, False, id="none of them, on purpose"),
        pytest.param(ELSEWHERE, {"backfill_mode": "false"}, True, id="by a toggle"),
        pytest.param("{", {}, False, id="what is no JSON names no platform"),
        pytest.param('{"scopes": ["platform/chess"]}', {}, False, id="scopes that are none"),
        pytest.param('{"scopes": {"platform/${x}": []}}', {}, False, id="a platform that can't be one"),
    ],
)
def test_a_catalog_of_other_platforms_than_the_deployed_one_is_refused(
    small: Stacks, tmp_path: Path, declaration: str, variables: dict[str, str], refused: bool
) -> None:
    accepted, said = plan(
        planned(small["schedules"], NOTHING | {"deployed": declaration.replace("${", "$${")}, tmp_path), **variables
    )
    assert accepted is not refused, said
    assert (INSTEAD in said) is refused
    if declaration is ELSEWHERE and refused:
        assert "In local a catalog of chess, darts is deployed, and this is one of small, which would delete its jobs." in said


def test_an_extension_keeps_the_reason_and_owner_unless_told_otherwise(small: Stacks, tmp_path: Path) -> None:
    folder = planned(small["schedules"], inputs(FLAG), tmp_path)
    _, kept = plan(folder, backfill_mode="true", backfills='["books"]', backfill_until=NEXT_DAY)
    assert 'books = { + owner = "them" + reason = "said before" }' in kept
    _, told = plan(folder, backfill_mode="true", backfills='["books"]', backfill_until=NEXT_DAY, backfill_reason="now")
    assert 'books = { + owner = "them" + reason = "now" }' in told
    _, first = plan(folder, backfill_mode="true", backfills='["marts"]')
    assert 'marts = { + owner = "analytics" + reason = "Summaries, all dates" }' in first


def test_a_saved_plan_that_is_applied_too_late_is_refused(small: Stacks, tmp_path: Path) -> None:
    folder = planned(small["schedules"], NOTHING, tmp_path)
    check_run(folder, "plan", "-input=false", "-var=plan_max_age=1s", "-out=plan")
    time.sleep(2)  # the clock of Terraform's timestamp() can't be set
    done = terraform(folder, "apply", "-input=false", "plan")
    assert done.returncode == 1
    assert "more than 1s ago; what is on may have changed. Plan again." in " ".join(done.stderr.split())


def test_a_plan_that_nobody_asks_anything_of_is_empty_the_second_time(small: Stacks, tmp_path: Path) -> None:
    folder = planned(small["schedules"], inputs(HOLD, FLAG), tmp_path)
    check_run(folder, "apply", "-input=false", "-auto-approve")
    assert terraform(folder, "plan", "-input=false", "-detailed-exitcode").returncode == 0
