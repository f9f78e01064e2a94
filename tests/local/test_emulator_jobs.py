"""Cloud Scheduler on the emulator: the real Python client, and what the API refuses."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import scheduler_v1
from google.protobuf.duration_pb2 import Duration

from local.emulator.scheduler import REGIONS
from tests.local.jobs import APP_ENGINE, HTTP, JOB, PARENT, TOPIC, URL, app_engine, body

State = scheduler_v1.Job.State


@pytest.fixture
def client(emulator):
    return scheduler_v1.CloudSchedulerClient(
        transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": emulator.url}
    )


def job(name=JOB, **fields):
    target = scheduler_v1.HttpTarget(uri=HTTP["uri"], http_method=scheduler_v1.HttpMethod.POST)
    return scheduler_v1.Job({"name": name, "schedule": "15,45 * * * *", "http_target": target} | fields)


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
    }


RETRIES = {"maxRetryDuration": "0s", "minBackoffDuration": "5s", "maxBackoffDuration": "3600s", "maxDoublings": 5}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param({}, None, id="none at all"),
        pytest.param({"retryConfig": {"retryCount": 0}}, RETRIES, id="a count of 0 alone"),
        pytest.param({"retryConfig": {"retryCount": 3}}, RETRIES | {"retryCount": 3}, id="a count alone"),
        pytest.param(
            {"retryConfig": {"minBackoffDuration": "1.5s"}},
            RETRIES | {"minBackoffDuration": "1.500s"},
            id="a fraction of a second",
        ),
    ],
)
def test_retry_settings_are_answered_whole_or_not_at_all(rest, given, shown):
    assert rest("POST", f"/v1/{PARENT}/jobs", body(**given)).json.get("retryConfig") == shown
    assert rest("GET", URL).json.get("retryConfig") == shown


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
        client.create_job(parent=PARENT, job=job(schedule="every other minute"))


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
        pytest.param({"schedule": "0 22-3 * * *"}, "Schedule or time zone", id="a range that wraps"),
        pytest.param({"schedule": "every 7 hours synchronized"}, "divides 24 hours", id="synchronized without a rest"),
        pytest.param({"schedule": "31 of feb 00:00"}, "never comes", id="a date that never comes, in English"),
        pytest.param({"schedule": "every monday 25:00"}, "no time of day", id="a time that doesn't exist"),
        pytest.param({"schedule": "sixth mon of month 09:00"}, "no such place", id="a sixth week"),
        pytest.param({"attemptDeadline": "3600s"}, "between 15s and 1800s for an HTTP target", id="a deadline of an hour"),
        pytest.param(APP_ENGINE | {"attemptDeadline": "86416s"}, "between 15s and 86415s", id="a deadline of over a day"),
        pytest.param(app_engine(httpMethod="PATCH"), "PATCH is not permitted", id="App Engine takes no PATCH"),
        pytest.param(app_engine(httpMethod="GET", body="e30="), "not allowed with GET", id="GET with a body, App Engine"),
        pytest.param(app_engine(relativeUri="no/slash"), "must begin with /", id="a relative address without a slash"),
        pytest.param({"httpTarget": HTTP | {"headers": {"X": "y" * 82_000}}}, "less than 80KB", id="headers of 80 KB"),
        pytest.param({"httpTarget": HTTP | {"body": "aGlh" * 300_000}}, "at most 1048576", id="a job of more than 1 MB"),
        pytest.param({"attemptDeadline": "14s"}, "between 15s and 1800s", id="a deadline below 15 s"),
        pytest.param({"attemptDeadline": "1801s"}, "between 15s and 1800s", id="a deadline above 30 min"),
        pytest.param({"attemptDeadline": "3m"}, "a duration such as 180s", id="a deadline in minutes"),
        pytest.param({"name": f"{PARENT}/jobs/a.b"}, "Job name must be formatted", id="a dot in the job id"),
        pytest.param({"name": f"{PARENT}/jobs/{'a' * 501}"}, "Job name must be formatted", id="a job id of 501 letters"),
        pytest.param({"name": f"{PARENT}/jobs/a/b"}, "must be formatted", id="a slash in the job id"),
        pytest.param({"description": "a" * 501}, "at most 500", id="a description of 501 letters"),
        pytest.param({"httpTarget": None}, "exactly one target", id="no target"),
        pytest.param({"pubsubTarget": {"topicName": "t", "data": "eA=="}}, "exactly one target", id="two targets"),
        pytest.param({"httpTarget": None, "pubsubTarget": {"topicName": TOPIC}}, "data or attributes", id="an empty message"),
        pytest.param({"httpTarget": None, "pubsubTarget": {"topicName": "t"}}, "projects/PROJECT_ID", id="half a topic's name"),
        pytest.param({"httpTarget": HTTP | {"uri": "ftp://x"}}, "valid http or https", id="a target that isn't HTTP"),
        pytest.param({"httpTarget": HTTP | {"httpMethod": "GET", "body": "e30="}}, "not allowed", id="GET with a body"),
        pytest.param({"httpTarget": HTTP | {"body": "{}"}}, "expected base64", id="a body that isn't base64"),
        pytest.param(
            {"httpTarget": HTTP | {"oauthToken": {"scope": "s"}, "oidcToken": {"audience": "a"}}}, "both", id="two tokens"
        ),
        pytest.param({"retryConfig": {"retryCount": 6}}, "between 0 and 5", id="six retries"),
        pytest.param({"retryConfig": {"minBackoffDuration": "-5s"}}, "must not be negative", id="a wait of less than nothing"),
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


def test_snake_case_and_enum_numbers_are_understood(rest):
    fields = {"name": JOB, "schedule": "0 1 * * *", "time_zone": "Etc/UTC", "http_target": HTTP | {"httpMethod": 2}}
    assert rest("POST", f"/v1/{PARENT}/jobs", fields).json["httpTarget"]["httpMethod"] == "GET"


def test_null_is_absent(rest):
    target = HTTP | {"httpMethod": None, "headers": None, "oidcToken": None}
    made = rest("POST", f"/v1/{PARENT}/jobs", body(httpTarget=target, retryConfig=None, timeZone=None))
    assert (made.status, made.json["httpTarget"]["httpMethod"], made.json["timeZone"]) == (200, "POST", "Etc/UTC")


def test_all_locations_are_listed_page_by_page(rest):
    first = rest("GET", "/v1/projects/p/locations?pageSize=20").json
    rest_of_them = rest("GET", f"/v1/projects/p/locations?pageSize=20&pageToken={first['nextPageToken']}").json
    assert "nextPageToken" not in rest_of_them
    names = [location["locationId"] for location in first["locations"] + rest_of_them["locations"]]
    assert names == sorted(REGIONS)
    assert rest("GET", f"/v1/{PARENT}").json["locationId"] == "us-west2"


@pytest.mark.parametrize("path", ["/jobs", "/jobs/x", ""])
def test_a_region_without_cloud_scheduler_is_refused_in_googles_words(rest, path):
    answer = rest("GET", f"/v1/projects/p/locations/mars-north1{path}")
    assert answer.status == 403
    assert 'for the resource "projects/p/locations/mars-north1" (or the resource may not exist)' in answer.message


@pytest.mark.parametrize(
    ("given", "host", "parts"),
    [
        pytest.param({}, "p.appspot.com", {}, id="nothing"),
        pytest.param({"service": "s"}, "s.p.appspot.com", {}, id="a service alone is known by its host only"),
        pytest.param({"version": "v", "service": "s"}, "v.s.p.appspot.com", {"version": "v", "service": "s"}, id="both"),
        pytest.param(
            {"instance": "i", "version": "v", "service": "s", "host": "mine"},
            "i.v.s.p.appspot.com",
            {"instance": "i", "version": "v", "service": "s"},
            id="all three, and a host of one's own",
        ),
    ],
)
def test_app_engine_answers_with_the_host_that_the_routing_means(rest, given, host, parts):
    made = rest("POST", f"/v1/{PARENT}/jobs", body(**app_engine(appEngineRouting=given)))
    assert made.json["appEngineHttpTarget"]["appEngineRouting"] == {"host": host} | parts


def test_an_app_engine_job_gets_its_own_defaults(rest):
    target = {"headers": {"user-agent": "mine", "X-AppEngine-Cron": "true"}}
    made = rest("POST", f"/v1/{PARENT}/jobs", body(httpTarget=None, appEngineHttpTarget=target)).json
    assert "attemptDeadline" not in made, "it depends on how the service scales"
    shown = made["appEngineHttpTarget"]
    assert (shown["relativeUri"], shown["httpMethod"]) == ("/", "POST")
    assert shown["headers"] == {"User-Agent": "mine AppEngine-Google; (+http://code.google.com/appengine)"}


def test_headers_that_cloud_scheduler_sets_itself_are_ignored(rest):
    own = (
        "Host",
        "content-length",
        "User-Agent",
        "X-Google-A",
        "x-appengine-b",
        "X-CloudScheduler",
        "X-CloudScheduler-JobName",
    )
    target = HTTP | {"headers": dict.fromkeys(own, "mine") | {"X-Mine": "kept", "X-Empty": ""}}
    shown = rest("POST", f"/v1/{PARENT}/jobs", body(httpTarget=target)).json["httpTarget"]["headers"]
    assert shown == {"X-Mine": "kept", "X-Empty": "", "User-Agent": "Google-Cloud-Scheduler"}


def test_a_deadline_of_a_topic_is_ignored_and_its_attributes_are_kept(rest):
    target = {"topicName": "projects/another/topics/t", "data": "", "attributes": {"a": "", "b": "c"}}
    made = rest("POST", f"/v1/{PARENT}/jobs", body(httpTarget=None, pubsubTarget=target, attemptDeadline="320s")).json
    assert "attemptDeadline" not in made
    assert made["pubsubTarget"] == {"topicName": "projects/another/topics/t", "attributes": {"a": "", "b": "c"}}


@pytest.mark.parametrize(
    ("description", "shown"),
    [("", None), ("one\ntwo\n", "one\ntwo\n"), ('${x} %{y} "z"', '${x} %{y} "z"'), ("é" * 500, "é" * 500)],
)
def test_descriptions_are_kept_as_they_are_and_an_empty_one_is_none(rest, description, shown):
    assert rest("POST", f"/v1/{PARENT}/jobs", body(description=description)).json.get("description") == shown


@pytest.mark.parametrize("name", ["2nd-run", "Odds_Props_V2", "a" * 500, "-", "_"])
def test_names_have_all_characters_of_the_document(rest, name):
    assert rest("POST", f"/v1/{PARENT}/jobs", body(name=f"{PARENT}/jobs/{name}")).status == 200


def test_bytes_are_answered_in_the_standard_alphabet(rest):
    made = rest("POST", f"/v1/{PARENT}/jobs", body(httpTarget=HTTP | {"body": "_-8"})).json
    assert made["httpTarget"]["body"] == "/+8="
