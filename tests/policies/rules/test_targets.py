"""What a job calls, as whom, and what it says there. No message may give away what looks like a secret."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from interlock.catalog import Json
from policies.rules.estate import Origin, Resource
from policies.rules.judge import Outcome
from tests.policies.estates import ABSENT, TOKEN, URL, Some, encoded, estate, http, job, said, verdict

GOOGLE = "https://us-east1-run.googleapis.com/v2/projects/p-2024/locations/us-east1/jobs/x:run"
OAUTH = {"service_account_email": "invoker@p.iam.gserviceaccount.com"}
SECRET = "hunter2"


def topic(**target: Some) -> Resource:
    return job(http_target=ABSENT, attempt_deadline=ABSENT, pubsub_target={"topic_name": "projects/p/topics/t", **target})


def body(value: Some) -> Resource:
    return job(http_target=http(body=encoded(value)))


@pytest.mark.parametrize(
    ("target", "found"),
    [
        pytest.param({}, [], id="OIDC with an audience for a service"),
        pytest.param({"uri": GOOGLE, "oauth_token": OAUTH, "oidc_token": ABSENT}, [], id="OAuth for Google's API"),
        pytest.param({"oidc_token": {**TOKEN, "service_account_email": "${google_service_account.a.email}"}}, [],
                     id="an account that the same stack makes"),
        pytest.param({"oidc_token": ABSENT}, ["calls web-1.us-west2.run.app as nobody"], id="nobody"),
        pytest.param({"oidc_token": {"service_account_email": "a@b"}}, ["has no audience"], id="no audience"),
        pytest.param({"oidc_token": {**TOKEN, "audience": ""}}, ["has no audience"], id="an empty audience"),
        pytest.param({"oidc_token": {"audience": URL}}, ["has no service_account_email"], id="an audience for nobody"),
        pytest.param({"oauth_token": OAUTH}, ["would hand an access token to"], id="both for a service"),
        pytest.param({"oauth_token": OAUTH, "oidc_token": ABSENT}, ["would hand an access token", "as nobody"],
                     id="OAuth for a service"),
        pytest.param({"uri": GOOGLE}, ["which wants an access token"], id="OIDC for Google's API"),
        pytest.param({"uri": GOOGLE, "oauth_token": OAUTH}, ["which wants an access token"], id="both for Google's API"),
        pytest.param({"uri": "https://evilgoogleapis.com/", "oauth_token": OAUTH}, ["would hand an access token"],
                     id="a host that ends like Google's"),
        pytest.param({"uri": "https://googleapis.com.evil.example/", "oauth_token": OAUTH}, ["would hand an access token"],
                     id="a host that begins like Google's"),
        pytest.param({"uri": "https://googleapis.com@evil.example/", "oauth_token": OAUTH},
                     ['would hand an access token to evil.example'], id="a user that looks like Google"),
        pytest.param({"uri": "https://[/", "oidc_token": TOKEN}, ["not a URL"], id="what is no URL"),
        pytest.param({"uri": 5}, ["http_target.uri is 5, which is not a text"], id="a number"),
        pytest.param({"oidc_token": [TOKEN, TOKEN]}, ['http_target.oidc_token is "2 blocks", which is not one block'],
                     id="two tokens"),
    ],
)  # fmt: skip
def test_a_job_shows_who_it_is(target: dict[str, Some], found: list[str]) -> None:
    messages = said("token", job(http_target=http(**target)))
    assert len(messages) == len(found)
    assert all(part in message for part, message in zip(found, messages, strict=True)), messages


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        pytest.param("https://web-1/run", [], id="https"),
        pytest.param("HTTPS://web-1:8443/run?a=b", [], id="in capitals, with a port"),
        pytest.param("http://10.0.0.7/run", ['its uri is "http://10.0.0.7/run"; write one that begins with'], id="http"),
        pytest.param(f"http://me:{SECRET}@host/run?key={SECRET}",
                     ['its uri is "http://host/run?key=***"; write one that begins with https://',
                      "its uri has a user name in it; use oidc_token"], id="http with a password"),
        pytest.param(f"https://me:{SECRET}@host/run", ["its uri has a user name in it; use oidc_token"], id="a password"),
        pytest.param("ftp://host/run", ["ftp://host/run"], id="another scheme"),
        pytest.param("web-1/run", ['its uri is "web-1/run"'], id="no scheme"),
        pytest.param("", ['its uri is ""'], id="nothing"),
        pytest.param("https:///run", ['its uri is "https:/run"'], id="no host"),
        pytest.param(f"https://host:{SECRET}/", ["which is not a URL"], id="a port that is none"),
        pytest.param("https://evil\x1b/", ["which is not a URL"], id="a host that a terminal would obey"),
        pytest.param("https://web-1 /run", ["which is not a URL"], id="a host with a blank"),
    ],
)  # fmt: skip
def test_a_job_calls_https(uri: str, found: list[str]) -> None:
    messages = said("https", job(http_target=http(uri=uri)))
    assert len(messages) == len(found), messages
    assert all(part in message and SECRET not in message for part, message in zip(found, messages, strict=True)), messages


@pytest.mark.parametrize("rule", ["token", "https"])
def test_a_topic_has_no_url(rule: str) -> None:
    assert verdict(rule, estate(topic())) is None
    shown_by_a_plan = topic(http_target=[])
    assert verdict(rule, estate(shown_by_a_plan, origin=Origin.PLAN)) is None


@pytest.mark.parametrize(
    ("about", "where"),
    [
        pytest.param(body({"year": "CURRENT", "limit": 2026, "id": "12026"}), None, id="numbers that are no years"),
        pytest.param(body({"season": True}), None, id="a flag"),
        pytest.param(body({"year": "2026"}), 'body has the year 2026 in "year"', id="a year"),
        pytest.param(body({"year": 2026}), 'body has the year 2026 in "year"', id="a number under a key that says so"),
        pytest.param(body({"a": [{"from": "2025-10-01"}]}), 'body has the year 2025 in "from"', id="a date, deep inside"),
        pytest.param(body("since 2024"), 'body has the year 2024 in ""', id="a body that is a text"),
        pytest.param(job(http_target=http(body=base64.b64encode(b"season 2025-26").decode())), "body has the year 2025",
                     id="a body that is no JSON"),
        pytest.param(job(http_target=http(uri=f"{URL}/run?season=2025-26")), 'URL has the year 2025 in "season"', id="a query"),
        pytest.param(job(http_target=http(uri=f"{URL}/2025/run")), 'URL has the year 2025 in "path"', id="a path"),
        pytest.param(job(http_target=http(uri=GOOGLE)), None, id="a project of Google's API"),
        pytest.param(job(http_target=http(uri="https://web-2025.run.app/run")), None, id="a host"),
        pytest.param(job(http_target=http(headers={"X-Api-Version": "2024-01-01"})), None, id="a header"),
        pytest.param(topic(attributes={"season": "2025"}), 'message attribute has the year 2025 in "season"', id="a label"),
        pytest.param(topic(data=encoded({"year": "2025"})), 'body has the year 2025 in "year"', id="a message"),
        pytest.param(job(http_target={}, facts={"path": "/run?season=2025"}), 'URL has the year 2025 in "season"',
                     id="a path in a catalog"),
    ],
)  # fmt: skip
def test_nothing_that_is_said_again_and_again_has_a_year(about: Resource, where: str | None) -> None:
    found = said("year", about)
    assert [where in message for message in found] == ([True] if where else []), found


@pytest.mark.parametrize(
    ("about", "where"),
    [
        pytest.param(body({"backfill_mode": False, "mode": "backfill"}), None, id="what is off"),
        pytest.param(body({"backfill_mode": True}), "body", id="true"),
        pytest.param(body({"options": [{"Backfill-Mode": "TRUE"}]}), "body", id="a text, spelled otherwise, deep inside"),
        pytest.param(body({"backfillMode": 1}), "body", id="as JavaScript spells it"),
        pytest.param(job(http_target=http(uri=f"{URL}/run?backfill_mode=true")), "URL", id="in the query"),
        pytest.param(topic(attributes={"backfill_mode": "true"}), "message attribute", id="in a label"),
    ],
)
def test_no_recurring_job_asks_for_backfill_mode(about: Resource, where: str | None) -> None:
    what = f"its {where} says backfill_mode: true on every run; leave it out, and start a backfill by hand"
    assert said("backfill-body", about) == ([what] if where else [])


@pytest.mark.parametrize(
    ("about", "where"),
    [
        pytest.param(body({"key": "player_id", "author": "x", "api_key": ""}), None, id="nothing that looks like one"),
        pytest.param(job(http_target=http(headers={"Content-Type": "application/json"})), None, id="a harmless header"),
        pytest.param(job(http_target=http(headers={"X-Api-Key": SECRET})),
                     'header holds what looks like a secret in "X-Api-Key"', id="a header"),
        pytest.param(job(http_target=http(headers={"Authorization": f"Bearer {SECRET}"})), "header", id="a token"),
        pytest.param(body({"db": {"password": SECRET}}), 'body holds what looks like a secret in "password"', id="a password"),
        pytest.param(body({"note": "AIza" + "x" * 35}), "body", id="a key of Google's"),
        pytest.param(body({"note": "ghp_" + "x" * 36}), "body", id="a token of GitHub's"),
        pytest.param(body({"note": "-----BEGIN RSA PRIVATE KEY-----"}), "body", id="a private key"),
        pytest.param(body({"note": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.x"}), "body", id="a JSON web token"),
        pytest.param(job(http_target=http(uri=f"{URL}/run?access_key={SECRET}")), "URL", id="in the query"),
        pytest.param(topic(attributes={"secret": SECRET}), "message attribute", id="in a label"),
        pytest.param(job(http_target=http(headers={"X-Api-Key": [SECRET]})), 'header "X-Api-Key" is "something else"',
                     id="a list in a header"),
        pytest.param(job(http_target=http(body=f"password={SECRET}")), 'its body is "16 characters"', id="what is no base64"),
    ],
)  # fmt: skip
def test_no_job_holds_a_secret_and_no_message_gives_one_away(about: Resource, where: str | None) -> None:
    found = said("secret", about)
    assert [where in message for message in found] == ([True] if where else []), found
    assert SECRET not in "".join(found)


def test_no_message_shows_a_secret_in_what_is_no_text_or_is_an_expression() -> None:
    query = f"https://${{var.host}}/run?token={SECRET}"
    for about in (job(http_target=http(uri=query)), job(http_target=http(uri={"token": SECRET}))):
        for rule in ("token", "secret", "https"):
            found = verdict(rule, estate(about))
            assert found is not None
            assert SECRET not in str(found)


def test_a_key_that_a_terminal_would_obey_is_shown_harmless() -> None:
    [found] = said("secret", body({"password\x1b[2J\ud800" + "x" * 500: SECRET}))
    assert found.isprintable()
    assert len(found) < 200


@pytest.mark.parametrize("rule", ["year", "backfill-body", "secret", "twin"])
@pytest.mark.parametrize(
    ("sent", "what"),
    [
        pytest.param("{not base64}", "which is not base64", id="no base64"),
        pytest.param("é", "which is not base64", id="no ASCII"),
        pytest.param(["eA=="], "http_target.body is ['eA=='], which is not a text", id="a list"),
        pytest.param(base64.b64encode(b"[" * 60 + b"]" * 60).decode(), "nested 50 deep at most", id="too deep"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_finding(rule: str, sent: Some, what: str) -> None:
    [found] = said(rule, job(http_target=http(body=sent)))
    assert what in found


@pytest.mark.parametrize("rule", ["year", "backfill-body", "secret", "twin"])
def test_bytes_that_are_no_text_are_no_finding(rule: str) -> None:
    """What is adopted may send anything."""
    assert said(rule, job(http_target=http(body=base64.b64encode(b"\xff\x00\x80").decode()))) == []


def test_a_secret_among_bytes_that_are_no_text_is_one() -> None:
    sent = base64.b64encode(b"\xff " + b"AIza" + b"x" * 35).decode()
    assert len(said("secret", job(http_target=http(body=sent)))) == 1


@pytest.mark.parametrize("rule", ["year", "backfill-body", "secret"])
def test_a_body_too_deep_for_the_reader_is_the_text_that_it_is(rule: str) -> None:
    endless = base64.b64encode(b"[" * 100_000).decode()
    assert said(rule, job(http_target=http(body=endless))) == []


@pytest.mark.parametrize("rule", ["token", "https", "year", "backfill-body", "secret"])
def test_a_url_that_is_an_expression_waits_for_the_plan(rule: str) -> None:
    expression = job(http_target=http(uri="${google_cloud_run_v2_service.web.uri}/run"))
    found = verdict(rule, estate(expression))
    assert found is not None
    assert found.outcome is Outcome.DEFERRED


SETTING = {"overrides": {"containerOverrides": [{"env": [{"name": "API_KEY", "value": "5f1c9a"}]}]}}
ARGUMENT = {"overrides": {"containerOverrides": [{"args": ["--api-key=5f1c9a"]}]}}


def form(text: str) -> Resource:
    return job(http_target=http(body=base64.b64encode(text.encode()).decode()))


@pytest.mark.parametrize(
    ("rule", "about", "found"),
    [
        pytest.param("secret", body(SETTING), True, id="a variable of a Cloud Run job"),
        pytest.param("secret", body(ARGUMENT), True, id="an argument of a Cloud Run job"),
        pytest.param("secret", form("api_key=5f1c9a&x=1"), True, id="a field of a form"),
        pytest.param("secret", body({"db": "postgres://reader:pw@db.example/games"}), True, id="a URL with a password"),
        pytest.param("secret", body({"secret_name": "odds-api-key"}), False, id="where a secret is"),
        pytest.param("secret", body({"tokenizer": "cl100k"}), False, id="a word that begins with token"),
        pytest.param("secret", body({"argument": json.dumps({"api_key": "5f1c9a"})}), True, id="an argument of Workflows"),
        pytest.param("secret", body({"messages": [{"data": encoded({"api_key": "5f1c9a"})}]}), True, id="in base64"),
        pytest.param("secret", job(http_target=http(headers={"X-Cron-Key": "5f1c9a"})), True, id="a header of somebody's own"),
        pytest.param("secret", job(http_target=http(uri=f"{URL}/run?next=%2Fx%3Ftoken%3D5f1c9a")), True, id="a URL in a query"),
        pytest.param("backfill-body", body({"argument": json.dumps({"backfill_mode": True})}), True, id="on, in a text"),
        pytest.param("backfill-body", body({"messages": [{"data": encoded({"backfill_mode": True})}]}), True, id="base64"),
        pytest.param("year", body({"argument": json.dumps({"season": 2026})}), True, id="a year in a text"),
        pytest.param("year", body({"messages": [{"data": encoded({"season": "2025-26"})}]}), True, id="a year in base64"),
        pytest.param("backfill-body", body({"env": [{"name": "BACKFILL_MODE", "value": "true"}]}), True, id="in a variable"),
        pytest.param("backfill-body", form("backfill_mode=true"), True, id="in a form"),
        pytest.param("year", body({"game_date": "20260114"}), True, id="a date without separators"),
        pytest.param("year", body({"game_date": 20260114}), True, id="as a number"),
        pytest.param("year", body({"2026-01-14": 1}), True, id="in a key"),
        pytest.param("year", body({"memory": "2048"}), False, id="megabytes"),
        pytest.param("year", body({"validate_rows": 2048}), False, id="a key that holds the word date"),
        pytest.param("year", body({"gameDate": 2026}), True, id="a key in camel case"),
    ],
)  # fmt: skip
def test_what_a_job_says_is_read_however_it_is_written(rule: str, about: Resource, found: bool) -> None:
    assert bool(said(rule, about)) is found


def wrapped(flag: Json) -> dict[str, Resource]:
    """Jobs that say the same, each wrapped otherwise. `flag` is one key with its value."""
    [(key, value)] = flag.items() if isinstance(flag, dict) else ()
    text, option = json.dumps(flag), f"--{key.replace('_', '-')}"
    publish: Json = {"messages": [{"data": encoded(flag)}]}
    lines = '{"day": "TODAY"}\n' + text
    return {
        "an argument of Workflows": body({"argument": text}),
        "a publish by REST": body(publish),
        "a publish by REST of an argument": body({"messages": [{"data": encoded({"argument": text})}]}),
        "an argument of a publish by REST": body({"argument": json.dumps(publish)}),
        "base64 of base64": body({"data": base64.b64encode(encoded(flag).encode()).decode()}),
        "JSON in JSON in JSON": body({"a": json.dumps({"b": json.dumps([flag])})}),
        "a message": topic(data=encoded({"argument": text})),
        "attributes of a publish": body({"messages": [{"attributes": {key: str(value)}}]}),
        "lines of JSON": form(lines),
        "lines of JSON in an argument": body({"argument": lines}),
        "JSON as in a URL": body({"argument": quote(text)}),
        "as Python shows it": body({"argument": str(flag)}),
        "YAML": form(f"day: TODAY\n{key}: {value}\n"),
        "a URL in a body": body({"next": f"https://x.run.app/run?{key}={value}"}),
        "a URL in a query": job(http_target=http(uri=f"{URL}/run?next={quote(f'/x?{key}={value}')}")),
        "an object around the value": body({key: {"value": value}}),
        "options in a list": body({"args": ["run", option, str(value)]}),
        "an option with its value": body({"args": [f"{option}={value}"]}),
        "a command in a text": body({"command": f"python run.py {option} {value} --day TODAY"}),
        "a command in a text, with its value": body({"command": f"python run.py {option}={value}"}),
        "a header": job(http_target=http(headers={f"X-{key.replace('_', '-').title()}": str(value)})),
    }


@pytest.mark.parametrize(("name", "about"), wrapped({"backfill_mode": "true"}).items(), ids=wrapped({"a": 1}))
def test_backfill_mode_is_found_in_every_wrapping(name: str, about: Resource) -> None:
    assert said("backfill-body", about), name


@pytest.mark.parametrize(("name", "about"), wrapped({"backfill_mode": "false"}).items(), ids=wrapped({"a": 1}))
def test_backfill_mode_that_is_off_is_not_in_any_wrapping(name: str, about: Resource) -> None:
    assert said("backfill-body", about) == [], name


@pytest.mark.parametrize(("name", "about"), wrapped({"api_key": "5f1c9ab37d2e"}).items(), ids=wrapped({"a": 1}))
def test_a_secret_is_found_in_every_wrapping_and_never_shown(name: str, about: Resource) -> None:
    found = said("secret", about)
    assert found, name
    assert "5f1c9ab37d2e" not in "".join(found)


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (["--backfill-mode"], True),
        (["--backfill-mode", "--day", "TODAY"], True),
        (["--backfill-mode", "false"], False),
        (["--no-backfill-mode"], False),
        (["--backfill-models"], False),
    ],
)
def test_an_option_alone_turns_the_mode_on(args: list[Json], found: bool) -> None:
    assert bool(said("backfill-body", body({"args": args}))) is found
    command = " ".join(map(str, ["run", *args]))
    assert bool(said("backfill-body", body({"command": command}))) is found


def test_a_target_of_app_engine_is_read_like_any_other() -> None:
    engine = {"http_method": "POST", "body": encoded({"backfill_mode": True})}
    about = job(http_target=ABSENT, app_engine_http_target=engine, attempt_deadline="7200s")
    assert said("backfill-body", about)
    assert said("deadline", about) == []


def test_what_was_found_stays_found_though_the_url_is_an_expression() -> None:
    about = job(http_target=http(uri="https://${var.host}/run", body=encoded({"api_key": "5f1c9a"})))
    found = verdict("secret", estate(about))
    assert found is not None
    assert found.outcome is Outcome.FAILED
