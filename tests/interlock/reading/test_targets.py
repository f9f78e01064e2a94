"""What a job calls, as written and as it is sent: URLs, tokens and bytes of every kind of service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interlock.catalog import Catalog, OAuth, Oidc, Token
from interlock.environment import Environment
from interlock.live import live_attributes
from interlock.reading.fit import check_fit
from interlock.reading.problems import SourceError
from interlock.terraform.attributes import job_attributes
from tests.interlock.adoption.real_shapes import created
from tests.interlock.catalogs import load
from tests.interlock.cloud import environment

OTHER = "other@interlock-local.iam.gserviceaccount.com"
INVOKER = "scheduler-invoker@interlock-local.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def env() -> Environment:
    urls = {"partner": "https://partner.example.com/base", "web": "https://web-abc-uw.a.run.app"}
    return replace(environment(), service_urls=urls, accounts={"reader": OTHER})


def catalog(service: str, target: str, job: str = "") -> Catalog:
    """One service and one job that calls it."""
    return load(f"""\
defaults: {{owner: data, time_zone: Etc/UTC, region: us-west2, deadline: 60s, retry: unset}}
services:
  {service}
jobs:
  call: {{description: d, schedule: "15 * * * *", target: {target}{job}}}
""")


def attributes(service: str, target: str) -> dict[str, object]:
    """The block of the target."""
    (block,) = (
        value for key, value in job_attributes(catalog(service, target).jobs["call"], env()).items() if key.endswith("target")
    )
    assert isinstance(block, dict)
    return dict(block)


@pytest.mark.parametrize(
    ("service", "target", "uri"),
    [
        pytest.param("web: {kind: run}", "{service: web, path: /a}", "https://web-abc-uw.a.run.app/a", id="of the environment"),
        pytest.param(
            "web: {kind: run, url: https://x.example}", "{service: web}", "https://web-abc-uw.a.run.app", id="of both"
        ),
        pytest.param(
            "own: {kind: run, url: https://x.example}", '{service: own, path: "?q"}', "https://x.example?q", id="its own"
        ),
        pytest.param(
            "own: {kind: run}", "{service: own, path: /a}", "https://own-100000000000.us-west2.run.invalid/a", id="by a pattern"
        ),
        pytest.param(
            "etl: {kind: run_job}",
            "{service: etl}",
            "https://run.googleapis.com/v2/projects/interlock-local/locations/us-west2/jobs/etl:run",
            id="of a run job",
        ),
        pytest.param(
            "dataform: {kind: api}",
            '{service: dataform, path: "/v1beta1/projects/{project}/locations/{region}/r"}',
            "https://dataform.googleapis.com/v1beta1/projects/interlock-local/locations/us-west2/r",
            id="an API of Google's by its name",
        ),
        pytest.param(
            "run-east: {kind: api, url: https://us-east1-run.googleapis.com}",
            '{service: run-east, path: "/apis/{{project}}/{project_number}/{other}"}',
            "https://us-east1-run.googleapis.com/apis/{project}/100000000000/{other}",
            id="one of a region, and braces that stay",
        ),
        pytest.param("partner: {kind: url}", "{service: partner}", "https://partner.example.com/base", id="another host"),
    ],
)
def test_where_a_job_calls(service: str, target: str, uri: str) -> None:
    assert attributes(service, target)["uri"] == uri


@pytest.mark.parametrize(
    ("service", "target", "token"),
    [
        pytest.param("web: {kind: run}", "{service: web, path: /a}", Oidc(), id="a service is shown an identity"),
        pytest.param("etl: {kind: run_job}", "{service: etl}", OAuth(), id="Google is shown an access token"),
        pytest.param("batch: {kind: api}", "{service: batch, path: /v1}", OAuth(), id="and so is any of its APIs"),
        pytest.param("partner: {kind: url}", "{service: partner}", None, id="another host is shown nothing"),
        pytest.param("web: {kind: run}", "{service: web, token: none}", None, id="nor is one that wants nothing"),
        pytest.param("web: {kind: run, token: none}", "{service: web}", None, id="by what the service says"),
        pytest.param(
            "web: {kind: run, token: none}",
            "{service: web, token: {oidc: {}}}",
            Oidc(),
            id="the job says more than its service",
        ),
        pytest.param(
            "web: {kind: run}",
            "{service: web, token: {oidc: {account: reader, audience: ''}}}",
            Oidc(account="reader", audience=""),
            id="an account of its own, and no audience",
        ),
        pytest.param(
            "web: {kind: run}", "{service: web, token: {oauth: {scope: s}}}", OAuth(scope="s"), id="a scope of its own"
        ),
    ],
)
def test_as_whom(service: str, target: str, token: Token) -> None:
    assert catalog(service, target).jobs["call"].target.token == token


@pytest.mark.parametrize(
    ("token", "written"),
    [
        pytest.param("{oidc: {}}", {"service_account_email": INVOKER, "audience": "https://x.example/b"}, id="the service"),
        pytest.param(
            '{oidc: {audience: "{uri}"}}',
            {"service_account_email": INVOKER, "audience": "https://x.example/b/a?q"},
            id="the whole URL",
        ),
        pytest.param(
            '{oidc: {audience: "{url}/ {{url}} {project}", account: reader}}',
            {"service_account_email": OTHER, "audience": "https://x.example/b/ {url} interlock-local"},
            id="a text with names in it",
        ),
        pytest.param("{oauth: {account: a@b.c}}", {"service_account_email": "a@b.c", "scope": SCOPE}, id="an address"),
    ],
)
def test_a_token_as_it_is_written(token: str, written: dict[str, str]) -> None:
    said = attributes("own: {kind: url, url: https://x.example/b}", f'{{service: own, path: "/a?q", token: {token}}}')
    assert [said[key] for key in said if key.endswith("_token")] == [written]


@pytest.mark.parametrize(
    ("target", "headers", "body"),
    [
        pytest.param("body: {b: 1, a: é}", {"Content-Type": "application/json"}, b'{"a":"\\u00e9","b":1}', id="JSON"),
        pytest.param(
            "body: [1], headers: {content-type: a/b}", {"content-type": "a/b"}, b"[1]", id="JSON that says it is something else"
        ),
        pytest.param('text: \'{"a": "é"}\'', None, '{"a": "é"}'.encode(), id="a text, byte for byte"),
        pytest.param('text: "a\\nb\\0"', None, b"a\nb\0", id="a text of several lines"),
        pytest.param("base64: /w==", None, b"\xff", id="bytes that are no text"),
        pytest.param("headers: {X-A: ''}", {"X-A": ""}, None, id="no body"),
    ],
)
def test_what_is_sent(target: str, headers: dict[str, str] | None, body: bytes | None) -> None:
    found = catalog("web: {kind: run}", f"{{service: web, {target}}}").jobs["call"].target
    assert (dict(found.all_headers) or None, found.content) == (headers, body)


def test_json_is_read_from_a_text_too() -> None:
    """A review and `show` know what it says."""
    assert catalog("web: {kind: run}", "{service: web, text: '{\"a\": 1}'}").jobs["call"].target.body == {"a": 1}


@pytest.mark.parametrize(
    ("service", "target", "problem"),
    [
        pytest.param(
            "elsewhere: {kind: url}",
            "{service: elsewhere}",
            "catalog/p/a.yaml:3: services.elsewhere: nobody says where it answers, and call calls it; write its url here,"
            " or under service_urls of environments/local.yaml",
            id="a host that nobody says",
        ),
        pytest.param(
            "web: {kind: run}",
            "{service: web, token: {oidc: {account: raeder}}}",
            "catalog/p/a.yaml:5: jobs.call: calls as the account raeder, which environments/local.yaml does not name under"
            " accounts; it knows reader",
            id="an account of the job's that nobody knows",
        ),
        pytest.param(
            "web: {kind: run, token: {oidc: {account: raeder}}}",
            "{service: web}",
            "catalog/p/a.yaml:3: jobs.call: calls as the account raeder, which environments/local.yaml does not name under"
            " accounts; it knows reader",
            id="an account of the service's that nobody knows",
        ),
    ],
)
def test_what_an_environment_leaves_open_is_said_where_the_catalog_says_it(service: str, target: str, problem: str) -> None:
    with pytest.raises(SourceError) as caught:
        check_fit(catalog(service, target), env())
    assert str(caught.value) == problem


def test_what_an_environment_says_fits() -> None:
    check_fit(catalog("partner: {kind: url}", "{service: partner, token: {oidc: {account: reader}}}"), env())


def test_every_real_job_has_attributes_that_differ_from_those_of_all_others() -> None:
    seen = [live_attributes(shape.resource()) for shape in created()]
    assert all({"name", "region", "schedule"} <= one.keys() for one in seen)
    assert len({repr(one) for one in seen}) == len(seen)
