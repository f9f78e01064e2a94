"""Deployed functions on the emulator: the real functions-framework behind the check of run.invoker, called by jobs."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from google.auth import jwt

from local.emulator.tokens import GCLOUD
from tests.local.sources import archive

pytestmark = pytest.mark.usefixtures("forked_functions")
PARENT = "projects/interlock-local/locations/us-west2"
SERVICE = f"{PARENT}/services/coordinator"
URI = "https://coordinator-100000000000.us-west2.run.invalid"
TIMER = "timers@interlock-local.iam.gserviceaccount.com"
OTHER = "other@interlock-local.iam.gserviceaccount.com"
NOON = "2026-03-10T12:00:00Z"

MAIN = """
import json, os

def main(request):
    said = {"path": request.path, "method": request.method, "body": request.get_data(as_text=True)}
    said |= {"caller": request.headers.get("Authorization"), "query": request.query_string.decode()}
    said |= {name: os.environ.get(name) for name in ("GREETING", "INTERLOCK_LOCAL_URL", "K_SERVICE", "SECRET_OF_THE_USER")}
    if "log" in request.args:
        print("plain text")
        print(json.dumps({"severity": "NOTICE", "event": request.args["log"]}))
    return json.dumps(said), int(request.args.get("status", 200)), {"X-Said": "yes"}
"""


def upload(rest, content, name="source.zip"):
    rest("POST", "/storage/v1/b?project=p", {"name": "sources"})
    return rest("POST", f"/upload/storage/v1/b/sources/o?uploadType=media&name={quote(name)}", content).json["generation"]


@pytest.fixture
def deploy(rest):
    """Deploys a source as the function `coordinator`, invoked by TIMER."""

    rest("POST", "/v1/projects/interlock-local/serviceAccounts", {"accountId": TIMER.partition("@")[0]})

    def deployed(source=MAIN, *, content=None, **config):
        generation = upload(rest, archive(source) if content is None else content)
        place = {"bucket": "sources", "object": "source.zip", "generation": generation}
        function = {
            "buildConfig": {"runtime": "python312", "entryPoint": "main", "source": {"storageSource": place}},
            "serviceConfig": {"environmentVariables": {"GREETING": "hello"}, **config},
        }
        made = rest("POST", f"/v2/{PARENT}/functions?functionId=coordinator", function)
        if made.status == 409:
            made = rest("PATCH", f"/v2/{PARENT}/functions/coordinator", function)
        assert made.status == 200, made.message
        policy = {"bindings": [{"role": "roles/run.invoker", "members": [f"serviceAccount:{TIMER}"]}]}
        assert rest("POST", f"/v2/{SERVICE}:setIamPolicy", {"policy": policy}).status == 200

    return deployed


def bearer(email):
    return {"Authorization": f"Bearer local:{email}"}


def caller_of(header):
    """What the token that a function got states: whose, for whom, and whether its signature is left."""
    token = header.removeprefix("Bearer ")
    claims = jwt.decode(token, verify=False)
    assert claims["email_verified"] is True
    return claims["email"], claims["aud"], not token.endswith(".SIGNATURE_REMOVED_BY_GOOGLE")


def job(rest, name, schedule="30 * * * *", uri=f"{URI}/tick", **fields):
    target = {"uri": uri, "httpMethod": "POST", "body": "e30=", "oidcToken": {"serviceAccountEmail": TIMER, "audience": URI}}
    body = {"name": f"{PARENT}/jobs/{name}", "schedule": schedule, "httpTarget": target} | fields
    assert rest("POST", f"/v1/{PARENT}/jobs", body).status == 200


def attempts(rest):
    rest("POST", "/_local/settle")
    return rest("GET", "/_local/attempts").json["attempts"]


def test_a_function_answers_who_may_invoke_it(rest, deploy, monkeypatch, emulator):
    monkeypatch.setenv("SECRET_OF_THE_USER", "s")
    deploy()
    answer = rest("PUT", "/_functions/coordinator/a%20b?x=1", b"body", bearer(TIMER))
    assert (answer.status, answer.headers["x-said"]) == (200, "yes")
    said = answer.json
    assert caller_of(said.pop("caller")) == (TIMER, URI, True)
    assert said == {
        "path": "/a b",
        "method": "PUT",
        "body": "body",
        "query": "x=1",
        "GREETING": "hello",
        "INTERLOCK_LOCAL_URL": emulator.url,
        "K_SERVICE": "coordinator",
        "SECRET_OF_THE_USER": None,
    }


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("coordinator", {}, 401, id="no token"),
        pytest.param("coordinator", {"Authorization": "Bearer ya29.real"}, 401, id="a token that isn't one of ours"),
        pytest.param("coordinator", {"Authorization": f"Basic local:{TIMER}"}, 401, id="another scheme"),
        pytest.param("coordinator", bearer(OTHER), 403, id="an identity without the role"),
        pytest.param("unknown", bearer(TIMER), 404, id="a function that isn't deployed"),
        pytest.param("%2e%2e", bearer(TIMER), 404, id="a name that is a path"),
    ],
)
def test_who_may_not_is_turned_away_before_the_function_starts(rest, deploy, path, headers, status):
    deploy("main = None\nraise SystemExit('started')")
    assert rest("POST", f"/_functions/{path}", {}, headers).status == status


def let_in(rest, *members):
    policy = {"bindings": [{"role": "roles/run.invoker", "members": [*members]}]}
    assert rest("POST", f"/v2/{SERVICE}:setIamPolicy", {"policy": policy}).status == 200


def test_a_token_can_be_verified_by_the_keys_that_are_published(rest, deploy):
    deploy()
    token = rest("POST", "/_functions/coordinator/", {}, bearer(TIMER)).json["caller"].removeprefix("Bearer ")
    certs = rest("GET", "/oauth2/v1/certs").json
    assert jwt.decode(token, certs=certs, audience=URI)["email"] == TIMER
    answer = rest("POST", "/_functions/coordinator/", {}, {"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.json["caller"]) == (200, f"Bearer {token}"), "it is taken as well as the fixed one"
    forged = f"{token.rpartition('.')[0]}.{token.rpartition('.')[2][::-1]}"
    assert rest("POST", "/_functions/coordinator/", {}, {"Authorization": f"Bearer {forged}"}).status == 401


def test_of_a_persons_token_the_signature_is_removed_unless_another_header_was_checked(rest, deploy):
    deploy()
    let_in(rest, "user:ana@acme.dev")
    caller = rest("POST", "/_functions/coordinator/", {}, bearer("ana@acme.dev")).json["caller"]
    assert caller_of(caller) == ("ana@acme.dev", GCLOUD, False)
    both = {**bearer("ana@acme.dev"), "X-Serverless-Authorization": "Bearer local:ana@acme.dev"}
    caller = rest("POST", "/_functions/coordinator/", {}, both).json["caller"]
    assert caller_of(caller) == ("ana@acme.dev", GCLOUD, True)
    both["X-Serverless-Authorization"] = f"Bearer local:{OTHER}"
    assert rest("POST", "/_functions/coordinator/", {}, both).status == 403, "only that one is checked"


def test_what_everybody_may_invoke_gets_what_was_sent(rest, deploy):
    deploy()
    let_in(rest, "allUsers")
    forged = {"Authorization": "Bearer e30.e30.SIGNATURE_REMOVED_BY_GOOGLE"}
    answer = rest("POST", "/_functions/coordinator/", {}, forged)
    assert (answer.status, answer.json["caller"]) == (200, forged["Authorization"])


def test_a_job_calls_the_function_as_its_service_account(rest, deploy):
    deploy()
    rest("POST", "/_local/clock", {"set": NOON})
    job(rest, "interlock-tick")
    job(rest, "elsewhere", uri="https://scrapers.example/run")
    moved = rest("POST", "/_local/clock", {"advance": "1h"}).json
    assert moved == {"now": "2026-03-10T13:00:00.000000Z", "stepped": True, "settled": True}
    elsewhere, tick = attempts(rest)
    assert (elsewhere["dispatched"], elsewhere["httpStatus"]) == (False, 200)
    assert (tick["dispatched"], tick["httpStatus"], tick["time"]) == (True, 200, "2026-03-10T12:30:00.000000Z")
    said = json.loads(tick["detail"])
    assert (said["path"], said["body"]) == ("/tick", "{}")
    assert caller_of(said["caller"]) == (TIMER, URI, True)
    assert rest("GET", f"/v1/{PARENT}/jobs/interlock-tick").json["lastAttemptTime"] == "2026-03-10T12:30:00.000000Z"


def test_fires_follow_the_zone_and_skip_paused_jobs(rest):
    rest("POST", "/_local/clock", {"set": "2026-03-07T00:00:00Z"})
    for name in ("night", "paused"):
        job(rest, name, "0 3 * * *", uri="https://x.example/", timeZone="America/New_York")
    rest("POST", f"/v1/{PARENT}/jobs/paused:pause")
    rest("POST", "/_local/clock", {"to": "2026-03-09T12:00:00Z"})
    night = [attempt["time"] for attempt in attempts(rest)]
    assert night == [f"2026-03-{day}.000000Z" for day in ("07T08:00:00", "08T07:00:00", "09T07:00:00")]
    assert "lastAttemptTime" not in rest("GET", f"/v1/{PARENT}/jobs/paused").json


def test_a_failing_target_is_retried_as_the_job_says(rest, deploy):
    deploy()
    rest("POST", "/_local/clock", {"set": NOON})
    retry = {"retryCount": 2, "minBackoffDuration": "10s", "maxDoublings": 1}
    job(rest, "failing", uri=f"{URI}/?status=503", retryConfig=retry)
    rest("POST", "/_local/clock", {"advance": "45m"})
    tried = [(attempt["number"], attempt["time"][11:19], attempt["httpStatus"]) for attempt in attempts(rest)]
    assert tried == [(1, "12:30:00", 503), (2, "12:30:10", 503), (3, "12:30:30", 503)]
    assert rest("GET", f"/v1/{PARENT}/jobs/failing").json["status"] == {"code": 14}


def test_run_dispatches_with_the_real_clock_too(rest, deploy):
    deploy()
    job(rest, "now")
    assert rest("POST", f"/v1/{PARENT}/jobs/now:run").status == 200
    (attempt,) = attempts(rest)
    assert (attempt["httpStatus"], attempt["identity"]) == (200, TIMER)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        pytest.param(URI, "/", id="the service's address"),
        pytest.param(f"{URI}/a/b?x=1", "/a/b", id="a path below it"),
        pytest.param("https://us-west2-interlock-local.cloudfunctions.invalid/coordinator/a", "/a", id="the function's"),
        pytest.param("https://us-west2-interlock-local.cloudfunctions.invalid/coordinator-2/a", None, id="another function's"),
        pytest.param("https://coordinator-100000000000.us-east1.run.invalid/a", None, id="another region"),
        pytest.param("https://other-100000000000.us-west2.run.invalid/a", None, id="another service"),
        pytest.param(f"{URI}.elsewhere.example/a", None, id="a longer host"),
    ],
)
def test_which_addresses_lead_to_the_function(rest, deploy, uri, path):
    deploy()
    job(
        rest,
        "calling",
        uri=uri,
        httpTarget={"uri": uri, "httpMethod": "GET", "oidcToken": {"serviceAccountEmail": TIMER, "audience": URI}},
    )
    rest("POST", f"/v1/{PARENT}/jobs/calling:run")
    (attempt,) = attempts(rest)
    assert (json.loads(attempt["detail"])["path"] if attempt["dispatched"] else None) == path


def test_a_token_for_another_audience_is_refused(rest, deploy):
    deploy()
    target = {
        "uri": URI,
        "httpMethod": "POST",
        "oidcToken": {"serviceAccountEmail": TIMER, "audience": "https://other.example"},
    }
    job(rest, "wrong", httpTarget=target)
    rest("POST", f"/v1/{PARENT}/jobs/wrong:run")
    assert [attempt["httpStatus"] for attempt in attempts(rest)] == [401]


def test_a_new_source_or_configuration_starts_anew(rest, deploy):
    deploy()
    assert rest("GET", "/_functions/coordinator", None, bearer(TIMER)).json["GREETING"] == "hello"
    deploy(environmentVariables={"GREETING": "good day"})
    assert rest("GET", "/_functions/coordinator", None, bearer(TIMER)).json["GREETING"] == "good day"
    deploy("def main(request):\n    return 'two'")
    assert rest("GET", "/_functions/coordinator", None, bearer(TIMER)).body == b"two"


def test_a_function_that_does_not_start_says_why(rest, deploy):
    deploy("import nothing_of_that_name as main")
    answer = rest("GET", "/_functions/coordinator", None, bearer(TIMER))
    assert answer.status == 503
    assert b"nothing_of_that_name" in answer.body


def entries(rest, text):
    rest("POST", "/_local/settle")
    found = rest("POST", "/v2/entries:list", {"resourceNames": ["projects/interlock-local"], "filter": text})
    assert found.status == 200, found.message
    return found.json.get("entries", [])


def test_what_a_function_prints_becomes_log_entries(rest, deploy):
    deploy()
    rest("POST", "/_functions/coordinator?log=hold_created", None, bearer(TIMER))
    (plain,) = entries(rest, 'resource.type="cloud_run_revision" textPayload:*')
    assert plain["textPayload"] == "plain text"
    (entry,) = entries(rest, 'resource.type="cloud_run_revision" severity=NOTICE')
    assert entry["jsonPayload"] == {"event": "hold_created"}
    assert entry["resource"]["labels"]["service_name"] == "coordinator"
    assert entry["logName"] == "projects/interlock-local/logs/run.googleapis.com%2Fstdout"


def test_attempts_are_logged_as_cloud_scheduler_logs_them(rest, deploy):
    deploy()
    job(rest, "failing", uri=f"{URI}/?status=503")
    rest("POST", f"/v1/{PARENT}/jobs/failing:run")
    started, finished = entries(rest, 'log_id("cloudscheduler.googleapis.com/executions") resource.labels.job_id="failing"')
    assert started["jsonPayload"]["@type"] == "type.googleapis.com/google.cloud.scheduler.logging.AttemptStarted"
    assert finished["jsonPayload"]["@type"] == "type.googleapis.com/google.cloud.scheduler.logging.AttemptFinished"
    assert (finished["severity"], finished["jsonPayload"]["status"]) == ("ERROR", "UNAVAILABLE")


def test_a_job_with_a_pubsub_target_publishes(rest, deploy):
    deploy()
    topic, subscription = "projects/interlock-local/topics/ticks", "projects/interlock-local/subscriptions/ticks"
    rest("PUT", f"/v1/{topic}", {})
    push = {"pushEndpoint": f"{URI}/pushed", "oidcToken": {"serviceAccountEmail": TIMER, "audience": URI}}
    rest("PUT", f"/v1/{subscription}", {"topic": topic, "pushConfig": push})
    job(rest, "publishing", httpTarget=None, pubsubTarget={"topicName": topic, "data": "e30="})
    rest("POST", f"/v1/{PARENT}/jobs/publishing:run")
    rest("POST", "/_local/settle")
    (delivery,) = rest("GET", "/_local/deliveries").json["deliveries"]
    assert (delivery["httpStatus"], delivery["message"]["data"]) == (200, "e30=")


def test_the_functions_end_with_the_emulator(rest, deploy, emulator):
    deploy("import os\ndef main(request):\n    return str(os.getpid())")
    pid = int(rest("GET", "/_functions/coordinator", None, bearer(TIMER)).body)
    emulator.runtime.close()
    ended = time.monotonic() + 10
    while _runs(pid):
        assert time.monotonic() < ended


def _runs(pid: int) -> bool:
    """Whether there is a process that has not ended; whose parent has, that is buried by the machine."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_an_archive_stays_in_its_folder(rest, deploy, tmp_path):
    deploy(content=archive(**{"../../escaped.py": "", "/escaped.py": ""}))
    assert rest("GET", "/_functions/coordinator", None, bearer(TIMER)).status == 200
    folder = tmp_path / "cloud" / "functions" / "coordinator"
    assert {path.parent for path in tmp_path.rglob("escaped.py")} == {folder}


PAUSING = """
import os, urllib.request

def main(request):
    url = os.environ["INTERLOCK_LOCAL_URL"] + request.args["pause"] + ":pause"
    return urllib.request.urlopen(urllib.request.Request(url, method="POST")).read()
"""


def test_jobs_that_are_due_together_all_fire_though_one_pauses_another(rest, deploy):
    deploy(PAUSING)
    rest("POST", "/_local/clock", {"set": NOON})
    job(rest, "a-pauses", uri=f"{URI}/?pause=/v1/{PARENT}/jobs/b-paused")
    job(rest, "b-paused", uri="https://scrapers.example/run")
    rest("POST", "/_local/clock", {"advance": "2h"})
    fired = [attempt["job"].rpartition("/")[2] for attempt in attempts(rest)]
    assert fired == ["a-pauses", "b-paused", "a-pauses"]
    assert rest("GET", f"/v1/{PARENT}/jobs/b-paused").json["state"] == "PAUSED"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"set": "noon"}, "RFC 3339", id="an instant in words"),
        pytest.param({"set": "2026-03-10T12:00:00"}, "with a zone", id="an instant without a zone"),
        pytest.param({"advance": "ten"}, "such as 10m", id="a duration in words"),
        pytest.param({"to": "2020-01-01T00:00:00Z"}, "only goes on", id="a step back"),
        pytest.param({"go": 1}, "takes one of", id="an unknown key"),
        pytest.param([], "JSON object", id="a list"),
    ],
)
def test_a_bad_clock_is_refused(rest, body, message):
    answer = rest("POST", "/_local/clock", body)
    assert answer.status == 400
    assert message in answer.message


def test_the_clock_goes_by_itself_again(rest):
    rest("POST", "/_local/clock", {"set": NOON})
    assert rest("GET", "/_local/clock").json == {"now": "2026-03-10T12:00:00.000000Z", "stepped": True}
    assert rest("POST", "/_local/clock", {"set": None}).json["stepped"] is False


def test_a_function_that_is_woken_runs_before_anybody_asks_it(rest, deploy):
    deploy("import os\ndef main(request):\n    return str(os.getpid())")
    assert rest("GET", "/_local/functions").json == {"processes": {}}
    assert rest("POST", "/_local/functions").status == 200
    ended = time.monotonic() + 30
    while not (processes := rest("GET", "/_local/functions").json["processes"]):
        assert time.monotonic() < ended
        time.sleep(0.02)
    rest("POST", "/_local/functions")
    assert rest("GET", "/_functions/coordinator", None, bearer(TIMER)).status == 200
    assert rest("GET", "/_local/functions").json == {"processes": processes}, "it is the same one"


def test_waking_what_is_not_there_and_what_does_not_start_says_nothing(rest, deploy):
    assert rest("POST", "/_local/functions").status == 200
    deploy("raise RuntimeError\ndef main(request):\n    return str(request)")
    assert rest("POST", "/_local/functions").status == 200
    assert rest("GET", "/_functions/coordinator", None, bearer(TIMER)).status == 503, "who asks is told"


def test_an_emulator_that_has_ended_starts_no_function(rest, deploy, emulator):
    deploy("def main(request):\n    return 'here'")
    emulator.runtime.close()
    assert rest("GET", "/_functions/coordinator", None, bearer(TIMER)).status == 503
    assert emulator.runtime.functions.pids() == frozenset()
