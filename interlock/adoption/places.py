"""What a live job calls, taken apart: which kind of service it is, where that answers, and the path on it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import cast

from interlock.adoption.keys import is_key, key_of
from interlock.catalog import AppEngine, Json, ServiceKind
from interlock.environment import GOOGLE_APIS, Environment
from interlock.names import NAME
from interlock.terraform.attributes import Attributes

_BASE = re.compile(r"(https?://[^/?#\s]+)((?s:.*))")
_HASHED = re.compile(r"(.+)-[a-z0-9]+-[a-z]{2}\.a\.run\.app")
"""https://cloud.google.com/run/docs/triggering/https-request"""
_NUMBERED = re.compile(r"(.+)-[0-9]+\.[a-z0-9-]+\.run\.app")
_FUNCTION = re.compile(r"https://[a-z0-9-]+\.cloudfunctions\.net/([^/?#]+)")
_SERVICE, _REGION = "SERVICE", "REGION"


class CantSay(ValueError):
    """Something that a catalog has no words for; the text says what, and holds no value of the job."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is called. Two jobs call the same service if their places have the same `kind` and `base`."""

    kind: ServiceKind
    base: str
    """The URL of the service, the full name of the topic, or the part of App Engine."""
    path: str = ""
    name: str
    """What people would call it."""
    by_pattern: bool = False
    """The environment's pattern, or its default, says the same URL of a service whose key is `name`."""
    app_engine: AppEngine = field(default_factory=AppEngine)


def place_of(attributes: Attributes, env: Environment) -> Place:
    """What a job calls. CantSay."""
    region = str(attributes["region"])
    if "pubsub_target" in attributes:
        return _topic(str(_block(attributes, "pubsub_target").get("topic_name", "")), env)
    if "app_engine_http_target" in attributes:
        return _app_engine(_block(attributes, "app_engine_http_target"))
    if "http_target" not in attributes:
        raise CantSay("it shows no target")
    return _url(str(_block(attributes, "http_target").get("uri", "")), region, env)


def _block(attributes: Attributes, name: str) -> dict[str, Json]:
    return cast("dict[str, Json]", attributes[name])


def _topic(topic: str, env: Environment) -> Place:
    short = topic.rpartition("/")[2]
    own = topic == f"projects/{env.project}/topics/{short}"
    return Place(kind=ServiceKind.TOPIC, base=topic, name=short, by_pattern=own)


def _app_engine(target: Attributes) -> Place:
    routing = _block(target, "app_engine_routing")
    parts = [str(routing.get(key) or "") for key in ("service", "version", "instance")]
    return Place(
        kind=ServiceKind.APP_ENGINE,
        base="/".join(parts),
        path=str(target.get("relative_uri", "")),
        name="-".join(filter(None, ("app-engine", *parts))),
        by_pattern=True,
        app_engine=AppEngine(service=parts[0], version=parts[1], instance=parts[2]),
    )


def _url(uri: str, region: str, env: Environment) -> Place:
    started = re.fullmatch(
        rf"https://run\.googleapis\.com/v2/projects/{re.escape(env.project)}/locations/{region}/jobs/({NAME}):run", uri
    )
    if started and is_key(started[1]):
        return Place(kind=ServiceKind.RUN_JOB, base=started[1], name=started[1], by_pattern=True)
    for kind in (ServiceKind.RUN, ServiceKind.FUNCTION):
        if found := re.match(rf"{_pattern(kind, env)}(?=[/?#]|$)", uri):
            service = found["service"]
            said = env.url_patterns[kind].format(
                service=service, project=env.project, project_number=env.project_number, region=region
            )
            is_said = is_key(service) and said == found[0]
            return Place(kind=kind, base=found[0], path=uri[found.end() :], name=service, by_pattern=is_said)
    if found := _FUNCTION.match(uri):
        return Place(kind=ServiceKind.FUNCTION, base=found[0], path=uri[found.end() :], name=found[1])
    parts = _BASE.fullmatch(uri)
    if parts is None:
        raise CantSay("its URL does not begin with http:// or https:// and a host")
    base, path = parts.groups()
    host = base.partition("://")[2].rpartition("@")[2].lower()
    if host == GOOGLE_APIS or host.endswith(f".{GOOGLE_APIS}"):
        name = host.removesuffix(GOOGLE_APIS).rstrip(".")
        is_default = is_key(name) and base == f"https://{name}.{GOOGLE_APIS}"
        return Place(kind=ServiceKind.API, base=base, path=path, name=name or "googleapis", by_pattern=is_default)
    if host.endswith(".run.app"):
        known = _HASHED.fullmatch(host) or _NUMBERED.fullmatch(host)
        return Place(kind=ServiceKind.RUN, base=base, path=path, name=known[1] if known else host.partition(".")[0])
    return Place(kind=ServiceKind.URL, base=base, path=path, name=key_of(host, "host"))


def _pattern(kind: ServiceKind, env: Environment) -> str:
    """The environment's pattern for the URLs of a kind in any region, as one to search with."""
    filled = env.url_patterns[kind].format(
        service=_SERVICE, project=env.project, project_number=env.project_number, region=_REGION
    )
    named = re.escape(filled).replace(_SERVICE, "(?P<service>[^/?#]+?)", 1)
    return named.replace(_SERVICE, "(?P=service)").replace(_REGION, "[a-z0-9-]+?")
