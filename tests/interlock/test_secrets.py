"""Secrets in what jobs say: found however they are wrapped, and in nothing that is shown."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some

from interlock.catalog import Json
from interlock.payload import MAX_DEPTH, pieces
from interlock.secrets import (
    HIDDEN,
    KNOWN,
    WITHHELD,
    find_secrets,
    may_have_known,
    own_url,
    redacted,
    redacted_url,
    scrubbed,
)

S = "hunter2"
RUN = "https://run.googleapis.com/v2/projects/p/locations/us-west2/jobs/x:run"


def in_base64(value: Json) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def made(*parts: str) -> str:
    """A text in the form of a secret, in parts, so that nobody takes this file for one that holds it."""
    return "".join(parts)


@pytest.mark.parametrize(
    ("where", "said", "key"),
    [
        pytest.param("header", {"X-Api-Key": S}, "X-Api-Key", id="a header"),
        pytest.param("header", {"X-Cron-Key": S}, "X-Cron-Key", id="a header that somebody made up"),
        pytest.param("header", {"X-Scheduler-Token": S}, "X-Scheduler-Token", id="a token of somebody's own"),
        pytest.param("header", {"Authorization": f"Basic {base64.b64encode(b'a:b').decode()}"}, "Authorization", id="Basic"),
        pytest.param("header", {"X-Forwarded": "Bearer 5f1c9a5f1c9a5f1c"}, "X-Forwarded", id="Bearer, anywhere"),
        pytest.param("header", {"Ocp-Apim-Subscription-Key": S}, "Ocp-Apim-Subscription-Key", id="Azure's"),
        pytest.param("URL", f"https://web.example/run?secret={S}&day=1", "secret", id="the query"),
        pytest.param("URL", f"/run?api_key={S}", "api_key", id="the query of a path"),
        pytest.param("URL", f"https://me:{S}@web.example/", "path", id="the place of a user"),
        pytest.param("URL", "https://hooks.slack.com/services/T0/B0/x1", "path", id="a webhook"),
        pytest.param("URL", "https://maker.ifttt.com/trigger/x/with/key/5f1c", "path", id="another webhook"),
        pytest.param("URL", f"https://web.example/key/{'5f1c9a' * 4}", "key", id="a part of the path after key"),
        pytest.param("URL", f"https://web.example/run?next=/x%3Ftoken%3D{S}", "token", id="a URL in a query"),
        pytest.param("message attribute", {"token": S}, "token", id="an attribute"),
        pytest.param("body", {"db": {"password": S}}, "password", id="a body"),
        pytest.param("body", {"password": 12345}, "password", id="a number"),
        pytest.param("body", {"apiKey": S}, "apiKey", id="as JavaScript spells it"),
        pytest.param("body", {"tokens": {"slack": S}}, "slack", id="among the tokens of several"),
        pytest.param("body", {"argument": json.dumps({"api_key": S})}, "api_key", id="an argument of Workflows"),
        pytest.param("body", {"argument": json.dumps({"x": json.dumps({"api_key": S})})}, "api_key", id="twice in a text"),
        pytest.param("body", {"messages": [{"data": in_base64({"api_key": S})}]}, "api_key", id="a message of Pub/Sub's API"),
        pytest.param("body", in_base64({"api_key": S}), "api_key", id="base64 as a whole"),
        pytest.param("body", f"api_key={S}&x=1", "api_key", id="a form"),
        pytest.param("body", f"host=db password={S}", "password", id="where a database is"),
        pytest.param("body", f"AccountName=x;AccountKey={S}", "AccountKey", id="where Azure's storage is"),
        pytest.param("body", {"env": [{"name": "API_KEY", "value": S}]}, "API_KEY", id="a variable"),
        pytest.param("body", {"args": [f"--api-key={S}"]}, "api-key", id="an argument"),
        pytest.param("body", {"args": ["--api-key", S]}, "api-key", id="an option and its value"),
        pytest.param("body", {"args": ["-H", f"X-Api-Key: {S}"]}, "X-Api-Key", id="a header in an argument"),
        pytest.param("body", {"hook": f"https://web.example/x?token={S}"}, "token", id="a URL in a body"),
        pytest.param("body", f'{{"api_key": "{S}", "api_key": ""}}', "api_key", id="the first of two equal keys"),
        pytest.param("body", f'{{"api_key": "{S}"}}'.encode(), "api_key", id="bytes"),
        pytest.param("body", b"\xff\xfe password=hunter2", "password", id="bytes that are no text"),
        pytest.param("header", {"Cookie": f"session={S}"}, "session", id="a pair in a secret"),
        pytest.param("header", {"X-Cron-Key": f"v1: {S}"}, "v1", id="a header in a secret"),
        pytest.param("body", {"password": f"c={S}"}, "c", id="a password that looks like a form"),
        pytest.param("body", {"note": WITHHELD}, "note", id="what stands in a file for one"),
    ],
)
def test_a_secret_is_found_by_its_key_however_it_is_wrapped(where: str, said: Json | bytes, key: str) -> None:
    assert find_secrets([(where, said)]) == [(where, key)]


@pytest.mark.parametrize(
    "secret",
    [
        made("AIza", "x" * 35), made("GOCSPX-", "x" * 28), made("ya29.", "x" * 30), made("ghp_", "x" * 36),
        made("github_pat_", "x" * 22), made("glpat-", "x" * 20), made("xoxb-", "1" * 12), made("xapp-", "1" * 12),
        made("AKIA", "X" * 16), made("ASIA", "X" * 16), made("sk_live_", "x" * 24), made("whsec_", "x" * 32),
        made("SG.", "x" * 22, ".", "x" * 43), made("SK", "0" * 32), made("npm_", "x" * 36), made("pypi-", "x" * 40),
        made("hf_", "x" * 34), made("sk-", "x" * 48), made("sk-proj-", "x" * 48), made("sk-ant-api03-", "x" * 48),
        made("123456789:AA", "x" * 33), made("-----BEGIN ", "PRIVATE KEY-----\\nMIIE"), made("hvs.", "x" * 24),
        made("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0In0.x"), made("https://discord.com/api/webhooks/", "1/x"),
        made("postgres://reader:", "5f1c@db.example/games"), made("https://", "5f1c" * 8, "@o1.ingest.sentry.example/1"),
    ],
)  # fmt: skip
def test_what_issuers_give_a_form_is_found_under_any_key_and_in_any_text(secret: str) -> None:
    for text in (secret, f"as agreed: {secret}, until Friday"):
        assert find_secrets([("body", {"note": text})]) == [("body", "note")]
        assert redacted({"note": text, "x": 1}) == {"note": HIDDEN, "x": 1}
        assert secret[12:] not in scrubbed(f"Error: invalid value {text}")


@pytest.mark.parametrize(
    "said",
    [
        {"scraper": "nbac_gamebook_pdf", "season": "2025-26", "author": "x", "key": "player_id"},
        {"api_key": "", "secret_name": "odds-api-key", "tokenId": "t", "token_uri": "https://web.example/t"},
        {"valueFrom": {"secretKeyRef": {"secret": "odds", "version": "latest"}}, "secret": "projects/p/secrets/odds"},
        {"max_tokens": "1000", "next_page_token": "5", "tokenizer": "cl100k", "require_token": "true", "token": 5},
        {"note": "task-aaaaaaaaaaaaaaaaaaaaaaaaaa", "kind": "basic", "bearer_note": ""},
        {"url": "https://web.example/run?day=1", "Content-Type": "application/json", "monkey": "a"},
        {"idempotencyKey": "2026-01-14", "primary_key": "game_id", "keyboard": "us"},
        RUN, "Retry", "a=b&c=d", 5, True, None, [],
    ],
)  # fmt: skip
def test_nothing_is_found_where_no_secret_is(said: Json) -> None:
    assert find_secrets([("body", said), ("URL", RUN)]) == []
    assert redacted(said) == said


def test_a_key_that_is_a_secret_is_not_shown() -> None:
    key = made("AKIA", "X" * 16)
    assert find_secrets([("body", {key: 1}), ("header", {key: "x"})]) == [("body", HIDDEN), ("header", HIDDEN)]
    assert redacted({key: 1}) == {HIDDEN: 1}


def test_of_a_body_only_the_secret_is_hidden_and_a_text_that_wraps_one_as_a_whole() -> None:
    body: Json = {"a": [1, {"password": S}], "args": ["--day", "1", "--token", S], "argument": json.dumps({"token": S, "b": 1})}
    assert redacted(body) == {
        "a": [1, {"password": HIDDEN}],
        "args": ["--day", "1", "--token", HIDDEN],
        "argument": HIDDEN,
    }
    assert redacted({"password": S}, WITHHELD) == {"password": WITHHELD}


@pytest.mark.parametrize("deep", ["[" * 60 + "]" * 60, {"a": "[" * 60 + "]" * 60}], ids=["a body", "a text in a body"])
def test_what_is_nested_too_deeply_to_be_read_counts_as_a_secret(deep: Json) -> None:
    assert find_secrets([("body", deep)]) == [("body", f"nested deeper than {MAX_DEPTH}")]
    assert redacted(deep) == HIDDEN or isinstance(deep, str)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://web.example/run?secret={S}&day=1", "https://web.example/run?secret=***&day=***"),
        (f"https://me:{S}@web.example:8443/run#{S}", "https://web.example:8443/run"),
        (f"https://web.example/run?{S}", "https://web.example/run?***"),
        (f"https://web.example/run;token={S}/x", "https://web.example/run;token=***/x"),
        (f"https://web.example/run%3Ftoken%3D{S}", "https://web.example/run%3F***"),
        (f"https:\\\\me:{S}@web.example\\x", "https://web.example/x"),
        (f"https:///me:{S}@web.example/x", "https:/***/web.example/x".replace("/web.example", "")),
        ("https://hooks.slack.com/services/T0/B0/x1", "https://hooks.slack.com/services/***"),
        (f"https://web.example/key/{'5f1c9a' * 4}/x", "https://web.example/key/***/x"),
        ("https://[::1]:80/x", "https://[::1]:80/x"),
        ("https://[/", "***"),
        (RUN, RUN),
        ("projects/p/topics/t", "projects/p/topics/t"),
        (f"/run?token={S}", "/run?token=***"),
    ],
)
def test_of_a_strangers_url_people_see_where_it_leads_and_its_keys(url: str, shown: str) -> None:
    assert redacted_url(url) == shown


def test_of_a_url_of_our_own_people_see_all_but_a_secret() -> None:
    assert own_url("/?schedule=pre_game&sport=all") == "/?schedule=pre_game&sport=all"
    assert own_url(f"/?schedule=pre_game&token={S}") == "/?schedule=***&token=***"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('  ~ "X-Api-Key" = "hunter2" -> "hunter22"\n', '  ~ "X-Api-Key" = "***" -> "***"\n'),
        (f'  + body = "{in_base64({"api_key": S})}"', '  + body = "***"'),
        ('  ~ body = jsonencode({ api_key = "hunter2" })', '  ~ body = jsonencode({ api_key = "***" })'),
        ('invalid value for "body": {"password": "hunter2"}', 'invalid value for "body": {"password": "***"}'),
        ('  + service_account_email = "a@b"', '  + service_account_email = "a@b"'),
        (f"400 for https://web.example/x?secret={S}.", "400 for https://web.example/x?secret=***."),
        ("enable it: https://console.developers.google.com/apis?project=12 then retry",
         "enable it: https://console.developers.google.com/apis?project=12 then retry"),
        (f"https://storage.googleapis.com/b?alt=json&token={S}", "https://storage.googleapis.com/b?alt=***&token=***"),
        (f"PASSWORD={S} make", "PASSWORD=*** make"),
        ("gcloud gave no identity token in 10 seconds", "gcloud gave no identity token in 10 seconds"),
        ('"never closed: password=hunter2', '"***"'),
    ],
)  # fmt: skip
def test_what_other_programs_say_is_shown_without_the_secrets_that_they_repeat(said: str, shown: str) -> None:
    assert scrubbed(said) == shown


WRAPPED: list[Callable[[Json], Json]] = [
    lambda said: {"argument": json.dumps(said)},
    lambda said: {"messages": [{"data": in_base64(said)}]},
    lambda said: [1, said, None],
    lambda said: {"configuration": said},
    lambda said: {"args": [f"--config={json.dumps(said)}"]},
    lambda said: json.dumps(said),
    lambda said: in_base64(said),
]
PLANTED: list[Callable[[str], Json]] = [
    lambda secret: {"api_key": secret},
    lambda secret: {"env": [{"name": "DB_PASSWORD", "value": secret}]},
    lambda secret: {"args": ["--token", secret]},
    lambda secret: {"hook": f"https://web.example/x?token={secret}"},
    lambda secret: f"password={secret}",
    lambda secret: f"https://me:{secret}@web.example/x",
]
SECRETS = some.text("ABCDEFabcdef0123456789", min_size=24, max_size=40).map(lambda text: f"q7Z{text}")


@given(SECRETS, some.sampled_from(PLANTED), some.lists(some.sampled_from(WRAPPED), max_size=4))
def test_a_planted_secret_is_always_found_and_never_shown(
    secret: str, plant: Callable[[str], Json], wrappings: list[Callable[[Json], Json]]
) -> None:
    said = plant(secret)
    for wrap in wrappings:
        said = wrap(said)
    found = find_secrets([("body", said)])
    assert found
    assert secret not in str(found)
    shown = json.dumps(redacted(said))
    assert not any(secret in str(piece.value) for piece in pieces(shown))
    told = scrubbed(f"  + body = {json.dumps(said if isinstance(said, str) else json.dumps(said))}")
    assert secret not in told
    assert not any(secret in str(piece.value) for piece in pieces(told))


@given(some.text(max_size=200))
def test_any_text_can_be_read_and_shown(text: str) -> None:
    find_secrets([("URL", text), ("body", text), ("header", {text: text})])
    redacted_url(text)
    own_url(text)
    scrubbed(text)


LEAVES = some.none() | some.booleans() | some.integers() | some.text(max_size=9)
NESTED = some.recursive(
    LEAVES, lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=9), inner, max_size=4)
)


@given(NESTED)
def test_what_is_hidden_holds_no_secret_any_more(said: Json) -> None:
    hidden = redacted(said)
    assert redacted(hidden) == hidden


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'\xef\xbb\xbf{"password": "5f1c9e2ab34d"}', id="JSON behind a byte order mark"),
        pytest.param('{"password": "5f1c9e2ab34d"}'.encode("utf-16"), id="JSON in UTF-16"),
        pytest.param(b'{"password": "5f1c9e2ab34d",}', id="JSON with a comma too many"),
        pytest.param(b"{'password': '5f1c9e2ab34d'}", id="JSON in the wrong quotes"),
        pytest.param(b'{"a": 1}\n{"password": "5f1c9e2ab34d"}', id="JSON, line by line"),
        pytest.param(b"user: me\npassword: 5f1c9e2ab34d\n", id="YAML"),
        pytest.param(b"<a><password>5f1c9e2ab34d</password></a>", id="XML"),
        pytest.param(b"run --password 5f1c9e2ab34d now", id="a command line"),
    ],
)
def test_a_secret_in_a_body_that_is_no_strict_json_is_found(content: bytes) -> None:
    assert find_secrets([("body", content)])


@pytest.mark.parametrize("content", [b"the token expired in May", b"retry the password reset mails", b"a: b\nc: d"])
def test_words_about_secrets_are_none(content: bytes) -> None:
    assert find_secrets([("body", content)]) == []


@given(some.from_regex(KNOWN), some.text(max_size=9), some.text(max_size=9))
def test_what_is_looked_at_closely_has_every_secret_that_is_known_by_its_form(secret: str, before: str, after: str) -> None:
    for text in (secret, before + secret + after):
        assert may_have_known(text) or KNOWN.search(text) is None
