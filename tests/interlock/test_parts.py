"""The parts of a job: which differ, in values and in digests alike, and what is no difference to Terraform's provider."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from interlock.catalog import Json
from interlock.parts import ANY, differing, differing_by_digest, digests

SECRET = "s3cr3t-that-nobody-may-read"
RETRIES: dict[str, Json] = {
    "retry_count": 3,
    "min_backoff_duration": "5s",
    "max_backoff_duration": "60s",
    "max_doublings": 5,
    "max_retry_duration": "0s",
}
OIDC: dict[str, Json] = {"service_account_email": "a@p.example", "audience": "https://x.example/"}
HTTP: dict[str, Json] = {
    "uri": "https://x.example/",
    "http_method": "POST",
    "headers": {"X-Key": "one"},
    "body": "e30=",
    "oidc_token": OIDC,
}
JOB: dict[str, Json] = {
    "name": "fetch",
    "region": "us-west2",
    "description": "Fetches",
    "schedule": "0 * * * *",
    "time_zone": "Etc/UTC",
    "attempt_deadline": "180s",
    "retry_config": RETRIES,
    "http_target": HTTP,
}
TOPIC: dict[str, Json] = {"topic_name": "projects/p/topics/t", "data": "e30=", "attributes": {"a": "b"}}


def job(**changed: Json) -> dict[str, Json]:
    return {name: value for name, value in {**JOB, **changed}.items() if value is not None}


def http(**changed: Json) -> dict[str, Json]:
    return job(http_target={name: value for name, value in {**HTTP, **changed}.items() if value is not None})


def topic(**changed: Json) -> dict[str, Json]:
    sent: dict[str, Json] = {name: value for name, value in {**TOPIC, **changed}.items() if value is not None}
    return job(http_target=None, pubsub_target=sent)


def app_engine(**routing: Json) -> dict[str, Json]:
    return job(http_target=None, app_engine_http_target={"relative_uri": "/x", "app_engine_routing": routing})


@pytest.mark.parametrize(
    ("declared", "live", "parts"),
    [
        pytest.param(job(), job(), (), id="nothing"),
        pytest.param(job(), job(schedule="1 * * * *"), ("schedule",), id="schedule"),
        pytest.param(job(), job(time_zone="UTC"), ("zone",), id="zone"),
        pytest.param(job(), job(description=SECRET), ("description",), id="description"),
        pytest.param(job(), job(attempt_deadline="60s"), ("deadline",), id="deadline"),
        pytest.param(job(), job(retry_config={**RETRIES, "retry_count": 0}), ("retries",), id="one number of the retries"),
        pytest.param(job(retry_config=None), job(), ("retries",), id="retries of a job that has none"),
        pytest.param(job(), http(uri=f"https://evil.example/{SECRET}"), ("URL",), id="host"),
        pytest.param(job(), http(http_method="GET"), ("method",), id="method"),
        pytest.param(job(), http(headers={"X-Key": SECRET}), ("headers",), id="header"),
        pytest.param(job(), http(headers={"x-key": "one"}), ("headers",), id="capitals of a header"),
        pytest.param(job(), http(body="W10="), ("body",), id="body"),
        pytest.param(job(), http(oidc_token={**OIDC, "service_account_email": "b@p"}), ("account",), id="account"),
        pytest.param(job(), http(oidc_token={**OIDC, "audience": "https://y.example"}), ("audience",), id="audience"),
        pytest.param(job(), http(oidc_token=None), ("account", "audience"), id="no token"),
        pytest.param(
            job(),
            http(oidc_token=None, oauth_token={"service_account_email": "a@p.example", "scope": "s"}),
            ("account", "audience", "scope"),
            id="another kind of token",
        ),
        pytest.param(topic(), topic(topic_name="projects/q/topics/t"), ("topic",), id="topic"),
        pytest.param(topic(), topic(data=None), ("body",), id="message"),
        pytest.param(topic(), topic(attributes={"a": "c"}), ("attributes",), id="attributes"),
        pytest.param(
            app_engine(service="a", version="v"), app_engine(service="b", version="v"), ("service",), id="service of App Engine"
        ),
        pytest.param(
            app_engine(service="a", version="v"), app_engine(service="a", version="w"), ("version",), id="version of App Engine"
        ),
        pytest.param(
            topic(),
            job(),
            ("account", "attributes", "audience", "body", "headers", "method", "topic", "URL"),
            id="another kind of target",
        ),
    ],
)
def test_a_difference_is_said_by_the_name_of_its_part_both_ways(
    declared: dict[str, Json], live: dict[str, Json], parts: tuple[str, ...]
) -> None:
    for one, other in ((declared, live), (live, declared)):
        assert differing(one, other) == parts
        assert differing_by_digest(digests(one), other) == parts


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        pytest.param(job(attempt_deadline=None), job(), id="a deadline of 180s is the one that is not written"),
        pytest.param(job(description=""), job(description=None), id="no description"),
        pytest.param(http(uri="https://x.example"), http(), id="a slash at the end of a URL"),
        pytest.param(http(headers=None), http(headers={}), id="no headers"),
        pytest.param(http(oidc_token={**OIDC, "audience": ""}), http(), id="an audience that is not said is the URL"),
        pytest.param(
            http(oidc_token=None, oauth_token={"service_account_email": "a", "scope": ""}),
            http(
                oidc_token=None,
                oauth_token={"service_account_email": "a", "scope": "https://www.googleapis.com/auth/cloud-platform"},
            ),
            id="a scope that is not said is all of Google Cloud",
        ),
    ],
)
def test_what_the_provider_takes_for_the_same_is_no_difference(declared: dict[str, Json], live: dict[str, Json]) -> None:
    for one, other in ((declared, live), (live, declared)):
        assert differing(one, other) == ()
        assert differing_by_digest(digests(one), other) == ()


def test_retries_that_are_not_written_stay_as_they_are() -> None:
    declared = job(retry_config={"retry_count": 3})
    assert differing(declared, job()) == ()
    assert differing(declared, job(retry_config={**RETRIES, "retry_count": 4})) == ("retries",)
    assert digests(declared)["retries"] == ANY
    assert differing_by_digest(digests(declared), job()) == ()


def test_a_target_that_is_not_shown_is_let_out() -> None:
    live = job(http_target=None, schedule="1 * * * *")
    assert differing(job(), live) == ("schedule",)
    assert differing_by_digest(digests(job()), live) == ("schedule",)


def test_digests_hold_no_value_and_are_too_short_to_tell_a_guess_from_another() -> None:
    said = digests(http(headers={"X-Key": SECRET}, uri=f"https://x.example/{SECRET}"))
    assert SECRET not in json.dumps(said)
    assert {len(digest) for digest in said.values()} == {4}


def test_digests_do_not_depend_on_the_order_in_which_things_are_written() -> None:
    def reversed_(value: Json) -> Json:
        return {key: reversed_(value[key]) for key in reversed(value)} if isinstance(value, Mapping) else value

    other = reversed_(JOB)
    assert isinstance(other, dict)
    assert digests(other) == digests(JOB)


@pytest.mark.parametrize("part", ["service", "version", "instance"])
def test_one_part_of_app_engine_alone_is_answered_as_a_host_and_is_no_difference(part: str) -> None:
    declared, live = app_engine(**{"service": "", part: "one"}), app_engine(service="")
    assert differing(declared, live) == ()
    assert differing_by_digest(digests(declared), live) == ()
