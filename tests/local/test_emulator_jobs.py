"""Cloud Scheduler on the emulator: the real Python client, and what the API refuses."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import scheduler_v1
from google.protobuf.duration_pb2 import Duration

PARENT = "projects/p/locations/us-west2"
JOB = f"{PARENT}/jobs/scraper"
URL = f"/v1/{JOB}"
State = scheduler_v1.Job.State
HTTP = {"uri": "https://scrapers.example/run", "httpMethod": "POST"}


@pytest.fixture
def client(emulator):
    return scheduler_v1.CloudSchedulerClient(
        transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": emulator.url}
    )


def job(name=JOB, **fields):
    target = scheduler_v1.HttpTarget(uri=HTTP["uri"], http_method=scheduler_v1.HttpMethod.POST)
    return scheduler_v1.Job({"name": name, "schedule": "15,45 * * * *", "http_target": target} | fields)


def body(**fields):
    return {"name": JOB, "schedule": "15,45 * * * *", "httpTarget": HTTP} | fields


def test_the_client_reads_back_what_it_created(client):
    target = scheduler_v1.HttpTarget(
        uri="https://scrapers.example/run",
        http_method=scheduler_v1.HttpMethod.PUT,
        body=b'{"scraper": "x"}',
        headers={"Content-Type": "application/json"},
        oidc_token=scheduler_v1.OidcToken(service_account_email="s@p.iam.gserviceaccount.com", audience="https://a.example"),
    )
    retry = scheduler_v1.RetryConfig(
        retry_count=3,
        max_retry_duration=Duration(seconds=600),
        min_backoff_duration=Duration(seconds=10),
        max_backoff_duration=Duration(seconds=300),
        max_doublings=2,
    )
    given = job(
        time_zone="America/New_York",
        description="d",
        http_target=target,
        retry_config=retry,
        attempt_deadline=Duration(seconds=540),
    )
    client.create_job(parent=PARENT, job=given)
    found = client.get_job(name=JOB)
    assert found.http_target.headers.pop("User-Agent") == "Google-Cloud-Scheduler"
    for name in ("name", "schedule", "time_zone", "description", "http_target", "retry_config", "attempt_deadline"):
        assert getattr(found, name) == getattr(given, name)
    assert found.state == State.ENABLED


def test_a_job_gets_the_servers_defaults(rest):
    assert rest("POST", f"/v1/{PARENT}/jobs", body()).status == 200
    found = rest("GET", URL).json
    found.pop("userUpdateTime")
    found.pop("scheduleTime")
    assert found == {
        "name": JOB,
        "schedule": "15,45 * * * *",
        "state": "ENABLED",
        "timeZone": "Etc/UTC",
        "attemptDeadline": "180s",
        "httpTarget": HTTP | {"headers": {"User-Agent": "Google-Cloud-Scheduler"}},
        "retryConfig": {
            "maxRetryDuration": "0s",
            "minBackoffDuration": "5s",
            "maxBackoffDuration": "3600s",
            "maxDoublings": 5,
        },
    }


def test_pause_and_resume_are_accepted_in_every_state(client):
    client.create_job(parent=PARENT, job=job())
    states = [client.resume_job(name=JOB).state]
    states += [client.pause_job(name=JOB).state for _ in range(2)]
    states += [client.resume_job(name=JOB).state for _ in range(2)]
    assert states == [State.ENABLED, State.PAUSED, State.PAUSED, State.ENABLED, State.ENABLED]


def test_an_update_never_changes_the_state(client):
    client.create_job(parent=PARENT, job=job(description="old"))
    client.pause_job(name=JOB)
    updated = client.update_job(
        job=job(schedule="0 5 * * *", state=State.ENABLED, description="new"), update_mask={"paths": ["schedule", "state"]}
    )
    assert (updated.state, updated.schedule, updated.description) == (State.PAUSED, "0 5 * * *", "old")


def test_a_patch_without_mask_replaces_the_fields_that_it_has(rest):
    rest("POST", f"/v1/{PARENT}/jobs", body(description="kept", httpTarget=HTTP | {"body": "e30="}))
    patched = rest("PATCH", URL, {"schedule": "0 5 * * *", "httpTarget": HTTP}).json
    assert (patched["schedule"], patched["description"]) == ("0 5 * * *", "kept")
    assert "body" not in patched["httpTarget"]


def test_a_new_kind_of_target_replaces_the_old(rest):
    rest("POST", f"/v1/{PARENT}/jobs", body())
    patched = rest("PATCH", URL, {"pubsubTarget": {"topicName": "projects/p/topics/t", "data": "e30="}}).json
    assert "httpTarget" not in patched
    assert "attemptDeadline" not in patched


def test_run_records_an_attempt(client):
    client.create_job(parent=PARENT, job=job())
    assert not client.get_job(name=JOB).last_attempt_time
    client.run_job(name=JOB)
    assert client.get_job(name=JOB).last_attempt_time
    assert client.get_job(name=JOB).status.code == 0


def test_only_an_enabled_job_has_a_next_fire(client):
    client.create_job(parent=PARENT, job=job(schedule="30 8 * * *", time_zone="Asia/Kolkata"))
    fire = client.get_job(name=JOB).schedule_time
    assert (fire.hour, fire.minute) == (3, 0)  # 08:30 at UTC+05:30
    assert not client.pause_job(name=JOB).schedule_time


def test_lists_are_paged_and_keep_to_their_location(client):
    names = [f"{PARENT}/jobs/job-{n}" for n in range(5)]
    for name in names:
        client.create_job(parent=PARENT, job=job(name))
    other = "projects/p/locations/us-west1"
    client.create_job(parent=other, job=job(f"{other}/jobs/elsewhere"))
    pages = list(client.list_jobs(request={"parent": PARENT, "page_size": 2}).pages)
    assert [[found.name for found in page.jobs] for page in pages] == [names[:2], names[2:4], names[4:]]


def test_missing_and_existing_jobs_have_googles_errors(client):
    client.create_job(parent=PARENT, job=job())
    with pytest.raises(Conflict, match="already exists"):
        client.create_job(parent=PARENT, job=job())
    client.delete_job(name=JOB)
    for call in (client.get_job, client.delete_job, client.pause_job, client.resume_job, client.run_job):
        with pytest.raises(NotFound, match="Job not found"):
            call(name=JOB)


def test_the_client_sees_a_refusal_as_a_bad_request(client):
    with pytest.raises(BadRequest, match="Schedule or time zone is invalid"):
        client.create_job(parent=PARENT, job=job(schedule="every 5 minutes"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"schedule": "60 * * * *"}, "Schedule or time zone", id="a minute that doesn't exist"),
        pytest.param({"schedule": "0 0 * * * *"}, "Schedule or time zone", id="six fields"),
        pytest.param({"schedule": "@daily"}, "Schedule or time zone", id="a nickname"),
        pytest.param({"schedule": "0 0 L * *"}, "Schedule or time zone", id="L is not in the dialect"),
        pytest.param({"schedule": "0 0 * * 1#2"}, "Schedule or time zone", id="the hash is not in the dialect"),
        pytest.param({"schedule": "0 0 31 2 *"}, "Schedule or time zone", id="a day that never comes"),
        pytest.param({"schedule": ""}, "Schedule or time zone", id="no schedule"),
        pytest.param({"timeZone": "Mars/Olympus"}, "Schedule or time zone", id="an unknown zone"),
        pytest.param({"timeZone": "../../etc/passwd"}, "Schedule or time zone", id="a zone that is a path"),
        pytest.param({"attemptDeadline": "14s"}, "between 15s and 1800s", id="a deadline below 15 s"),
        pytest.param({"attemptDeadline": "1801s"}, "between 15s and 1800s", id="a deadline above 30 min"),
        pytest.param({"attemptDeadline": "3m"}, "a duration such as 180s", id="a deadline in minutes"),
        pytest.param({"name": f"{PARENT}/jobs/a.b"}, "Job name must be formatted", id="a dot in the job id"),
        pytest.param({"name": f"{PARENT}/jobs/{'a' * 501}"}, "Job name must be formatted", id="a job id of 501 letters"),
        pytest.param({"name": f"{PARENT}/jobs/a/b"}, "must be formatted", id="a slash in the job id"),
        pytest.param({"description": "a" * 501}, "at most 500", id="a description of 501 letters"),
        pytest.param({"httpTarget": None}, "exactly one target", id="no target"),
        pytest.param({"pubsubTarget": {"topicName": "t", "data": "eA=="}}, "exactly one target", id="two targets"),
        pytest.param({"httpTarget": None, "pubsubTarget": {"topicName": "t"}}, "data or attributes", id="an empty message"),
        pytest.param({"httpTarget": HTTP | {"uri": "ftp://x"}}, "valid http or https", id="a target that isn't HTTP"),
        pytest.param({"httpTarget": HTTP | {"httpMethod": "GET", "body": "e30="}}, "not allowed", id="GET with a body"),
        pytest.param({"httpTarget": HTTP | {"body": "{}"}}, "expected base64", id="a body that isn't base64"),
        pytest.param(
            {"httpTarget": HTTP | {"oauthToken": {"scope": "s"}, "oidcToken": {"audience": "a"}}}, "both", id="two tokens"
        ),
        pytest.param({"retryConfig": {"retryCount": 6}}, "between 0 and 5", id="six retries"),
        pytest.param({"retryConfig": {"retryCount": "many"}}, "'job.retry_config.retry_count'", id="a count in words"),
        pytest.param({"schedul": "x"}, "Unknown name \"schedul\" at 'job': Cannot find field.", id="a misspelled field"),
        pytest.param({"httpTarget": HTTP | {"urll": "x"}}, "at 'job.http_target'", id="a misspelled field deep down"),
        pytest.param({"httpTarget": HTTP | {"httpMethod": "BREW"}}, "one of HTTP_METHOD", id="an unknown enum value"),
        pytest.param({"description": 7}, "expected a string", id="a number for a string"),
        pytest.param({"httpTarget": "x"}, "expected an object", id="a string for an object"),
    ],
)
def test_refused_with_400(rest, fields, message):
    answer = rest("POST", f"/v1/{PARENT}/jobs", body(**fields))
    assert (answer.status, answer.json["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert message in answer.message
    assert rest("GET", f"/v1/{PARENT}/jobs").json == {}


@pytest.mark.parametrize(
    "schedule",
    ["*/30 * * * *", "0 5-9/2 * * MON-FRI", "0 0 1 JAN *", "5,35 */6 * * 0,7", "0  0 * * sun"],
)
def test_the_dialect_is_accepted(rest, schedule):
    assert rest("POST", f"/v1/{PARENT}/jobs", body(schedule=schedule)).status == 200


def test_snake_case_and_enum_numbers_are_understood(rest):
    fields = {"name": JOB, "schedule": "0 1 * * *", "time_zone": "Etc/UTC", "http_target": HTTP | {"httpMethod": 2}}
    assert rest("POST", f"/v1/{PARENT}/jobs", fields).json["httpTarget"]["httpMethod"] == "GET"


def test_null_is_absent(rest):
    target = HTTP | {"httpMethod": None, "headers": None, "oidcToken": None}
    made = rest("POST", f"/v1/{PARENT}/jobs", body(httpTarget=target, retryConfig=None, timeZone=None))
    assert (made.status, made.json["httpTarget"]["httpMethod"], made.json["timeZone"]) == (200, "POST", "Etc/UTC")


def test_locations_are_listed(rest):
    found = rest("GET", "/v1/projects/p/locations").json["locations"]
    assert PARENT in [location["name"] for location in found]
    assert rest("GET", f"/v1/{PARENT}").json["locationId"] == "us-west2"
