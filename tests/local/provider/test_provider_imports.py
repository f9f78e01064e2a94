"""Jobs that somebody else has made, imported: each shape of real jobs, and what a configuration may leave out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.interlock.adoption.real_shapes import Shape, created
from tests.local.provider.conftest import standing
from tests.local.provider.stand import JOBS, PROJECT, REGION, Stand

GET = "cloudscheduler.projects.locations.jobs.get"
URI = "https://collector.example/run"
HTTP = {"uri": URI, "httpMethod": "POST"}
OIDC = {"oidcToken": {"serviceAccountEmail": "a@b"}}
OAUTH = {"oauthToken": {"serviceAccountEmail": "a@b"}}
Found = tuple[Mapping[str, object], str]
"""What a job that is there has beside its schedule, and what its configuration says."""


def imported(name: str, hcl: str) -> str:
    """A job with this configuration that is there already."""
    return f"""
import {{
  to = google_cloud_scheduler_job.{name}
  id = "projects/{PROJECT}/locations/{REGION}/jobs/{name}"
}}
resource "google_cloud_scheduler_job" "{name}" {{
  name     = "{name}"
  schedule = "0 1 * * *"
  {hcl}
}}
"""


def made(stand: Stand, shape: Shape) -> str:
    """The shape as a job of the cloud; its full name."""
    place = f"/v1/projects/{PROJECT}/locations/{shape.region}/jobs"
    name = stand.api("POST", place, shape.resource(PROJECT))["name"]
    if shape.paused:
        stand.api("POST", f"/v1/{name}:pause", {})
    return str(name)


def test_all_real_shapes_are_imported_with_one_read_each_and_no_write(stand: Stand) -> None:
    # A configuration for App Engine's default service can't be generated: below.
    names = [made(stand, shape) for shape in created() if shape.name != "app-engine-root"]
    before = [stand.api("GET", f"/v1/{name}") for name in names]
    blocks = [f'import {{\n to = google_cloud_scheduler_job.job_{n}\n id = "{name}"\n}}\n' for n, name in enumerate(names)]
    stand.write("".join(blocks))
    stand.api("DELETE", "/_local/requests")
    planned = stand.terraform("plan", "-generate-config-out=generated.tf", "-out=plan.bin")
    assert f"Plan: {len(names)} to import, 0 to add, 0 to change, 0 to destroy." in planned
    assert stand.counts() == {GET: len(names)}
    stand.terraform("apply", "plan.bin")
    assert stand.counts() == {GET: len(names)}
    assert stand.changes() == {}
    after = [stand.api("GET", f"/v1/{name}") for name in names]
    for job in (*before, *after):
        job.pop("scheduleTime", None)
    assert before == after


LEFT_OUT = [
    pytest.param({"httpTarget": HTTP}, "", "", id="what the API gives by default may be left out"),
    pytest.param(
        {"httpTarget": HTTP | OIDC},
        'oidc_token {\n service_account_email = "a@b"\n }',
        "",
        id="the audience, if it is the address",
    ),
    pytest.param(
        {"httpTarget": HTTP | {"oidcToken": {"serviceAccountEmail": "a@b", "audience": "https://other"}}},
        'oidc_token {\n service_account_email = "a@b"\n }',
        "update http_target",
        id="not another audience",
    ),
    pytest.param(
        {"httpTarget": HTTP | OAUTH},
        'oauth_token {\n service_account_email = "a@b"\n }',
        "",
        id="the scope, if it is the default",
    ),
    pytest.param({"httpTarget": HTTP | {"uri": URI + "/"}}, "", "", id="one slash at the end"),
    pytest.param({"httpTarget": HTTP | {"body": "e30="}}, 'body = "e30="', "", id="the type of a body that has none"),
    pytest.param(
        {"httpTarget": HTTP | {"headers": {"content-type": "text/plain"}}},
        'headers = { "content-type" = "text/plain" }',
        "",
        id="headers keep their capitals",
    ),
    pytest.param({"httpTarget": HTTP, "timeZone": "UTC"}, "", "update time_zone", id="UTC isn't Etc/UTC"),
    pytest.param({"httpTarget": HTTP, "attemptDeadline": "60s"}, "", "update attempt_deadline", id="another deadline"),
    pytest.param({"httpTarget": HTTP, "description": "d"}, "", "update description", id="a description"),
    pytest.param(
        {"httpTarget": HTTP, "retryConfig": {"retryCount": 0}}, "", "update retry_config", id="retries are never left out"
    ),
]


def http(job: Mapping[str, object], hcl: str) -> Found:
    return job, f'http_target {{\n uri = "{URI}"\n http_method = "POST"\n {hcl}\n}}'


@pytest.mark.parametrize(("job", "hcl", "change"), LEFT_OUT)
def test_what_a_configuration_may_leave_out(
    changes: Callable[[Found], str], job: Mapping[str, object], hcl: str, change: str
) -> None:
    assert changes(http(job, hcl)) == change


def test_a_header_that_the_api_adds_beside_a_token_is_a_change_in_an_import_alone(stand: Stand) -> None:
    stand.api("POST", JOBS, {"name": f"{JOBS[4:]}/it", "schedule": "0 1 * * *", "httpTarget": HTTP | OIDC})
    stand.faults.add("tokens shown")
    target = f'http_target {{\n uri = "{URI}"\n http_method = "POST"\n oidc_token {{\n service_account_email = "a@b"\n }}\n }}'
    stand.write(imported("it", target))
    assert stand.changes() == {"google_cloud_scheduler_job.it": "update http_target"}
    stand.apply()
    assert stand.changes() == {}, "a token in the state tells the provider whose header it is"


EMPTY = 'app_engine_routing {\n service = ""\n }'


ROUTINGS = [
    pytest.param({}, EMPTY, "", id="the default service: a block with an empty text"),
    pytest.param({}, "", "update app_engine_http_target", id="the API answers with a host, which is read as a block"),
    pytest.param({"service": "w"}, EMPTY, "", id="a service alone can't be told from none"),
    pytest.param(
        {"service": "w"},
        EMPTY.replace('""', '"w"'),
        "update app_engine_http_target",
        id="so it is sent again once it is declared",
    ),
    pytest.param(
        {"service": "w", "version": "v"},
        'app_engine_routing {\n service = "w"\n version = "v"\n }',
        "",
        id="a service with its version is answered",
    ),
]


def routed(routing: object, hcl: str) -> Found:
    target = {"httpMethod": "POST", "relativeUri": "/x", "appEngineRouting": routing}
    block = f'app_engine_http_target {{\n http_method = "POST"\n relative_uri = "/x"\n {hcl}\n }}'
    return {"appEngineHttpTarget": target}, block


@pytest.mark.parametrize(("routing", "hcl", "change"), ROUTINGS)
def test_what_an_import_knows_of_app_engines_routing(
    changes: Callable[[Found], str], routing: object, hcl: str, change: str
) -> None:
    assert changes(routed(routing, hcl)) == change


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Found], str]:
    """What a plan that imports all of LEFT_OUT and ROUTINGS would do to one of them: what a Terraform takes is its start."""
    rows = [http(*row.values[:2]) for row in LEFT_OUT] + [routed(*row.values[:2]) for row in ROUTINGS]
    with standing(tmp_path_factory.mktemp("imports")) as stand:
        for number, (body, _) in enumerate(rows):
            stand.api("POST", JOBS, {"name": f"{JOBS[4:]}/it{number}", "schedule": "0 1 * * *"} | body)
        stand.write("".join(imported(f"it{number}", block) for number, (_, block) in enumerate(rows)))
        planned = stand.changes()
    return lambda row: planned.get(f"google_cloud_scheduler_job.it{rows.index(row)}", "")


@pytest.mark.parametrize(
    "block",
    ["retry_config {\n }", 'app_engine_http_target {\n relative_uri = "/x"\n app_engine_routing {\n }\n }'],
    ids=["retries", "routing"],
)
def test_an_empty_block_is_refused(stand: Stand, block: str) -> None:
    target = "" if "target" in block else 'http_target {\n uri = "https://x"\n }'
    stand.write(
        f'resource "google_cloud_scheduler_job" "it" {{\n name = "it"\n schedule = "0 1 * * *"\n {target}\n {block}\n}}'
    )
    assert "must be specified" in stand.terraform("plan", fails=True)
