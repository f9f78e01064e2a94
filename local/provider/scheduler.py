"""google_cloud_scheduler_job: what google/services/cloudscheduler/resource_cloud_scheduler_job.go does beyond its row.

`paused` is no field of the API: it is read off `state`, and set by :pause and :resume, of which the provider sends one
after every create, and after an update if `paused` changed. Their 409 is the only one that it does not retry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from local.provider.cloud import Cloud, Failure
from local.provider.planning import Suppress
from local.provider.resource import Resource
from local.provider.rest import ApiError
from local.provider.schema import Block
from local.provider.values import Object, exactly_one_of, is_empty, mapping, only, text

TARGETS = ("app_engine_http_target", "http_target", "pubsub_target")
CLOUD_PLATFORM_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# Blocks of which at least one argument is written; an empty text is one.
_ONE_OF: Mapping[str, tuple[str, ...]] = {
    "app_engine_http_target.app_engine_routing": ("instance", "service", "version"),
    "retry_config": ("max_backoff_duration", "max_doublings", "max_retry_duration", "min_backoff_duration", "retry_count"),
}
_APP_ENGINE_AGENT = "AppEngine-Google; (+http://code.google.com/appengine)"
_EMPTY: Mapping[str, object] = {"string": "", "map": {}}
_OWN_HEADERS = re.compile(r"(X-Google-|X-AppEngine-|Content-Length)")
_REFUSED_HEADERS = re.compile(r"(X-Google-|X-AppEngine-)")


def _default_deadline(old: object, new: object, _root: Mapping[str, object]) -> bool:
    return {str(old or ""), str(new or "")} == {"", "180s"}


def _trailing_slash(old: object, new: object, _root: Mapping[str, object]) -> bool:
    return str(old or "").removesuffix("/") == str(new or "").removesuffix("/")


def _default_scope(old: object, new: object, _root: Mapping[str, object]) -> bool:
    return old == CLOUD_PLATFORM_SCOPE and not new


def _default_audience(old: object, new: object, root: Mapping[str, object]) -> bool:
    return old == only(root, "http_target").get("uri") and not new


@dataclass(frozen=True, kw_only=True)
class SchedulerJob(Resource):
    """The job."""

    suppress: ClassVar[Mapping[str, Suppress]] = {
        "attempt_deadline": _default_deadline,
        "http_target.uri": _trailing_slash,
        "http_target.oauth_token.scope": _default_scope,
        "http_target.oidc_token.audience": _default_audience,
    }

    def validate(self, config: Object) -> list[str]:
        """Exactly one target, at most one token, no header that Cloud Scheduler sets itself."""
        problems = exactly_one_of({name: config.get(name) for name in TARGETS})
        http = only(config, "http_target")
        if http.get("oauth_token") and http.get("oidc_token"):
            problems.append("Error in http_target: only one of oauth_token or oidc_token can be specified, but not both.")
        for path, parts in _ONE_OF.items():
            block = config
            for name in path.split("."):
                block = only(block, name)
            if block and all(block.get(part) is None for part in parts):
                whole = ",".join(f"{path.replace('.', '.0.')}.0.{part}" for part in parts)
                problems.append(f"one of `{whole}` must be specified")
        for target in TARGETS[:2]:
            refused = [h for h in mapping(only(config, target), "headers") if _refused(h)]
            problems += [f"Cannot set the {header} header on {target}.0.headers" for header in refused]
        return problems

    def encode(self, value: Object) -> Object:
        """The API wants the full name in the body. A block of zeros alone is empty, and isn't sent (provider #25051)."""
        body = {name: found for name, found in super().encode(value).items() if found != {}}
        return body | {"name": text(value, "id") or _full_name(value)}

    def decode(self, body: Object, reference: Object) -> Object:
        """`paused` from `state`: a job in DISABLED or UPDATE_FAILED reads as not paused, as in the provider."""
        state = super().decode(body, reference)
        state["name"] = text(body, "name").rpartition("/")[2]
        state["paused"] = body.get("state") == "PAUSED"
        known_http, known_app_engine = (only(reference, target) for target in ("http_target", "app_engine_http_target"))
        # A token is looked for in the state, where an import has none yet.
        token = bool(known_http.get("oauth_token") or known_http.get("oidc_token"))
        for block in (only(state, target) for target in TARGETS[:2]):
            if block.get("headers") is not None:
                block["headers"] = _user_headers(mapping(block, "headers"), token=token)
        if known_app_engine and (app_engine := only(state, "app_engine_http_target")):
            # Of the routing the API keeps little (local/emulator/targets.py): the state's is believed.
            app_engine["app_engine_routing"] = known_app_engine.get("app_engine_routing")
        return state

    def read(self, cloud: Cloud, state: Object) -> Object | None:
        """The job as it is. What an import doesn't find is empty, not null: SDKv2 has no prior null to keep."""
        found = super().read(cloud, state)
        return _emptied(self.block, found) if found is not None and state.get("state") is None else found

    def after_create(self, cloud: Cloud, state: Object) -> None:
        """Always :pause or :resume. If that fails the job is there, ENABLED; Terraform makes it anew next time."""
        self._switch(cloud, state)

    def send_update(self, cloud: Cloud, prior: Object, planned: Object) -> None:
        """PATCH without a mask; then the switch, if it is to be turned."""
        body = self.encode(planned)
        del body["name"]
        self._attempt("updating", cloud, "PATCH", self.link(cloud, planned), body)
        if prior.get("paused") != planned.get("paused"):
            self._switch(cloud, planned)

    def _switch(self, cloud: Cloud, value: Object) -> None:
        verb = "pause" if value.get("paused") is True else "resume"
        try:
            cloud.send("POST", f"{self.link(cloud, value)}:{verb}", {})
        except ApiError as error:
            raise Failure(f"Error setting Cloud Scheduler Job status: {error}") from error


def _emptied(block: Block, value: Object) -> Object:
    """The value with "" and {} for the texts and maps that it lacks."""
    emptied = {name: _EMPTY.get(attribute.kind) for name, attribute in block.attrs.items() if value.get(name) is None}
    for name, inner in block.blocks.items():
        found = value.get(name)
        if isinstance(found, list):
            emptied[name] = [_emptied(inner, element) for element in found if isinstance(element, dict)]
    return value | emptied


def _full_name(value: Object) -> str:
    return f"projects/{text(value, 'project')}/locations/{text(value, 'region')}/jobs/{text(value, 'name')}"


def _refused(header: str) -> bool:
    return header == "Content-Length" or _REFUSED_HEADERS.search(header) is not None


def _user_headers(headers: Object, *, token: bool) -> Object:
    """The headers without what the API adds on its own."""
    kept = {key: value for key, value in headers.items() if not _OWN_HEADERS.search(key)}
    agent = str(kept.get("User-Agent", "")).replace(_APP_ENGINE_AGENT, "").strip()
    if agent in ("", "Google-Cloud-Scheduler"):
        kept.pop("User-Agent", None)
    else:
        kept["User-Agent"] = agent
    if kept.get("Content-Type") == "application/octet-stream":
        del kept["Content-Type"]
    if token:
        kept.pop("Authorization", None)
    return kept if not is_empty(kept) else {}
