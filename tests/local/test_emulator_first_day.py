"""A new project on the emulator: which APIs it has, and which functions are not built."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.emulator import serve
from local.emulator.archives import SOURCE_VARIABLE
from tests.local.plain import Rest
from tests.local.sources import HANDLER, archive

PROJECT = "interlock-local"
P = f"projects/{PROJECT}"
FUNCTIONS = f"/v2/{P}/locations/us-west2/functions"
JOBS = f"/v1/{P}/locations/us-west2/jobs"
CALLS = {
    "cloudfunctions": FUNCTIONS,
    "cloudresourcemanager": f"/v1/{P}",
    "cloudscheduler": JOBS,
    "iam": f"/v1/{P}/roles",
    "logging": f"/v2/{P}/metrics",
    "monitoring": f"/v3/{P}/alertPolicies",
    "pubsub": f"/v1/{P}/topics",
    "run": f"/v2/{P}/locations/us-west2/services",
    "serviceusage": f"/v1/{P}/services/run.googleapis.com",
    "storage": f"/storage/v1/b?project={PROJECT}",
}


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Rest]:
    """A new project."""
    with serve(tmp_path / "cloud", enabled=()) as running:
        yield Rest(running.url)


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Rest]:
    """One that has enabled everything."""
    with serve(tmp_path / "cloud") as running:
        yield Rest(running.url)


def enable(rest: Rest, *names: str) -> None:
    body = {"serviceIds": [f"{name}.googleapis.com" for name in names]}
    assert rest("POST", f"/v1/{P}/services:batchEnable", body).json["done"] is True


def answers(rest: Rest) -> set[str]:
    """The APIs that answer."""
    return {name for name, path in CALLS.items() if rest("GET", path).status == 200}


def test_a_new_project_has_the_apis_that_google_lists_and_no_other(new: Rest) -> None:
    assert answers(new) == {"logging", "monitoring", "serviceusage", "storage"}
    listed = [service["config"]["name"] for service in new("GET", f"/v1/{P}/services?filter=state:ENABLED").json["services"]]
    assert len(listed) == 20
    assert "bigquery.googleapis.com" in listed
    assert "iam.googleapis.com" not in listed


def test_an_api_that_is_off_says_in_which_project_and_where_to_turn_it_on(new: Rest) -> None:
    refused = new("GET", JOBS)
    assert refused.status == 403
    assert refused.message.startswith(f"Cloud Scheduler API has not been used in project {PROJECT} before or it is disabled.")
    (facts,) = refused.json["error"]["details"]
    assert (facts["reason"], facts["metadata"]["service"]) == ("SERVICE_DISABLED", "cloudscheduler.googleapis.com")


def test_an_api_answers_once_it_is_enabled_and_keeps_what_was_made_while_it_is_off(new: Rest) -> None:
    enable(new, "pubsub")
    assert new("PUT", f"/v1/{P}/topics/alerts", {}).status == 200
    assert new("POST", f"/v1/{P}/services/pubsub.googleapis.com:disable", {}).status == 200
    assert new("GET", f"/v1/{P}/topics/alerts").status == 403
    assert new("GET", "/v1/projects/another/topics/alerts").status == 403
    enable(new, "pubsub")
    assert new("GET", f"/v1/{P}/topics/alerts").status == 200


def test_an_api_that_is_off_can_not_be_disabled(new: Rest) -> None:
    refused = new("POST", f"/v1/{P}/services/run.googleapis.com:disable", {})
    assert (refused.status, refused.json["error"]["status"]) == (400, "FAILED_PRECONDITION")


def test_a_project_is_the_same_by_its_number(new: Rest) -> None:
    body = {"serviceIds": ["run.googleapis.com"]}
    assert new("POST", "/v1/projects/100000000000/services:batchEnable", body).status == 200
    assert "run" in answers(new)
    assert new("GET", f"/v1/{P}/services/run.googleapis.com").json["state"] == "ENABLED"


def test_an_api_answers_some_time_after_it_was_enabled(new: Rest) -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    new("POST", "/_local/clock", {"set": noon.isoformat()})
    new("POST", "/_local/faults", {"faults": ["api-enable=30s"]})
    enable(new, "pubsub", "logging")
    assert new("GET", CALLS["logging"]).status == 200, "it was on before"
    for seconds, status in ((29, 403), (30, 200)):
        new("POST", "/_local/clock", {"set": (noon + timedelta(seconds=seconds)).isoformat()})
        enable(new, "pubsub")  # again, which changes nothing
        assert new("GET", CALLS["pubsub"]).status == status


# functions


def deploy(rest: Rest, content: bytes, *, entry: str = "main", **build: object) -> dict[str, object]:
    """The operation of a deploy from this archive."""
    rest("POST", f"/storage/v1/b?project={PROJECT}", {"name": "sources"})
    rest("POST", "/upload/storage/v1/b/sources/o?uploadType=media&name=o", content)
    source = {"storageSource": {"bucket": "sources", "object": "o"}}
    body = {"buildConfig": {"runtime": "python312", "entryPoint": entry, "source": source, **build}}
    there = rest("GET", f"{FUNCTIONS}/f").status == 200
    answer = rest("PATCH", f"{FUNCTIONS}/f", body) if there else rest("POST", f"{FUNCTIONS}?functionId=f", body)
    assert answer.status == 200, answer.message
    found: dict[str, object] = answer.json
    return found


def error(operation: dict[str, object]) -> tuple[int, str]:
    """What went wrong in it; no code where nothing did."""
    found = operation.get("error", {})
    assert isinstance(found, dict)
    return found.get("code", 0), found.get("message", "")


OTHER = {"environmentVariables": {SOURCE_VARIABLE: "other.py"}}


@pytest.mark.parametrize(
    ("content", "build", "message"),
    [
        pytest.param(b"no zip", {}, "not a valid zip file", id="no zip"),
        pytest.param(b"", {}, "not a valid zip file", id="nothing"),
        pytest.param(archive()[:-30], {}, "not a valid zip file", id="half a zip"),
        pytest.param(archive(None), {}, "missing main.py", id="no main.py"),
        pytest.param(archive(None, **{"app/main.py": HANDLER}), {}, "missing main.py", id="a main.py further down"),
        pytest.param(archive(), OTHER, 'specified file "other.py" but it does not exist', id="another file that is not there"),
        pytest.param(archive("def main(:"), {}, "Error compiling './main.py'", id="no Python"),
        pytest.param(archive(helper="def"), {}, "", id="a file of no kind that matters"),
        pytest.param(archive(**{"helper.py": "def"}), {}, "Error compiling './helper.py'", id="no Python beside it"),
        pytest.param(archive(**{"requirements.txt": "flask=1"}), {}, "Invalid requirement: 'flask=1'", id="no requirement"),
        pytest.param(archive(**{"requirements.txt": "# x\nflask==3.1 \\\n  --hash=sha256:00\n-r a\n"}), {}, "", id="pinned"),
        pytest.param(archive("x = 1"), {}, "Container Healthcheck failed. Revision 'f-00001'", id="no entry point"),
        pytest.param(archive("from helper import main"), {}, "", id="an entry point of another module"),
        pytest.param(archive("if True:\n    main = print"), {}, "", id="an entry point that is bound below an if"),
        pytest.param(archive(None, **{"other.py": HANDLER}), OTHER, "", id="another file"),
        pytest.param(b"no zip", {"runtime": "nodejs22"}, "", id="another language, of which nothing is known here"),
    ],
)
def test_an_archive_that_can_not_be_built_fails_the_operation(
    ready: Rest, content: bytes, build: dict[str, object], message: str
) -> None:
    code, said = error(deploy(ready, content, **build))
    assert (bool(code), message in said) == (bool(message), True), said


def test_a_function_that_was_never_built_is_there_without_a_service(ready: Rest) -> None:
    deploy(ready, archive(None))
    assert ready("GET", f"{FUNCTIONS}/f").json["state"] == "FAILED"
    assert ready("GET", f"{CALLS['run']}/f").status == 404
    assert error(deploy(ready, archive())) == (0, "")
    assert (ready("GET", f"{FUNCTIONS}/f").json["state"], ready("GET", f"{CALLS['run']}/f").status) == ("ACTIVE", 200)


def test_a_function_whose_next_build_fails_stays_as_it_was(ready: Rest) -> None:
    deploy(ready, archive())
    before = ready("GET", f"{FUNCTIONS}/f").json
    assert error(deploy(ready, b"no zip"))[0]
    assert ready("GET", f"{FUNCTIONS}/f").json == before


@pytest.mark.parametrize("api", ["cloudbuild", "artifactregistry", "run"])
def test_a_build_takes_apis_beside_that_of_functions(new: Rest, api: str) -> None:
    needed = ["cloudfunctions", "cloudbuild", "artifactregistry", "run"]
    enable(new, *(name for name in needed if name != api))
    code, said = error(deploy(new, archive()))
    assert code == 7
    assert f"has not been used in project {PROJECT} before or it is disabled" in said
    assert f"/apis/api/{api}.googleapis.com/" in said


BUILD = f"interlock-build@{PROJECT}.iam.gserviceaccount.com"
ROLES = ("roles/logging.logWriter", "roles/artifactregistry.writer", "roles/storage.objectViewer")
COPIES = 'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-100000000000-us-west2/objects/")'


def grant(rest: Rest, *roles: str, condition: str = "") -> None:
    """Gives the build's account these roles, and no others."""
    rest("POST", f"/v1/{P}/serviceAccounts", {"accountId": "interlock-build"})
    more = {"condition": {"title": "sources", "expression": condition}} if condition else {}
    bindings = [{"role": role, "members": [f"serviceAccount:{BUILD}"]} for role in roles]
    bindings = [one | (more if "storage" in str(one["role"]) else {}) for one in bindings]
    assert rest("POST", f"/v1/{P}:setIamPolicy", {"policy": {"version": 3, "bindings": bindings}}).status == 200


ACCOUNT = {"serviceAccount": f"{P}/serviceAccounts/{BUILD}"}


@pytest.mark.parametrize(
    ("roles", "condition", "said"),
    [
        pytest.param(ROLES, "", "", id="all"),
        pytest.param(ROLES, COPIES, "", id="the sources alone"),
        pytest.param(ROLES, 'resource.name == "x"', f"Storage Object Viewer permission to {BUILD}", id="another condition"),
        pytest.param(ROLES[:2], "", f"Storage Object Viewer permission to {BUILD}", id="no sources"),
        pytest.param(ROLES[1:], "", "does not have permission to write logs to Cloud Logging", id="no logs"),
        pytest.param(
            (ROLES[0], ROLES[2]), "", 'Permission "artifactregistry.repositories.uploadArtifacts" denied', id="no images"
        ),
    ],
)
def test_a_build_has_the_rights_of_its_account(ready: Rest, roles: tuple[str, ...], condition: str, said: str) -> None:
    grant(ready, *roles, condition=condition)
    code, message = error(deploy(ready, archive(), **ACCOUNT))
    assert (code, said in message) == (13 if said else 0, True), message


def test_what_is_granted_to_a_build_counts_some_time_later(ready: Rest) -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    ready("POST", "/_local/clock", {"set": noon.isoformat()})
    ready("POST", "/_local/faults", {"faults": ["grants=60s"]})
    grant(ready, *ROLES)
    assert error(deploy(ready, archive(), **ACCOUNT))[0] == 13
    ready("POST", "/_local/clock", {"set": (noon + timedelta(seconds=61)).isoformat()})
    assert error(deploy(ready, archive(), **ACCOUNT)) == (0, "")
