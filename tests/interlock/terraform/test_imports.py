"""Which of what a stack declares gets an import block: what its state does not know, under this address or any other."""

from __future__ import annotations

import json

import pytest

from interlock.catalog import Json
from interlock.terraform.imports import Declared, declared, imports_text, unknown
from interlock.terraform.state import Known, StateError, known

JOB, INVOKER = "google_cloud_scheduler_job", "google_service_account.invoker"
ODDS = Declared(address=f"{JOB}.odds", id="projects/p/locations/us-east1/jobs/Odds_V2")
TWIN = Declared(address=f"{JOB}.odds-west", id="projects/p/locations/us-west2/jobs/Odds_V2")
ACCOUNT = Declared(address=INVOKER, id="projects/p/serviceAccounts/scheduler-invoker@p.iam.gserviceaccount.com")
STACK: Json = {
    "resource": {
        JOB: {"odds-west": {"name": "Odds_V2", "region": "us-west2"}, "odds": {"name": "Odds_V2", "region": "us-east1"}},
        "google_service_account": {"invoker": {"account_id": "scheduler-invoker"}, "push": {"account_id": "interlock-push"}},
        "google_pubsub_topic": {"alerts": {"name": "interlock-alerts"}},
    }
}


def state(*resources: Json, version: int = 4) -> str:
    return json.dumps({"version": version, "serial": 3, "resources": [*resources]})


def entry(name: str, id_: str, **more: Json) -> dict[str, Json]:
    return {"mode": "managed", "type": JOB, "name": name, "instances": [{"attributes": {"id": id_}}], **more}


def test_jobs_by_region_and_name_and_the_one_account_can_be_imported() -> None:
    assert declared(STACK, "p") == [ODDS, TWIN, ACCOUNT]
    assert [one.region for one in (ODDS, TWIN, ACCOUNT)] == ["us-east1", "us-west2", ""]
    assert declared({}, "p") == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param(None, [ODDS, TWIN], id="no state yet"),
        pytest.param(state(), [ODDS, TWIN], id="an empty state"),
        pytest.param(state(entry("odds", ODDS.id)), [TWIN], id="one that is known, and its twin elsewhere"),
        pytest.param(state(entry("odds", TWIN.id)), [], id="an address that is taken, and a job known by another address"),
        pytest.param(state(entry("old", ODDS.id)), [TWIN], id="a job whose key was renamed: it would be deleted with the old"),
        pytest.param(state(entry("odds", ODDS.id) | {"instances": []}), [ODDS, TWIN], id="an address without a job"),
        pytest.param(state(entry("odds", ODDS.id) | {"mode": "data"}), [ODDS, TWIN], id="what was only read"),
    ],
)
def test_what_a_state_knows_is_not_imported(text: str | None, left: list[Declared]) -> None:
    assert unknown([ODDS, TWIN], known(text)) == left


@pytest.mark.parametrize(
    "text", [pytest.param("", id="nothing"), pytest.param("[]", id="a list"), pytest.param(state(version=3), id="an old one")]
)
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(StateError):
        known(text)


def test_a_state_without_ids_is_one() -> None:
    assert known(state({"mode": "managed", "type": "terraform_data", "name": "guard", "instances": [{}]})) == Known(
        addresses=frozenset({"terraform_data.guard"})
    )


def test_the_file_is_the_same_whatever_the_order_and_empty_without_imports() -> None:
    text = imports_text([TWIN, ODDS])
    assert text == imports_text([ODDS, TWIN])
    assert text == (
        f'import {{\n  to = {JOB}.odds\n  id = "{ODDS.id}"\n}}\n\nimport {{\n  to = {JOB}.odds-west\n  id = "{TWIN.id}"\n}}\n'
    )
    assert imports_text([]) == ""
