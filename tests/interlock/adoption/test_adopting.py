"""What is written of live jobs, read again by the reader of catalogs."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import date
from pathlib import PurePosixPath

import pytest

from interlock.actual import ActualJob
from interlock.adoption.adopting import EMPTY, Adoption, Asked, adopt, differing
from interlock.catalog import Json, ServiceKind
from interlock.live import live_attributes
from interlock.secrets import WITHHELD
from interlock.terraform.attributes import job_attributes
from tests.interlock.adoption.test_property import live
from tests.interlock.cloud import environment

TODAY = date(2026, 11, 29)
PROJECT = environment().project
ASKED = Asked(platform="mine", env=environment(), today=TODAY)
SECRET = "5f1c9e2ab34d4c7f9b1e"
RUN = "https://web-100000000000.us-west2.run.invalid"


def http(
    uri: str = f"{RUN}/x", region: str = "us-west2", name: str = "fetch", state: str = "ENABLED", **said: object
) -> ActualJob:
    """A job as the API answers it."""
    body = {"schedule": "0 * * * *", "timeZone": "UTC", "attemptDeadline": "180s"}
    return live(region, name, {**body, "httpTarget": {"uri": uri, "httpMethod": "POST", **said}}, state)


def topic(name: str, full: str, **said: object) -> ActualJob:
    """A job that sends a message."""
    return live("us-west2", name, {"schedule": "0 * * * *", "timeZone": "UTC", "pubsubTarget": {"topicName": full, **said}})


def oidc(account: str = "invoker", audience: str = RUN) -> dict[str, object]:
    """The token of a job."""
    email = account if "@" in account else f"{account}@{PROJECT}.iam.gserviceaccount.com"
    return {"oidcToken": {"serviceAccountEmail": email, "audience": audience}}


def adopted(*jobs: ActualJob, asked: Asked = ASKED) -> Adoption:
    """What comes of jobs where there is no catalog yet."""
    return adopt(jobs, {}, EMPTY, asked)


def said(found: Adoption) -> str:
    """All that is written."""
    return "".join(found.files.values())


@pytest.mark.parametrize(
    ("uri", "kind", "key", "path", "in_environment"),
    [
        (f"{RUN}/x?y=1", ServiceKind.RUN, "web", "/x?y=1", False),
        ("https://web-abcdefghij-uw.a.run.app/x", ServiceKind.RUN, "web", "/x", True),
        ("https://v2---web-abcdefghij-uw.a.run.app", ServiceKind.RUN, "v2-web", "", True),
        ("https://web-100000000000.us-east1.run.app/x", ServiceKind.RUN, "web", "/x", True),
        ("https://us-west2-interlock-local.cloudfunctions.invalid/fn/x", ServiceKind.FUNCTION, "fn", "/x", False),
        ("https://us-west2-other.cloudfunctions.net/My_Fn?x", ServiceKind.FUNCTION, "my-fn", "?x", True),
        (
            f"https://run.googleapis.com/v2/projects/{PROJECT}/locations/us-west2/jobs/b:run",
            ServiceKind.RUN_JOB,
            "b",
            "",
            False,
        ),
        (
            "https://run.googleapis.com/v2/projects/other-project/locations/us-west2/jobs/b:run",
            ServiceKind.API,
            "run",
            "/v2/projects/other-project/locations/us-west2/jobs/b:run",
            False,
        ),
        (f"https://us-central1-run.googleapis.com/n/{PROJECT}/j", ServiceKind.API, "us-central1-run", "/n/{project}/j", False),
        ("https://api.example.com:8443/a/{region}", ServiceKind.URL, "api-example-com-8443", "/a/{{region}}", False),
        (f"http://10.0.0.7/{PROJECT}", ServiceKind.URL, "host-10-0-0-7", f"/{PROJECT}", False),
    ],
)
def test_what_a_url_is(uri: str, kind: ServiceKind, key: str, path: str, in_environment: bool) -> None:
    found = adopted(http(uri))
    job = found.catalog.jobs["fetch"]
    assert (job.target.service.kind, job.target.service.name, job.target.path) == (kind, key, path)
    assert (key in found.env.service_urls) is in_environment
    assert found.env.uri(job) == uri


def test_one_service_that_answers_in_two_regions_is_one() -> None:
    jobs = [http(f"https://web-100000000000.{region}.run.invalid/x", region) for region in ("us-west2", "us-east1")]
    found = adopted(*jobs)
    assert list(found.catalog.services) == ["web"]
    assert found.env.service_urls == {}
    assert sorted(found.catalog.jobs) == ["fetch-us-east1", "fetch-us-west2"]


def test_one_that_a_job_calls_from_another_region_has_its_url_in_the_environment() -> None:
    found = adopted(http(), http(region="us-east1"))
    assert found.env.service_urls == {"web": RUN}
    assert len(found.catalog.jobs) == 2


def test_topics_of_this_project_and_of_another() -> None:
    names = {
        "own": f"projects/{PROJECT}/topics/own",
        "odd": f"projects/{PROJECT}/topics/Odd.One",
        "far": "projects/far-away/topics/x1y",
    }
    found = adopted(*(topic(name, full, data=b64encode(b"{}").decode()) for name, full in names.items()))
    for name, full in names.items():
        assert found.env.topic(found.catalog.jobs[name].target.service) == full
    assert "own: {kind: topic}\n" in said(found)
    assert "odd-one: {kind: topic, topic: Odd.One}\n" in said(found)


def test_the_account_of_most_jobs_is_the_invoker_and_the_others_have_names() -> None:
    jobs = [http(name=f"job-{number}", **oidc("runner")) for number in range(3)]
    found = adopted(*jobs, http(name="other", **oidc("other")), http(name="odd", **oidc("somebody@example.com")))
    assert found.env.invoker == f"runner@{PROJECT}.iam.gserviceaccount.com"
    assert found.env.accounts == {"other": f"other@{PROJECT}.iam.gserviceaccount.com"}
    assert "token: {oidc: {account: other}}" in said(found)
    assert "token: {oidc: {account: somebody@example.com}}" in said(found)


def test_a_token_that_all_jobs_of_a_service_have_is_the_service_s() -> None:
    jobs = [http(name=name, **oidc(audience="https://elsewhere.example.com")) for name in ("a", "b")]
    found = adopted(*jobs)
    assert 'web: {kind: run, token: {oidc: {audience: "https://elsewhere.example.com"}}}' in said(found)
    assert said(found).count("token:") == 1


@pytest.mark.parametrize(
    ("content", "headers", "written"),
    [
        (b'{"a":"b"}', {"Content-Type": "application/json"}, "body: {a: b}}"),
        (b'{"a":"b"}', {"content-type": "application/json"}, "headers: {content-type: application/json}, body: {a: b}}"),
        (b'{"a":"b"}', {}, 'text: \'{"a":"b"}\'}'),
        (b'{"a": "b"}', {"Content-Type": "application/json"}, 'text: \'{"a": "b"}\'}'),
        (b'{"a":"yes","b":"1"}', {"Content-Type": "application/json"}, 'body: {a: "yes", b: "1"}}'),
        (b'{"a":1e+16}', {"Content-Type": "application/json"}, "text: '{\"a\":1e+16}'}"),
        (b"line\nline", {}, 'text: "line\\nline"}'),
        (b"\xff\x00", {}, 'base64: "/wA="}'),
        (b"\x1b[2J", {}, 'base64: "G1sySg=="}'),
    ],
)
def test_what_is_sent_is_kept_byte_for_byte(content: bytes, headers: dict[str, str], written: str) -> None:
    found = adopted(http(body=b64encode(content).decode(), **({"headers": headers} if headers else {}), **oidc()))
    assert written in said(found)
    target = found.catalog.jobs["fetch"].target
    assert (target.content, dict(target.all_headers)) == (content, headers)


def test_what_google_adds_is_nobodys() -> None:
    headers = {"User-Agent": "Google-Cloud-Scheduler", "X-Google-Trace": "x", "Authorization": f"Bearer {SECRET}"}
    found = adopted(http(headers=headers, **oidc()))
    assert "headers" not in said(found)
    assert found.secrets == {}, "the access token beside a token is Google's own"


def test_names_that_can_be_no_keys_and_those_that_meet() -> None:
    found = adopted(*(http(name=name) for name in ("Odds_Props", "odds-props", "2nd", "interlock-x", "---", "a" * 300)))
    keys = {job.scheduler_name: key for key, job in found.catalog.jobs.items()}
    assert keys["odds-props"] == "odds-props"
    assert keys["Odds_Props"] == "odds-props-us-west2"
    assert keys["2nd"] == "job-2nd"
    assert keys["interlock-x"] == "x"
    assert keys["---"] == "job"
    assert len(keys["a" * 300]) == 100


def test_our_own_timers_are_left_out_and_somebody_elses_are_not() -> None:
    ours, theirs = http(name="interlock-tick"), http(name="interlock-tock")
    found = adopted(replace(ours, target=f"{environment().coordinator_url}/"), theirs)
    assert (found.own, list(found.catalog.jobs)) == (1, ["tock"])


def test_a_job_that_is_paused_stays_so_and_waits_for_a_decision() -> None:
    found = adopted(http(state="PAUSED"))
    job = found.catalog.jobs["fetch"]
    assert job.undecided is not None
    assert (job.paused, job.undecided.review) == (None, date(2026, 12, 13))


@pytest.mark.parametrize(
    ("job", "why"),
    [
        (http(state="DISABLED"), "Google says DISABLED of it; look at it there, and adopt it when it runs again"),
        (http(state="UPDATE_FAILED"), "Google says UPDATE_FAILED of it; look at it there, and adopt it when it runs again"),
        (http("ftp://files.example.com"), "its URL does not begin with http:// or https:// and a host"),
        (http("https://"), "its URL does not begin with http:// or https:// and a host"),
        (
            live(
                "us-west2",
                "fetch",
                {
                    "schedule": "0 * * * *",
                    "timeZone": "UTC",
                    "appEngineHttpTarget": {
                        "relativeUri": "/",
                        "httpMethod": "POST",
                        "appEngineRouting": {"host": f"worker.{PROJECT}.appspot.com"},
                    },
                },
            ),
            "nobody can tell from its host which service or version of App Engine it calls",
        ),
        (topic("fetch", f"projects/{PROJECT}/topics/t"), "the catalog can't say its pubsub_target.data as it is"),
    ],
)
def test_what_the_catalog_can_not_say_stays_outside_with_the_reason(job: ActualJob, why: str) -> None:
    found = adopted(job)
    assert found.entries == []
    assert [(one.identity, one.reason) for one in found.outside] == [("us-west2/fetch", why)]
    assert found.catalog.unmanaged["us-west2/fetch"].until == date(2027, 2, 27)


def test_a_job_whose_target_may_not_be_seen_is_not_written() -> None:
    found = adopted(live("us-west2", "fetch", {"schedule": "0 * * * *", "timeZone": "UTC"}))
    assert (found.unseen, found.files) == (["us-west2/fetch"], {})


def test_a_job_that_somebody_wants_outside() -> None:
    found = adopted(http(), http(name="other"), asked=replace(ASKED, leave=frozenset({"fetch"}), owner="ops"))
    assert list(found.catalog.jobs) == ["other"]
    assert found.catalog.unmanaged["us-west2/fetch"].owner == "ops"


JSON = {"Content-Type": "application/json"}
HIDDEN_BODY = b64encode(b'{"api_key": "' + SECRET.encode() + b'", "x": 1}').decode()
WRAPPED = b64encode(b'{"inner": "{\\"password\\": \\"' + SECRET.encode() + b'\\"}"}').decode()


@pytest.mark.parametrize(
    ("job", "where"),
    [
        (http(headers={"X-Api-Key": SECRET}), ("header", "X-Api-Key")),
        (http(headers={"Authorization": f"Bearer {SECRET}"}), ("header", "Authorization")),
        (http(f"{RUN}/x?token={SECRET}&y=1"), ("URL", "token")),
        (http(f"https://user:{SECRET}@host.example.com/x"), ("URL", "path")),
        (http(f"https://hooks.slack.com/services/T0/B0/{SECRET}"), ("URL", "path")),
        (http(f"{RUN}/token/{SECRET}/x"), ("URL", "key")),
        (http(headers=JSON, body=HIDDEN_BODY), ("body", "api_key")),
        (http(headers=JSON, body=WRAPPED), ("body", "password")),
        (http(body=b64encode(f"password={SECRET}".encode()).decode()), ("body", "password")),
        (topic("fetch", f"projects/{PROJECT}/topics/t01", attributes={"secret": SECRET}), ("message attribute", "secret")),
    ],
)
def test_a_secret_is_in_nothing_that_is_written_or_said(job: ActualJob, where: tuple[str, str]) -> None:
    found = adopted(job)
    assert where in found.secrets["us-west2/fetch"]
    assert SECRET not in repr(found)
    assert SECRET not in said(found)
    assert WITHHELD in said(found)
    assert list(found.catalog.jobs) == ["fetch"]
    differs = differing(job_attributes(found.catalog.jobs["fetch"], found.env), live_attributes(job.resource))
    assert len(differs) == 1, "it differs by the secret alone"


def test_what_is_known_already_is_not_proposed_again_and_its_services_are_used() -> None:
    first = adopted(http(**oidc()), http("https://web-abcdefghij-uw.a.run.app/x", name="hashed"))
    existing = {PurePosixPath("mine", name): text.encode() for name, text in first.files.items()}
    asked = replace(ASKED, env=first.env)
    jobs = [http(**oidc()), http("https://web-abcdefghij-uw.a.run.app/y", name="more"), http(name="new", **oidc())]
    second = adopt(jobs, existing, first.catalog, asked)
    assert (second.known, sorted(second.files)) == (1, ["adopted-2026-11-29.yaml"])
    assert "services" not in said(second)
    third = adopt(
        jobs, {**existing, PurePosixPath("mine/adopted-2026-11-29.yaml"): said(second).encode()}, second.catalog, asked
    )
    assert (third.known, third.files) == (3, {})


def test_beside_another_platform_a_folder_has_retry_profiles_of_its_own_and_says_whose_service_it_calls() -> None:
    spans: dict[str, Json] = {"minBackoffDuration": "5s", "maxBackoffDuration": "9s", "maxRetryDuration": "0s"}
    retry: dict[str, Json] = {"retryCount": 1, "maxDoublings": 5, **spans}
    jobs = [replace(one, resource={**one.resource, "retryConfig": retry}) for one in (http(name="one"), http(name="two"))]
    first = adopt(jobs[:1], {}, EMPTY, replace(ASKED, platform="mine"))
    existing = {PurePosixPath("mine", name): text.encode() for name, text in first.files.items()}
    second = adopt(jobs, existing, first.catalog, replace(ASKED, platform="yours"))
    assert "service: mine/web" in said(second)
    assert said(second).count("retry_profiles:") == 1
    assert {job.retry.platform for job in second.catalog.jobs.values() if job.retry} == {"mine", "yours"}
    assert len(second.catalog.services) == 1


def test_retry_settings_are_named_by_what_they_do() -> None:
    def job(name: str, **retry: object) -> ActualJob:
        whole = {
            "minBackoffDuration": "5s",
            "maxBackoffDuration": "3600s",
            "maxRetryDuration": "0s",
            "maxDoublings": 5,
            **retry,
        }
        one = http(name=name)
        return replace(one, resource={**one.resource, "retryConfig": whole})  # type: ignore[dict-item]

    found = adopted(
        http(name="without"),
        job("zero"),
        job("three", retryCount=3),
        job("three-too", retryCount=3),
        job("slow", retryCount=3, minBackoffDuration="90.500s"),
        job("timed", maxRetryDuration="7200s"),
    )
    names = {name: one.retry.name if one.retry else None for name, one in found.catalog.jobs.items()}
    assert names == {
        "without": None,
        "zero": "none",
        "three": "retry-3",
        "three-too": "retry-3",
        "slow": "retry-3-from-90-5s",
        "timed": "retry-for-2h",
    }


@pytest.mark.parametrize(
    "odd",
    [
        {"attemptDeadline": "180.123456789s"},
        {"retryConfig": {"minBackoffDuration": "1.123456789s"}},
        {"retryConfig": {"maxRetryDuration": "1.000000001s"}},
    ],
)
def test_one_job_that_can_not_be_said_stays_outside_and_the_others_are_adopted(odd: dict[str, object]) -> None:
    strange = live(
        "us-west2", "odd", {"schedule": "0 * * * *", "timeZone": "UTC", "httpTarget": {"uri": RUN}, **odd}, "ENABLED"
    )
    found = adopted(strange, http())
    assert [one.identity for one in found.outside] == ["us-west2/odd"]
    assert "fetch:" in said(found)


def test_a_body_that_is_no_base64_keeps_only_its_own_job_outside() -> None:
    found = adopted(http(name="odd", body="YQ"), http())
    assert [one.identity for one in found.outside] == ["us-west2/odd"]
