"""The parts of a job as people name them: URL, account, headers, retries and so on; and which of them differ. Pure.

What differs is said by name only: a URL, a header or a body may hold a secret. Two jobs are compared as Terraform's provider
does, so that nothing is called a difference that a deploy would not change
(resource_cloud_scheduler_job.go of hashicorp/google 7.45.0, its DiffSuppressFuncs).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Final

from interlock.catalog import Json

TARGETS: Final = ("http_target", "pubsub_target", "app_engine_http_target")
"""Blocks of google_cloud_scheduler_job, of which a job has one."""
OF_A_TARGET: Final = {
    "uri": "URL",
    "relative_uri": "URL",
    "http_method": "method",
    "headers": "headers",
    "body": "body",
    "data": "body",
    "topic_name": "topic",
    "attributes": "attributes",
    "service_account_email": "account",
    "audience": "audience",
    "scope": "scope",
    "host": "host",
    "service": "service",
    "version": "version",
    "instance": "instance",
}
"""What people call an attribute, wherever in a target it stands."""
RETRIES: Final = "retries"
OF_A_JOB: Final = {
    "description": "description",
    "schedule": "schedule",
    "time_zone": "zone",
    "attempt_deadline": "deadline",
    "retry_config": RETRIES,
}
"""And elsewhere. The rest is a job's identity."""
OTHER: Final = "settings"
"""An attribute that a later provider has."""
WHERE_AND_AS_WHOM: Final = frozenset({"URL", "topic", "host", "service", "version", "instance", "account", "audience", "scope"})
"""Where a request goes, and as whom: one of these that changes is another job under the same name."""
MAPS: Final = frozenset({"headers", "attributes"})
"""Attributes whose value is a mapping of texts, and no block."""
DEFAULT_DEADLINE: Final = "180s"
"""The provider takes an absent one for it."""
CLOUD_PLATFORM: Final = "https://www.googleapis.com/auth/cloud-platform"
RETRY_FIELDS: Final = 5
DIGITS: Final = 4
ANY: Final = "any"
"""Instead of a digest: whatever it is, it is as declared."""

DIGEST: Final = rf"[0-9a-f]{{{DIGITS}}}|{ANY}"
"""As a regular expression."""

ROUTING: Final = frozenset({"service", "version", "instance"})
"""The parts of App Engine's routing."""

Attributes = Mapping[str, Json]
"""Of google_cloud_scheduler_job, a block as one mapping."""
Part = Mapping[str, Json]
"""The attributes of a part, each by its way there."""


def parts(attributes: Attributes) -> dict[str, Part]:
    """The parts of a job by their names, without the empty ones: those are the same as none."""
    found: dict[str, dict[str, Json]] = {}
    for way, value in _attributes(_as_compared(attributes)):
        name = OF_A_JOB.get(way) or OF_A_TARGET.get(way.rpartition(".")[2], OTHER)
        found.setdefault(name, {})[way] = value
    return {**found}


def differing(declared: Attributes, live: Attributes) -> tuple[str, ...]:
    """The names of the parts in which a live job is not as declared, sorted. Of a live job that shows no target (who may list
    jobs, but not see them in full) the target is let out."""
    wanted, found = parts(declared), parts(live)
    if not shows_target(live):
        wanted = {name: part for name, part in wanted.items() if name in OF_A_JOB.values()}
    untold = wanted.keys() & ROUTING if _is_untold(wanted, found) else set[str]()
    names = (name for name in wanted.keys() | found.keys() if not _same(name, wanted.get(name), found.get(name)))
    return tuple(sorted(set(names) - untold, key=str.casefold))


def _is_untold(wanted: Mapping[str, object], found: Mapping[str, object]) -> bool:
    """Of App Engine the API says only a host where one part is asked for, and nobody can tell which part that is.
    https://github.com/GoogleCloudPlatform/magic-modules/pull/2270"""
    return len(wanted.keys() & ROUTING) == 1 and not found.keys() & ROUTING


def shows_target(live: Attributes) -> bool:
    """Whether a live job says what it calls: cloudscheduler.jobs.fullView."""
    return any(name in live for name in TARGETS)


def digests(declared: Attributes) -> dict[str, str]:
    """Each part of a declared job as 16 bits of a hash, for who has to know that a part differs and not what it is.

    So few, since somebody who reads them and guesses at a body is never told that the guess is right: one of 65,536 wrong ones
    looks the same. A change is missed as rarely, and `status` compares in full. The catalog refuses secrets besides.
    """
    found = parts(declared)
    untold = found.keys() & ROUTING if _is_untold(found, {}) else set[str]()
    return {name: ANY if name in untold else _digest(name, part) for name, part in sorted(found.items())}


def differing_by_digest(declared: Mapping[str, str], live: Attributes) -> tuple[str, ...]:
    """The same as `differing` of what `digests` has made of a declared job."""
    found = {name: _digest("", part) for name, part in parts(live).items()}
    if not shows_target(live):
        declared = {name: digest for name, digest in declared.items() if name in OF_A_JOB.values()}
    names = (name for name in declared.keys() | found.keys() if declared.get(name) not in (ANY, found.get(name)))
    return tuple(sorted(names, key=str.casefold))


def _same(name: str, wanted: Part | None, found: Part | None) -> bool:
    if name == RETRIES and wanted and found:
        written, there = (part["retry_config"] for part in (wanted, found))
        if isinstance(written, dict) and isinstance(there, dict):  # what is not written of them stays as it is
            return {field: there.get(field) for field in written} == written
    return wanted == found


def _digest(name: str, part: Part) -> str:
    retries = part.get("retry_config") if name == RETRIES else None
    if isinstance(retries, dict) and len(retries) < RETRY_FIELDS:
        return ANY
    text = json.dumps(part, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _as_compared(attributes: Attributes) -> Attributes:
    """Without what the provider takes for the same."""
    compared = {name: value for name, value in attributes.items() if (name, value) != ("attempt_deadline", DEFAULT_DEADLINE)}
    http = attributes.get("http_target")
    if isinstance(http, dict):
        compared["http_target"] = _http_as_compared(http)
    return compared


def _http_as_compared(http: Attributes) -> dict[str, Json]:
    uri, oidc, oauth = http.get("uri"), http.get("oidc_token"), http.get("oauth_token")
    compared = {**http, "uri": uri.removesuffix("/") if isinstance(uri, str) else uri}
    if isinstance(oidc, dict):
        compared["oidc_token"] = {**oidc, "audience": oidc.get("audience") or uri}
    if isinstance(oauth, dict):
        compared["oauth_token"] = {**oauth, "scope": oauth.get("scope") or CLOUD_PLATFORM}
    return compared


def _attributes(attributes: Attributes) -> Iterator[tuple[str, Json]]:
    for name in OF_A_JOB:
        if (value := attributes.get(name)) not in (None, ""):
            yield name, value
    for name in TARGETS:
        yield from _inside(name, attributes.get(name))


def _inside(way: str, value: Json) -> Iterator[tuple[str, Json]]:
    if way.rpartition(".")[2] in MAPS or not isinstance(value, dict):
        if value:
            yield way, value
        return
    for name, inner in value.items():
        yield from _inside(f"{way}.{name}", inner)
