"""The shapes of real jobs on the emulator, and what may go wrong when somebody reads them."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from google.api_core.exceptions import Forbidden
from google.auth.credentials import AnonymousCredentials
from google.cloud import scheduler_v1

from tests.interlock.adoption.real_shapes import REFUSED, created
from tests.local.jobs import PARENT


@pytest.mark.parametrize("shape", [pytest.param(shape, id=f"{shape.region}/{shape.name}") for shape in created()])
def test_real_jobs_are_taken_and_everything_that_they_say_is_shown(rest, shape):
    given = shape.resource("p")
    assert rest("POST", f"/v1/projects/p/locations/{shape.region}/jobs", given).status == 200
    found = rest("GET", f"/v1/{given['name']}").json
    ignored = ["attemptDeadline"] if "pubsubTarget" in given else []
    said = {key: value for key, value in given.items() if key not in ignored and value != ""}
    assert_within(said, found)


def assert_within(said, shown):
    """Everything said is shown; the server may add."""
    for key, value in said.items():
        if isinstance(value, dict):
            assert_within(value, shown.get(key, {}))
        else:
            assert shown.get(key, 0) == value, key


@pytest.mark.parametrize(("shape", "message"), [pytest.param(*case, id=case[0].name) for case in REFUSED])
def test_real_jobs_that_google_refuses_are_refused_with_the_limit(rest, shape, message):
    answer = rest("POST", f"/v1/projects/p/locations/{shape.region}/jobs", shape.resource("p"))
    assert answer.status == 400
    assert message in answer.message


def fields_of(schema, schemas, where=""):
    """The fields that a client may set, such as `httpTarget.oidcToken.audience`."""
    for name, spec in schemas[schema]["properties"].items():
        said = spec.get("description", "").removeprefix("Optionally caller-specified")
        if "$ref" in spec and not spec.get("readOnly"):
            yield from fields_of(spec["$ref"], schemas, f"{where}{name}.")
        elif not spec.get("readOnly") and not said.startswith("Output only"):
            yield where + name


def fields_in(value, where=""):
    for name, inner in value.items():
        yield where + name
        if isinstance(inner, dict):
            yield from fields_in(inner, f"{where}{name}.")


def test_the_real_shapes_have_every_field_of_googles_document():
    document = files("googleapiclient.discovery_cache.documents") / "cloudscheduler.v1.json"
    schemas = json.loads(document.read_text(encoding="utf-8"))["schemas"]
    used = {name for shape in created() for name in fields_in(shape.resource())}
    assert set(fields_of("Job", schemas)) - used == set()


@pytest.mark.parametrize(
    ("fault", "path", "status", "said"),
    [
        pytest.param(
            "GET /jobs$ 403", "locations/us-west2/jobs", 403, '"cloudscheduler.jobs.list"', id="no permission to list jobs"
        ),
        pytest.param("GET /locations$ 403", "locations", 403, '"cloudscheduler.locations.list"', id="nor locations"),
        pytest.param("GET us-west2/jobs$ 503", "locations/us-west2/jobs", 503, "unavailable", id="a location that fails"),
        pytest.param("GET us-west1/jobs$ 503", "locations/us-west2/jobs", 200, "", id="another location"),
        pytest.param("GET /jobs$ 429 x1", "locations/us-west2/jobs", 429, "Quota exceeded", id="a quota"),
        pytest.param(
            "api cloudscheduler.googleapis.com off",
            "locations",
            403,
            "Cloud Scheduler API has not been used",
            id="an API that is off",
        ),
    ],
)
def test_what_may_go_wrong_can_be_asked_for(rest, fault, path, status, said):
    assert rest("POST", "/_local/faults", {"faults": [fault]}).status == 200
    answer = rest("GET", f"/v1/projects/p/{path}")
    assert answer.status == status
    assert said in answer.body.decode().replace('\\"', '"')
    if "x1" in fault:
        assert rest("GET", f"/v1/projects/p/{path}").status == 200, "it recovers"
    rest("DELETE", "/_local/faults")
    assert rest("GET", f"/v1/projects/p/{path}").status == 200


def test_the_client_sees_an_api_that_is_off_by_its_reason(emulator):
    client = scheduler_v1.CloudSchedulerClient(
        transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": emulator.url}
    )
    emulator.faults.add("api cloudscheduler.googleapis.com off")
    with pytest.raises(Forbidden) as refused:
        list(client.list_jobs(parent=PARENT))
    assert (refused.value.reason, refused.value.domain) == ("SERVICE_DISABLED", "googleapis.com")
    assert refused.value.metadata["service"] == "cloudscheduler.googleapis.com"
