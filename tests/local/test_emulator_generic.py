"""What every service shares: rows from discovery documents, refusals, faults and counters."""

from __future__ import annotations

import threading

import pytest

from local import emulator as target
from local.emulator.faults import parse_fault, parse_latency
from local.emulator.rest import Collection
from local.emulator.services import Service
from tests.local.plain import Rest

JOBS = "/v1/projects/p/locations/us-west2/jobs"
JOB = {"name": f"{JOBS[4:]}/a", "schedule": "0 * * * *", "httpTarget": {"uri": "https://x.example"}}

# Services that nothing uses yet: a row is all that they need.
ROWS = (
    Service(
        api="workflows",
        version="v1",
        collections=(Collection(path="projects.locations.workflows", id_parameter="workflowId"),),
    ),
    Service(api="logging", version="v2", collections=(Collection(path="projects.metrics", short_name=True),)),
    Service(api="pubsub", version="v1", collections=(Collection(path="projects.topics"),)),
    Service(api="monitoring", version="v3", collections=(Collection(path="projects.alertPolicies"),)),
)


@pytest.fixture
def rows(tmp_path):
    with target.serve(tmp_path / "cloud", rows=ROWS, enabled=[f"{row.api}.googleapis.com" for row in ROWS]) as running:
        yield Rest(running.url)


def test_a_row_with_operations_and_an_id_parameter(rows):
    parent = "/v1/projects/p/locations/us-west2/workflows"
    made = rows("POST", f"{parent}?workflowId=w", {"sourceContents": "main: {}", "labels": {"a": "1"}}).json
    assert (made["done"], made["response"]["name"]) == (True, f"{parent[4:]}/w")
    assert made["name"].startswith("projects/p/locations/us-west2/operations/")
    assert rows("POST", f"{parent}?workflowId=w", {}).status == 409
    changed = rows("PATCH", f"{parent}/w?updateMask=labels", {"sourceContents": "no", "labels": {}}).json
    assert changed["response"] == {"name": f"{parent[4:]}/w", "sourceContents": "main: {}", "labels": {}}
    assert [found["name"] for found in rows("GET", parent).json["workflows"]] == [f"{parent[4:]}/w"]
    assert rows("DELETE", f"{parent}/w").json["done"] is True
    assert rows("GET", f"{parent}/w").message == "Workflow not found."


def test_a_row_with_short_names_that_is_replaced_by_put(rows):
    metrics = "/v2/projects/p/metrics"
    assert rows("POST", metrics, {"name": "errors", "filter": "a"}).json["name"] == "errors"
    replaced = rows("PUT", f"{metrics}/errors", {"name": "errors", "filter": "b"}).json
    assert (replaced, rows("GET", f"{metrics}/errors").json) == (replaced, replaced)
    assert (replaced["name"], replaced["filter"]) == ("errors", "b")
    assert rows("GET", metrics).json == {"metrics": [replaced]}


def test_a_row_that_is_created_under_its_own_name(rows):
    topic = "/v1/projects/p/topics/t"
    assert rows("PUT", topic, {"labels": {"a": "1"}}).json == {"name": topic[4:], "labels": {"a": "1"}}
    assert rows("PUT", topic, {}).status == 409
    assert rows("GET", "/v1/projects/p/topics").json["topics"][0]["name"] == topic[4:]
    assert rows("DELETE", topic).json == {}


def test_a_row_whose_ids_the_server_makes(rows):
    policies = "/v3/projects/p/alertPolicies"
    made = [rows("POST", policies, {"displayName": "x"}).json["name"] for _ in range(2)]
    assert len(set(made)) == 2
    assert all(name.startswith(policies[4:] + "/") for name in made)


def test_what_is_known_but_not_served_says_so(rest):
    answer = rest("GET", "/v1/projects/p/locations/us-west2/cmekConfig")
    assert (answer.status, answer.json["error"]["status"]) == (501, "UNIMPLEMENTED")
    assert "cloudscheduler.projects.locations.getCmekConfig" in answer.message
    assert "storage.buckets.relocate" in rest("POST", "/storage/v1/b/x/relocate").message


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        pytest.param("GET", "/v9/projects/p", None, 404, "knows no method GET /v9/projects/p", id="an unknown path"),
        pytest.param("POST", f"{JOBS}/a:explode", {}, 404, "knows no method", id="an unknown custom method"),
        pytest.param("GET", f"{JOBS}?pageSiz=1", None, 400, "Cannot bind query parameter", id="a misspelled parameter"),
        pytest.param("GET", f"{JOBS}?pageSize=x", None, 400, "page size", id="a page size in words"),
        pytest.param("GET", f"{JOBS}?pageToken=x", None, 400, "page token", id="a token that is none"),
        pytest.param("POST", JOBS, b"{", 400, "Invalid JSON payload", id="a body that isn't JSON"),
        pytest.param("POST", JOBS, b"[]", 400, "expected an object", id="a body that is a list"),
        pytest.param("POST", "/_local/faults", {"faults": ["x"]}, 400, "expected METHOD PATH-REGEX", id="a bad fault"),
        pytest.param("GET", "/_local/nothing", None, 404, "faults, requests, about, clock", id="an unknown page of ours"),
    ],
)
def test_errors_have_googles_shape(rest, method, path, body, status, message):
    answer = rest(method, path, body)
    assert (answer.status, answer.json["error"]["code"]) == (status, status)
    assert message in answer.message


def test_a_page_goes_on_where_it_was_when_rows_come_and_go(rest):
    for name in "bcd":
        rest("POST", JOBS, JOB | {"name": f"{JOBS[4:]}/{name}"})
    token = rest("GET", f"{JOBS}?pageSize=2").json["nextPageToken"]
    rest("POST", JOBS, JOB | {"name": f"{JOBS[4:]}/a"})
    rest("DELETE", f"{JOBS}/c")
    found = rest("GET", f"{JOBS}?pageSize=2&pageToken={token}").json
    assert [job["name"][-1] for job in found["jobs"]] == ["d"]
    assert "nextPageToken" not in found


@pytest.mark.parametrize(
    ("spec", "statuses"),
    [
        pytest.param("POST :pause$ 409 x2", [409, 409, 200, 200, 200, 200], id="the first two"),
        pytest.param("POST :pause$ 503 /3", [200, 200, 503, 200, 200, 503], id="every third"),
        pytest.param("* /jobs/a 429", [429] * 6, id="every one"),
        pytest.param("GET :pause$ 429", [200] * 6, id="another method"),
        pytest.param("POST :resume$ 429", [200] * 6, id="another path"),
    ],
)
def test_faults_strike_as_asked(rest, spec, statuses):
    rest("POST", JOBS, JOB)
    assert rest("POST", "/_local/faults", {"faults": [spec]}).status == 200
    answers = [rest("POST", f"{JOBS}/a:pause", {}) for _ in statuses]
    assert [answer.status for answer in answers] == statuses
    assert rest("GET", "/_local/faults").json["faults"] == [{"fault": spec, "hits": sum(s != 200 for s in statuses)}]
    rest("DELETE", "/_local/faults")
    assert rest("POST", f"{JOBS}/a:pause", {}).status == 200


def test_a_fault_leaves_the_job_alone(rest):
    rest("POST", JOBS, JOB)
    rest("POST", "/_local/faults", {"faults": ["POST :pause$ 409"]})
    answer = rest("POST", f"{JOBS}/a:pause", {})
    assert (answer.json["error"]["status"], "sync mutate calls" in answer.message) == ("ABORTED", True)
    assert rest("GET", f"{JOBS}/a").json["state"] == "ENABLED"


def test_latency_is_set_and_cleared(rest):
    assert rest("POST", "/_local/faults", {"latency": "1ms"}).json == {"latency": "1ms", "faults": []}
    assert rest("DELETE", "/_local/faults").json == {"latency": "0ms", "faults": []}


@pytest.mark.parametrize("spec", ["grants=60s", "metrics=600s", "api-enable=30s", "lag=600s", "strict_pause", "tokens shown"])
def test_what_google_delays_or_may_do_is_asked_for_by_name_and_cleared(rest, spec):
    assert rest("POST", "/_local/faults", {"faults": [spec]}).json["faults"] == [{"fault": spec}]
    assert rest("DELETE", "/_local/faults").json["faults"] == []


@pytest.mark.parametrize(("text", "seconds"), [("120ms", 0.12), ("2s", 2.0), ("0.5s", 0.5), ("10m", 600.0), ("1h", 3600.0)])
def test_latency_is_read(text, seconds):
    assert parse_latency(text) == seconds


@pytest.mark.parametrize("text", ["120", "fast", "-1ms", "1 s"])
def test_bad_latency_says_what_is_expected(text):
    with pytest.raises(ValueError, match="such as 120ms"):
        parse_latency(text)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param("pause", "expected METHOD PATH-REGEX CODE", id="a word"),
        pytest.param("POST ( 409", "not a regular expression", id="a broken pattern"),
        pytest.param("POST x 418", "not one of 400, 401, 403", id="a code that the API doesn't have"),
        pytest.param("POST x 409 x0", "at least 1", id="zero times"),
        pytest.param("POST x 409 /0", "at least 1", id="every zeroth"),
    ],
)
def test_bad_faults_say_what_is_expected(spec, message):
    with pytest.raises(ValueError, match=message):
        parse_fault(spec)


def test_requests_are_counted_by_method(rest):
    rest("POST", JOBS, JOB)
    rest("POST", f"{JOBS}/a:pause", {})
    rest("GET", f"{JOBS}/a")
    rest("GET", JOBS)
    jobs = "cloudscheduler.projects.locations.jobs"
    expected = {f"{jobs}.create": 1, f"{jobs}.get": 1, f"{jobs}.list": 1, f"{jobs}.pause": 1}
    assert rest("GET", "/_local/requests").json == {"reads": 2, "writes": 2, "methods": expected}
    assert rest("DELETE", "/_local/requests").json == {"reads": 0, "writes": 0, "methods": {}}


def test_only_loopback_is_served(emulator):
    assert emulator.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("spelling", ["displayName", "display_name"])
def test_a_mask_is_understood_in_both_spellings(rest, spelling):
    made = rest(
        "POST", "/v1/projects/p/serviceAccounts", {"accountId": "a-name", "serviceAccount": {"displayName": "old"}}
    ).json
    body = {"serviceAccount": {"displayName": "new"}, "updateMask": spelling}
    assert rest("PATCH", f"/v1/{made['name']}", body).json["displayName"] == "new"


def test_a_mask_in_the_query_is_as_good_as_one_in_the_body(rest):
    rest("PUT", "/v1/projects/p/topics/abc", {"labels": {"a": "b"}})
    changed = rest("PATCH", "/v1/projects/p/topics/abc?updateMask=labels", {"topic": {"labels": {"c": "d"}}})
    assert (changed.status, changed.json["labels"]) == (200, {"c": "d"})


@pytest.mark.parametrize(
    ("mask", "changed"),
    [
        pytest.param("httpTarget.uri", {"uri": "https://y.example", "headers": {"A": "1"}}, id="a field within"),
        pytest.param("http_target.headers.A", {"uri": "https://x.example", "headers": {"A": "2"}}, id="a key of a map within"),
        pytest.param("http_target", {"uri": "https://y.example", "headers": {"A": "2"}}, id="all of it"),
        pytest.param(
            "httpTarget.uri,http_target.headers", {"uri": "https://y.example", "headers": {"A": "2"}}, id="two within"
        ),
        pytest.param("http_target.headers.B", {"uri": "https://x.example", "headers": {"A": "1"}}, id="a key that isn't there"),
    ],
)
def test_a_mask_changes_what_it_names_and_no_more(rest, mask, changed):
    rest("POST", JOBS, JOB | {"httpTarget": {"uri": "https://x.example", "headers": {"A": "1"}}})
    body = {"schedule": "7 * * * *", "httpTarget": {"uri": "https://y.example", "headers": {"A": "2"}}}
    job = rest("PATCH", f"{JOBS}/a?updateMask={mask}", body).json
    shown = job["httpTarget"]
    assert {"uri": shown["uri"], "headers": {k: v for k, v in shown["headers"].items() if k != "User-Agent"}} == changed
    assert job["schedule"] == JOB["schedule"]


def test_a_mask_that_names_no_field_is_refused(rest):
    rest("POST", JOBS, JOB)
    answer = rest("PATCH", f"{JOBS}/a?updateMask=httpTarget.adress", {"schedule": "7 * * * *"})
    assert (answer.status, "'httpTarget.adress'" in answer.message) == (400, True)


def test_a_mask_of_a_star_is_all_of_it(rest):
    rest("PUT", "/v1/projects/p/topics/abc", {"labels": {"a": "b"}, "messageRetentionDuration": "600s"})
    changed = rest("PATCH", "/v1/projects/p/topics/abc?updateMask=*", {"topic": {"labels": {"c": "d"}}}).json
    assert changed == {"name": "projects/p/topics/abc", "labels": {"c": "d"}}


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        ("serviceAccount:Scraper@P.iam.gserviceaccount.com", "serviceAccount:scraper@p.iam.gserviceaccount.com"),
        ("user:Ana@Example.com", "user:ana@example.com"),
        ("domain:Example.COM", "domain:example.com"),
        (
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/P/subject/S",
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/P/subject/S",
        ),
        ("allUsers", "allUsers"),
    ],
)
def test_the_address_of_a_member_is_answered_in_small_letters(rest, given, answered):
    rest("POST", "/v1/projects/p/serviceAccounts", {"accountId": "scraper"})
    rest("PUT", "/v1/projects/p/topics/abc", {})
    policy = {"policy": {"bindings": [{"role": "roles/pubsub.publisher", "members": [given]}]}}
    for answer in (
        rest("POST", "/v1/projects/p/topics/abc:setIamPolicy", policy),
        rest("GET", "/v1/projects/p/topics/abc:getIamPolicy"),
    ):
        assert answer.json["bindings"][0]["members"] == [answered]


def test_a_policy_changes_what_its_mask_names(rest):
    """The Terraform provider sends bindings,etag,auditConfigs for a project."""
    url = "/v1/projects/p:setIamPolicy"
    viewer = [{"role": "roles/viewer", "members": ["allUsers"]}]
    audits = [{"service": "allServices", "auditLogConfigs": [{"logType": "ADMIN_READ"}]}]
    every = {"policy": {"bindings": viewer, "auditConfigs": audits}, "updateMask": "bindings,etag,auditConfigs"}
    assert rest("POST", url, every).json["auditConfigs"] == audits
    assert rest("POST", url, {"policy": {"bindings": []}}).json["auditConfigs"] == audits
    rest("POST", url, {"policy": {"bindings": viewer}, "updateMask": "bindings"})
    rest("POST", url, {"policy": {}, "updateMask": "auditConfigs"})
    found = rest("POST", "/v1/projects/p:getIamPolicy", {}).json
    assert (found["bindings"], "auditConfigs" in found) == (viewer, False)
    refused = rest("POST", url, {"policy": {"bindings": [], "auditConfigs": audits}})
    assert (refused.status, "'auditConfigs" in refused.message) == (400, True), "without a mask they aren't changed"


def test_the_last_request_is_answered_before_the_state_is_closed(tmp_path, capsys):
    answers: list[int] = []
    with target.serve(tmp_path / "cloud") as running:
        rest = Rest(running.url)
        rest("POST", JOBS, JOB)
        rest("POST", "/_local/faults", {"latency": "300ms"})
        late = threading.Thread(target=lambda: answers.append(rest("GET", f"{JOBS}/a").status))
        late.start()
        while not rest("GET", "/_local/requests").json["reads"]:  # counted, and asleep
            pass
    late.join()
    assert answers == [200]
    assert capsys.readouterr().err == ""


def test_without_room_for_its_state_nothing_is_to_be_tried_again(emulator, rest, capsys):
    """Every 5xx is, by Google's clients and by Terraform's lock of the state, as long as they like: a deploy hung for ever."""
    assert rest("POST", JOBS, JOB).status == 200
    database = emulator.runtime.store._db
    database.execute("PRAGMA max_page_count = 1")  # which SQLite makes what is in use: as on a full disk
    answers = [rest("POST", JOBS, {**JOB, "name": f"{JOB['name']}{n}", "description": "x" * 400}) for n in range(40)]
    assert {answer.status for answer in answers} == {200, 400}
    assert "can't keep its state: database or disk is full; make room on the disk of " in answers[-1].message
    assert "can't keep its state" in capsys.readouterr().err
    assert rest("GET", JOBS).status == 200
    database.execute("PRAGMA max_page_count = 100000")
    assert rest("POST", JOBS, {**JOB, "name": f"{JOB['name']}-again"}).status == 200
