"""What is deployed, as Google's APIs list it: against the emulator, which has the shapes of the discovery documents."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from interlock.gcp import CloudError
from interlock.gcp.services import Services
from interlock.gcp.session import Refusal
from interlock.inventory import Deployed, Form
from local.emulator import Running, serve
from tests.local.plain import Rest
from tests.local.sources import archive

PROJECT = "interlock-local"
SOURCE = {"storageSource": {"bucket": "code", "object": "o"}}
FUNCTION = {"buildConfig": {"runtime": "python312", "entryPoint": "main", "source": SOURCE}}


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with serve(tmp_path / "state") as running:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", running.url)
        rest = Rest(running.url)
        rest("POST", f"/storage/v1/b?project={PROJECT}", {"name": "code"})
        rest("POST", "/upload/storage/v1/b/code/o?uploadType=media&name=o", archive())
        yield running


def parent(region: str) -> str:
    return f"/v2/projects/{PROJECT}/locations/{region}"


def test_functions_of_every_region_and_the_services_of_one(cloud: Running) -> None:
    rest = Rest(cloud.url)
    for region in ("us-west2", "us-central1"):
        assert rest("POST", f"{parent(region)}/functions?functionId=export", FUNCTION).status == 200
    assert rest("POST", f"{parent('us-west2')}/services?serviceId=scrapers", {}).status == 200
    services = Services(PROJECT)
    found, unreachable = services.functions()
    assert [(each.name, each.region, each.form, each.state) for each in found] == [
        ("export", "us-central1", Form.FUNCTION, "ACTIVE"),
        ("export", "us-west2", Form.FUNCTION, "ACTIVE"),
    ]
    assert found[1].urls[-1] == "https://export-100000000000.us-west2.run.invalid"
    assert unreachable == []
    full, urls = f"projects/{PROJECT}/locations/us-west2/services", ("https://scrapers-100000000000.us-west2.run.invalid",)
    assert services.services("us-west2") == [
        Deployed(name="export", region="us-west2", form=Form.SERVICE, urls=found[1].urls[-1:], service=f"{full}/export"),
        Deployed(name="scrapers", region="us-west2", form=Form.SERVICE, urls=urls, service=f"{full}/scrapers"),
    ]
    assert services.services("europe-west1") == []


def test_a_refusal_says_which_api_and_why(cloud: Running) -> None:
    rest = Rest(cloud.url)
    with pytest.raises(CloudError, match=r"run\.googleapis\.com says no \(400\): Location must be a valid Google Cloud region"):
        Services(PROJECT).services("-")
    rest("POST", "/_local/faults", {"faults": ["GET /functions 403"]})
    with pytest.raises(CloudError, match=r"cloudfunctions\.googleapis\.com says no \(403\)"):
        Services(PROJECT).functions()


@contextmanager
def saying(*answers: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these answers, the last one again and again, and the paths that it was asked for."""
    left, asked = list(answers), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            del format, arguments

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_pages_are_followed_and_regions_that_did_not_answer_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"projects/{PROJECT}/locations/us-west2/functions/"
    first = {"functions": [{"name": f"{name}a", "environment": "GEN_1"}], "nextPageToken": "a/b&c"}
    last = {
        "functions": [{"name": f"{name}b", "eventTrigger": {"pubsubTopic": "projects/p/topics/t"}}],
        "unreachable": ["projects/p/locations/us-east1"],
    }
    with saying(json.dumps(first).encode(), json.dumps(last).encode()) as (url, asked):
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", url)
        found, unreachable = Services(PROJECT).functions()
    assert [(each.name, each.form, each.topic) for each in found] == [
        ("a", Form.FIRST_GENERATION, ""),
        ("b", Form.FUNCTION, "projects/p/topics/t"),
    ]
    assert unreachable == ["us-east1"]
    assert asked[1] == f"/v2/projects/{PROJECT}/locations/-/functions?pageSize=1000&pageToken=a%2Fb%26c"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(b"<html>", "can't be asked", id="no JSON"),
        pytest.param(b"[]", "says no", id="a list"),
        pytest.param(b'{"nextPageToken": "x"}', "names more than 100 pages", id="pages without end"),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_list(monkeypatch: pytest.MonkeyPatch, answer: bytes, said: str) -> None:
    with saying(answer) as (url, _):
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", url)
        with pytest.raises(CloudError, match=said):
            Services(PROJECT).functions()


def test_accounts_run_jobs_and_push_subscriptions(cloud: Running) -> None:
    rest = Rest(cloud.url)
    runs_as = {"serviceAccount": "s@p.iam.gserviceaccount.com"}
    assert rest("POST", f"{parent('us-west2')}/services?serviceId=scrapers", {"template": runs_as}).status == 200
    assert rest("POST", f"{parent('us-west2')}/jobs?jobId=nightly", {"template": {"template": runs_as}}).status == 200
    assert rest("PUT", f"/v1/projects/{PROJECT}/topics/done", {}).status == 200
    topic = f"projects/{PROJECT}/topics/done"
    for name, push in (("pulls", {}), ("pushes", {"pushEndpoint": "https://s.example/push"})):
        body = {"topic": topic, "pushConfig": push}
        assert rest("PUT", f"/v1/projects/{PROJECT}/subscriptions/{name}", body).status == 200
    services = Services(PROJECT)
    assert [each.account for each in services.services("us-west2")] == ["s@p.iam.gserviceaccount.com"]
    assert services.run_jobs("us-west2") == [
        Deployed(name="nightly", region="us-west2", form=Form.RUN_JOB, account="s@p.iam.gserviceaccount.com")
    ]
    assert services.pushes() == [(topic, "https://s.example/push")]


def test_a_quota_is_waited_for_a_few_times_and_said(cloud: Running) -> None:
    rest = Rest(cloud.url)
    heard, slept = list[str](), list[float]()
    rest("POST", "/_local/faults", {"faults": ["GET /functions 429 x2"]})
    assert Services(PROJECT, heard.append, slept.append).functions() == ([], [])
    assert heard == [f"cloudfunctions.googleapis.com refuses for now (429); waiting {seconds} seconds" for seconds in (2, 5)]
    rest("POST", "/_local/faults", {"faults": ["GET /functions 429"]})
    with pytest.raises(CloudError, match=r"cloudfunctions\.googleapis\.com says no \(429\)"):
        Services(PROJECT, heard.append, slept.append).functions()
    assert slept == [2, 5, 2, 5, 15, 40]


def test_fields_of_other_types_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {"functions": [{"name": 7, "serviceConfig": [], "url": None, "eventTrigger": "x"}, 3], "unreachable": 5}
    with saying(json.dumps(odd).encode()) as (url, _):
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", url)
        assert Services(PROJECT).functions() == ([Deployed(name="", region="", form=Form.FUNCTION)], [])


def test_the_names_of_jobs_and_whether_an_account_is_there(cloud: Running) -> None:
    rest, region = Rest(cloud.url), f"/v1/projects/{PROJECT}/locations/us-west2"
    job = {"name": f"{region[4:]}/jobs/Odds_V2", "schedule": "0 6 * * *", "httpTarget": {"uri": "https://s.example"}}
    assert rest("POST", f"{region}/jobs", job).status == 200
    made = rest("POST", f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "scheduler-invoker"})
    assert made.status == 200
    services, email = Services(PROJECT), f"scheduler-invoker@{PROJECT}.iam.gserviceaccount.com"
    assert services.job_names("us-west2") == [job["name"]]
    assert services.job_names("us-east1") == []
    assert services.has_account(f"projects/{PROJECT}/serviceAccounts/{email}")
    assert not services.has_account(f"projects/{PROJECT}/serviceAccounts/other-{email}")


@pytest.mark.parametrize(
    ("said", "is_off"),
    [
        pytest.param("Cloud Scheduler API has not been used in project 1 before or it is disabled.", True, id="off"),
        pytest.param('lacks IAM permission "cloudscheduler.jobs.list"', False, id="forbidden"),
    ],
)
def test_an_api_that_is_off_is_told_from_one_that_forbids(said: str, is_off: bool) -> None:
    assert Refusal("cloudscheduler", 403, said).is_off is is_off
    assert not Refusal("cloudscheduler", 404, said).is_off
