"""Which of what a stack declares gets an import block: what its state does not know, under this address or any other."""

from __future__ import annotations

import json

import pytest

from interlock.catalog import Json
from interlock.terraform.imports import Declared, declared, imports_text, moved, project_of, unknown
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


FLAGS = "google_storage_bucket_object.flags"
FLAG = {"mode": "managed", "type": "google_storage_bucket_object", "name": "flags"}
HELD: Json = FLAG | {"instances": [{"index_key": "books", "attributes": {"id": "b-1", "name": "backfills/books@x.json"}}]}
OF_A_PLATFORM: Json = {"resource": {JOB: {"odds-west": {}}, "google_storage_bucket_object": {"flags": {}}}}


@pytest.mark.parametrize(
    ("stack", "resources", "elsewhere", "addresses"),
    [
        pytest.param({}, [entry("odds", ODDS.id)], {ODDS.id}, [ODDS.address], id="a job that another stack has by now"),
        pytest.param({}, [entry("odds", ODDS.id)], {TWIN.id}, [], id="one that no stack has: it is deleted"),
        pytest.param(OF_A_PLATFORM, [entry("odds-west", TWIN.id)], {TWIN.id}, [], id="one that its stack declares itself"),
        pytest.param(OF_A_PLATFORM, [entry("odds", ODDS.id)], {ODDS.id}, [ODDS.address], id="one that changed its platform"),
        pytest.param({}, [HELD], set(), [FLAGS], id="the flags of a stack that is no more"),
        pytest.param(OF_A_PLATFORM, [HELD], set(), [], id="the flags of one that writes them"),
        pytest.param({}, [], {ODDS.id}, [], id="an empty state"),
    ],
)
def test_what_a_state_lets_go_is_what_another_stack_takes_over(
    stack: Json, resources: list[Json], elsewhere: set[str], addresses: list[str]
) -> None:
    assert moved(stack, known(state(*resources)), elsewhere) == addresses


def test_what_is_let_go_stays_as_it_is() -> None:
    text = imports_text([ODDS], [TWIN.address])
    assert text.startswith(ODDS.block)
    assert f"removed {{\n  from = {TWIN.address}\n\n  lifecycle {{\n    destroy = false\n" in text


def test_a_state_knows_its_flags_by_the_names_of_their_objects() -> None:
    assert known(state(HELD)).flags == {"backfills/books@x.json"}
    assert known(state(entry("odds", ODDS.id))).jobs == {ODDS.address: ODDS.id}


@pytest.mark.parametrize(
    ("stack", "project"),
    [
        pytest.param({"provider": {"google": [{"project": "p"}]}}, "p", id="as cdktf writes it"),
        pytest.param({"provider": {"google": {"project": "p"}}}, "p", id="as people may"),
        pytest.param({"provider": {}}, "", id="none"),
        pytest.param([], "", id="no stack"),
    ],
)
def test_a_stack_says_its_project(stack: Json, project: str) -> None:
    assert project_of(stack) == project
