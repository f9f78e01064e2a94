"""Resources and estates for the tests of rules: a good one of each kind, of which a test changes what it is about."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date, datetime

from interlock.catalog import Json
from policies.rules import RULES
from policies.rules.estate import JOB, STACK, Change, Estate, Origin, Resource
from policies.rules.judge import Outcome, Verdict, judge
from policies.rules.rule import Rule
from policies.rules.values import Attributes

TODAY = date(2026, 11, 23)
BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}
URL = "https://web-1.us-west2.run.app"
ABSENT = object()
"""As the value of an attribute: it is not written."""
Some = object
"""What a test writes into an attribute: JSON, or that it is absent."""

RETRY: dict[str, Json] = {
    "retry_count": 3,
    "min_backoff_duration": "10s",
    "max_backoff_duration": "300s",
    "max_doublings": 5,
    "max_retry_duration": "600s",
}
TOKEN: dict[str, Json] = {"service_account_email": "invoker@p.iam.gserviceaccount.com", "audience": URL}
HTTP: dict[str, Json] = {"uri": f"{URL}/run", "http_method": "POST", "oidc_token": TOKEN}


def block(values: Mapping[str, Some], *, templates: bool = False, unknown: Json = None) -> Attributes:
    """Attributes, less those that are absent."""
    written = {name: value for name, value in values.items() if value is not ABSENT}
    return Attributes(values=written, templates=templates, unknown=unknown or {})


def resource(
    kind: str,
    name: str = "it",
    /,
    *,
    facts: Mapping[str, Some] | None = None,
    change: Change | None = None,
    unknown: Json = None,
    templates: bool = True,
    **attributes: Some,
) -> Resource:
    """One of any type, as the configuration has it."""
    return Resource(
        kind=kind,
        name=name,
        attributes=block(attributes, templates=templates, unknown=unknown),
        facts=block(facts or {}),
        change=change,
    )


def job(name: str = "fetch", /, *, facts: Mapping[str, Some] | None = None, **changed: Some) -> Resource:
    """A job that keeps every rule, less what `changed` says. `facts` are added to an owner and a service."""
    plain: dict[str, Some] = {
        "name": name,
        "description": "Fetches games",
        "schedule": "20 8 * * *",
        "time_zone": "America/New_York",
        "region": "us-west2",
        "paused": False,
        "attempt_deadline": "180s",
        "retry_config": RETRY,
        "http_target": HTTP,
    }
    said = {"owner": "data", "service": "web", "starts_per_minute": 1, **(facts or {})}
    return resource(JOB, name, facts=said, **{**plain, **changed})


def http(**changed: Some) -> dict[str, Json]:
    """The target of a good job, changed."""
    return {key: value for key, value in {**HTTP, **changed}.items() if value is not ABSENT}


def encoded(body: Json) -> str:
    """As a body stands in the configuration."""
    return base64.b64encode(json.dumps(body).encode()).decode()


def waive(rule: str = "stagger", **changed: Some) -> dict[str, Some]:
    """Facts with one waiver, good but for what is changed."""
    waiver = {"rule": rule, "reason": "it is the newest", "owner": "data", "until": "2026-12-31", **changed}
    return {"waive": [{key: value for key, value in waiver.items() if value is not ABSENT}]}


def estate(
    *resources: Resource,
    origin: Origin = Origin.STACK,
    facts: Mapping[str, Some] | None = None,
    scopes: Json = None,
    neighbours: tuple[Resource, ...] = (),
    variables: Mapping[str, Json] | None = None,
    gone: tuple[Resource, ...] = (),
    planned_at: datetime | None = None,
    today: date = TODAY,
) -> Estate:
    """The resources, with what is known around them and what stands for the stack."""
    stack = Resource(kind=STACK, name="google", attributes=block({}), facts=block(facts or {}))
    return Estate(
        origin=origin,
        today=today,
        resources={one.address: one for one in (*resources, stack)},
        neighbours=neighbours,
        facts=block(facts or {}),
        locals=block({"scopes": ABSENT if scopes is None else scopes}, templates=True),
        variables=variables or {},
        gone={one.address: one for one in gone},
        planned_at=planned_at,
    )


def verdict(rule: str, about: Estate, address: str | None = None) -> Verdict | None:
    """What a rule says of a resource, of the first one unless it is named; `google` is the stack itself."""
    name = f"{STACK}.google" if address == "google" else address or next(iter(about.resources))
    return judge(BY_NAME[rule], about.resources[name], about)


def said(rule: str, *resources: Resource, address: str | None = None, **around: object) -> list[str]:
    """The messages of a rule that failed about the first of the resources, or the one that is named; none when it passed."""
    found = verdict(rule, estate(*resources, **around), address)
    assert found is not None, "the rule is not about that"
    assert found.outcome in (Outcome.PASSED, Outcome.FAILED), found
    return list(found.messages)
