"""Log-based metrics, notification channels, alert policies and dashboards (google/services/logging and monitoring)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from local.provider.cloud import Cloud, Failure, Settings
from local.provider.planning import Change, Suppress
from local.provider.resource import NOT_FOUND, Resource
from local.provider.rest import ApiError
from local.provider.values import Object, exactly_one_of, mapping, only, text

SENSITIVE = ("auth_token", "password", "service_key")
_DEFAULT_LABEL_TYPE = "STRING"  # the API leaves the zero of the enum out


@dataclass(frozen=True, kw_only=True)
class LogMetric(Resource):
    """The metric. Its id is its name alone."""

    def identity(self, state: Object) -> str:
        """The short name."""
        return text(state, "name")

    def decode(self, body: Object, reference: Object) -> Object:
        """The labels are a set of blocks, with the type that the API leaves out."""
        state = super().decode(body, reference)
        labels = only(state, "metric_descriptor").get("labels")
        for label in labels if isinstance(labels, list) else []:
            label["value_type"] = label["value_type"] or _DEFAULT_LABEL_TYPE
        return state


@dataclass(frozen=True, kw_only=True)
class Named(Resource):
    """A resource whose name the server gives: projects/P/.../NUMBER, which is the id as well."""

    def identity(self, state: Object) -> str:
        """The full name."""
        return text(state, "name")

    def import_state(self, import_id: str, settings: Settings) -> Object:
        """By the full name, which has the project in it."""
        state = super().import_state(import_id, settings)
        parts = text(state, "name").split("/")
        if len(parts) < 2:
            raise Failure(f"Could not split project from name: {import_id}")
        return state | {"project": parts[1]}


@dataclass(frozen=True, kw_only=True)
class Channel(Named):
    """The channel. Its secrets are labels for the API, which shows them obscured; the state keeps what was configured."""

    def validate(self, config: Object) -> list[str]:
        """One secret, and in one place only."""
        block = only(config, "sensitive_labels")
        given = [name for name in SENSITIVE if block.get(name)]
        secrets = [*SENSITIVE, *(f"{name}_wo" for name in SENSITIVE)]
        problems = exactly_one_of({f"sensitive_labels.0.{name}": block.get(name) for name in secrets}) if block else []
        twice = [name for name in given if mapping(config, "labels").get(name)]
        return problems + [f'Sensitive label "{name}" cannot be set at the same time as label "{name}".' for name in twice]

    def encode(self, value: Object) -> Object:
        """Secrets go among the labels."""
        secrets = {name: found for name, found in only(value, "sensitive_labels").items() if found}
        body = super().encode(value)
        return body | {"labels": {**mapping(body, "labels"), **secrets}}

    def decode(self, body: Object, reference: Object) -> Object:
        """Secrets are not read back: not those of the block, nor those in `labels`."""
        labels = mapping(body, "labels")
        if only(reference, "sensitive_labels"):
            labels = {name: value for name, value in labels.items() if name not in SENSITIVE}
        else:
            configured = mapping(reference, "labels")
            labels |= {name: configured[name] for name in SENSITIVE if configured.get(name) and name in labels}
        return super().decode(body | {"labels": labels}, reference)

    def delete(self, cloud: Cloud, prior: Object) -> None:
        """Policies that name the channel keep it, unless force_delete is set."""
        if not self.may_delete(prior):
            return
        try:
            force = "true" if prior.get("force_delete") is True else "false"
            cloud.send("DELETE", self.link(cloud, prior), query={"force": force})
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise Failure(f"Error when reading or editing {self.label}: {error}", state=prior) from error


def _no_reducer(old: object, new: object, _root: Mapping[str, object]) -> bool:
    return {old or "", new or ""} == {"", "REDUCE_NONE"}


@dataclass(frozen=True, kw_only=True)
class AlertPolicy(Named):
    """The policy. Conditions keep their names over an update, by place."""

    suppress: ClassVar[Mapping[str, Suppress]] = dict.fromkeys(
        (
            "conditions.condition_absent.aggregations.cross_series_reducer",
            "conditions.condition_threshold.aggregations.cross_series_reducer",
            "conditions.condition_threshold.denominator_aggregations.cross_series_reducer",
        ),
        _no_reducer,
    )

    def encode(self, value: Object) -> Object:
        """With the names of the conditions, so that incidents that are open stay theirs."""
        body = super().encode(value)
        sent, conditions = body.get("conditions"), value.get("conditions")
        if isinstance(sent, list) and isinstance(conditions, list):
            body["conditions"] = [
                new | ({"name": text(old, "name")} if text(old, "name") else {})
                for new, old in zip(sent, conditions, strict=True)
            ]
        return body

    def decode(self, body: Object, reference: Object) -> Object:
        """The record of the creation is a list of one."""
        record = mapping(body, "creationRecord")
        fields = {"mutate_time": record.get("mutateTime"), "mutated_by": record.get("mutatedBy")}
        return super().decode(body, reference) | {"creation_record": [fields] if record else []}


def _same_dashboard(old: object, new: object, _root: Mapping[str, object]) -> bool:
    try:
        given = json.loads(str(new))
        return bool(_known_keys(json.loads(str(old)), given) == given)
    except ValueError:
        return False


def _known_keys(old: object, new: object) -> object:
    """`old` without what `new` does not mention: what the server has added (removeComputedKeys)."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: _known_keys(value, new[key]) for key, value in old.items() if new.get(key) is not None}
    if isinstance(old, list) and isinstance(new, list):
        return [_known_keys(value, new[i]) if i < len(new) else value for i, value in enumerate(old)]
    return old


@dataclass(frozen=True, kw_only=True)
class Dashboard(Resource):
    """The dashboard: one text, compared as JSON."""

    suppress: ClassVar[Mapping[str, Suppress]] = {"dashboard_json": _same_dashboard}

    def validate(self, config: Object) -> list[str]:
        """It has to be an object."""
        given = config.get("dashboard_json")
        if not isinstance(given, str):
            return []
        try:
            return [] if isinstance(json.loads(given), dict) else ["dashboard_json: must be a JSON object"]
        except ValueError as error:
            return [f'"dashboard_json" contains an invalid JSON: {error}']

    def amend(self, change: Change, settings: Settings) -> None:
        """The text is planned as it will be read back (its StateFunc)."""
        super().amend(change, settings)
        if isinstance(given := change.planned.get("dashboard_json"), str):
            change.planned["dashboard_json"] = _normal(json.loads(given))

    def identity(self, state: Object) -> str:
        """The full name, of which an import gives the parts."""
        return text(state, "id") or f"projects/{text(state, 'project')}/dashboards/{text(state, 'name')}"

    def encode(self, value: Object) -> Object:
        """The text is the body."""
        body = json.loads(text(value, "dashboard_json"))
        return body if isinstance(body, dict) else {}

    def decode(self, body: Object, reference: Object) -> Object:
        """The body is the text, etag and all."""
        return super().decode(body, reference) | {"id": body.get("name"), "dashboard_json": _normal(body)}

    def send_update(self, cloud: Cloud, prior: Object, planned: Object) -> None:
        """Under the etag of the last read: a dashboard that was edited since is not overwritten."""
        body = self.encode(planned) | {"etag": self.encode(prior).get("etag")}
        self._attempt("updating", cloud, "PATCH", self.link(cloud, planned), body)


def _normal(value: Mapping[str, object]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
