"""Which parts of a target a change is of: by name, never by value."""

from __future__ import annotations

from typing import Any

import pytest

from interlock.terraform.target_changes import forgets_token, target_changes

OIDC = {"service_account_email": "invoker@p", "audience": "https://a"}
HTTP = {
    "uri": "https://a/run",
    "http_method": "POST",
    "headers": {"Content-Type": "application/json"},
    "body": "e30=",
    "oauth_token": [],
    "oidc_token": [OIDC],
}
ROUTING = {"service": "web", "version": None, "instance": None, "host": "h"}
ENGINE = {"http_method": "GET", "relative_uri": "/run", "headers": None, "app_engine_routing": [ROUTING]}
TOPIC = {"topic_name": "projects/p/topics/t", "data": "e30=", "attributes": {"kind": "tick"}}


def http(**changed: Any) -> dict[str, Any]:
    return {"http_target": [{**HTTP, **changed}], "pubsub_target": []}


def topic(**changed: Any) -> dict[str, Any]:
    return {"http_target": [], "pubsub_target": [{**TOPIC, **changed}]}


def engine(**changed: Any) -> dict[str, Any]:
    return {"app_engine_http_target": [{**ENGINE, **changed}]}


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        pytest.param(http(), http(), (), id="nothing"),
        pytest.param(http(), http(uri="https://b/run"), ("URL",), id="another host"),
        pytest.param(http(), http(http_method="GET"), ("method",), id="another method"),
        pytest.param(http(), http(headers={"Content-Type": "application/json", "X": "1"}), ("headers",), id="one more header"),
        pytest.param(http(), http(headers=None), ("headers",), id="no headers"),
        pytest.param(http(headers=None), http(headers={}), (), id="no headers, said otherwise"),
        pytest.param(http(body=None), http(body=""), (), id="no body, said otherwise"),
        pytest.param(http(), http(body="e31="), ("body",), id="another body"),
        pytest.param(http(), http(oidc_token=[{**OIDC, "service_account_email": "x@p"}]), ("account",), id="another account"),
        pytest.param(http(), http(oidc_token=[{**OIDC, "audience": "https://b"}]), ("audience",), id="another audience"),
        pytest.param(http(), http(oidc_token=[]), ("account", "audience"), id="no token"),
        pytest.param(http(), http(oidc_token=[], oauth_token=[{"service_account_email": "invoker@p", "scope": "s"}]),
                     ("account", "audience", "scope"), id="a token of another kind"),
        pytest.param(topic(), topic(topic_name="projects/q/topics/t"), ("topic",), id="another topic"),
        pytest.param(topic(), topic(data="e31="), ("body",), id="another message"),
        pytest.param(topic(), topic(attributes={"kind": "tock"}), ("attributes",), id="other attributes"),
        pytest.param(topic(), topic(attributes={"body": "x"}), ("attributes",), id="an attribute named like a part"),
        pytest.param(engine(), engine(relative_uri="/"), ("URL",), id="another path in App Engine"),
        pytest.param(engine(), engine(app_engine_routing=[{**ROUTING, "version": "v2"}]), ("version",), id="another version"),
        pytest.param(http(), topic(), ("URL", "account", "attributes", "audience", "body", "headers", "method", "topic"),
                     id="a topic in place of a URL"),
        pytest.param(http(), http(of_later=[{"x": 1}]), ("settings",), id="what only a later provider has"),
        pytest.param({"http_target": "x"}, {"http_target": [["y"]]}, ("settings",), id="a target that is none"),
    ],
)  # fmt: skip
def test_a_change_is_told_by_its_parts_in_both_directions(
    before: dict[str, Any], after: dict[str, Any], parts: tuple[str, ...]
) -> None:
    assert target_changes(before, after, {}) == parts
    assert target_changes(after, before, {}) == parts


@pytest.mark.parametrize(
    ("unknown", "parts"),
    [
        pytest.param({"http_target": [{"uri": True, "headers": {}, "oidc_token": [{}]}]}, ("URL",), id="a URL"),
        pytest.param({"http_target": [{"headers": {"X": True}}]}, ("headers",), id="a header"),
        pytest.param({"http_target": [{"oidc_token": [{"audience": True}]}]}, ("audience",), id="an audience"),
        pytest.param({"http_target": True}, ("settings",), id="all of it"),
        pytest.param({"http_target": [{"headers": {}, "oidc_token": [{}], "uri": False}]}, (), id="nothing"),
        pytest.param({"paused": True}, (), id="something else of the job"),
    ],
)
def test_what_only_the_apply_knows_has_changed(unknown: dict[str, Any], parts: tuple[str, ...]) -> None:
    assert target_changes(http(), http(), unknown) == parts


BEARER = {"Authorization": "Bearer ya29.x"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("before", "after", "changed", "forgets"),
    [
        pytest.param(http(headers={**JSON, **BEARER}), http(), ("http_target",), True, id="beside what was declared"),
        pytest.param(http(headers=BEARER), http(headers=None), ("http_target",), True, id="alone"),
        pytest.param(http(headers={"authorization": "x"}), http(headers={}), ("http_target",), True, id="in lower case"),
        pytest.param(http(headers={**JSON, **BEARER}), http(uri="https://b"), ("http_target",), False, id="with another URL"),
        pytest.param(http(headers={"X": "1", **BEARER}), http(headers=None), ("http_target",), False, id="with another header"),
        pytest.param(http(headers=BEARER), http(headers=None), ("http_target", "schedule"), False, id="with another schedule"),
        pytest.param(
            http(headers=BEARER, oidc_token=[]),
            http(headers=None, oidc_token=[]),
            ("http_target",),
            False,
            id="where none is sent",
        ),
        pytest.param(http(headers=None), http(headers=BEARER), ("http_target",), False, id="the other way round"),
        pytest.param(http(), http(), (), False, id="nothing at all"),
    ],
)
def test_a_token_that_the_api_shows_is_no_difference(
    before: dict[str, Any], after: dict[str, Any], changed: tuple[str, ...], forgets: bool
) -> None:
    assert forgets_token(before, after, changed) is forgets
