"""Incidents of alert policies: opened and closed by `evaluate`, with notifications to the channels.

A Pub/Sub channel gets Cloud Monitoring's JSON, version 1.2, published to its topic; what other channels would have sent is
only recorded. An incident whose series went silent is closed after alert_strategy.auto_close, which for a counter that is
quiet after a burst is the usual end. One of a matched log is told again at most once a notification_rate_limit. Policies are
evaluated when they are asked to (`/_local/evaluate`), never by themselves. Every condition stands for itself (combiner OR).
https://cloud.google.com/monitoring/support/notification-options#schema-pubsub
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.emulator import conditions, push
from local.emulator.alerts import CHANNELS, POLICIES
from local.emulator.buckets import PROJECT_NUMBER
from local.emulator.conditions import Series
from local.emulator.model import ApiError, JsonObject, timestamp
from local.emulator.refusals import seconds
from local.emulator.runtime import Runtime

OPEN = "local.incidents"  # in the store: those that are open
_CURSORS = "local.matchedLogs"  # in the store: how far the entries were matched
_ALWAYS = "1970-01-01T00:00:00Z"
_AUTO_CLOSE = "604800s"  # Cloud Monitoring's default
_VARIABLE = re.compile(r"\$\{(metric\.labels?|resource\.labels?|log\.extracted_label)\.(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """What an incident is about: one series of one condition of a policy."""

    policy: JsonObject
    condition: JsonObject
    series: Series

    @property
    def project(self) -> str:
        return str(self.policy["name"]).split("/")[1]

    @property
    def key(self) -> str:
        place = self.condition.get("name") or f"{self.policy['name']}/{self.condition.get('displayName')}"
        return f"{place} {json.dumps(self.series.key)}"


def evaluate(runtime: Runtime) -> JsonObject:
    """Evaluate every enabled policy now: the ids of the incidents that were opened and closed. ApiError 400 names the policy
    that can't be evaluated here, and then nothing has changed."""
    out: JsonObject = {"opened": [], "closed": [], "open": []}
    with runtime.store.transaction():
        policies = [policy for _, policy in runtime.store.under(POLICIES, "") if policy.get("enabled", True)]
        _forget(runtime, {policy["name"] for policy in policies})
        for policy in policies:
            for condition in policy.get("conditions") or []:
                try:
                    _evaluate(runtime, policy, condition, out)
                except ApiError as error:
                    raise ApiError(400, f"{policy.get('displayName', policy['name'])}: {error.message}") from None
        out["open"] = [found["incident"]["incident_id"] for _, found in runtime.store.under(OPEN, "")]
    return out


def listed(runtime: Runtime) -> list[JsonObject]:
    """The open incidents."""
    with runtime.store.transaction():
        return [found["incident"] for _, found in runtime.store.under(OPEN, "")]


def _forget(runtime: Runtime, policies: set[str]) -> None:
    """Drop the open incidents of policies that are gone or off."""
    for key, found in runtime.store.under(OPEN, ""):
        if found["policy"] not in policies:
            runtime.store.drop(OPEN, key)


def _evaluate(runtime: Runtime, policy: JsonObject, condition: JsonObject, out: JsonObject) -> None:
    project = str(policy["name"]).split("/")[1]
    now = runtime.clock.now()
    if "conditionMatchedLog" in condition:
        subjects = _matches(runtime, policy, condition, project)
    else:
        since = _instant((policy.get("mutationRecord") or {}).get("mutateTime") or _ALWAYS)
        lag = runtime.faults.delay("lag")
        found = conditions.measured(runtime.store, project, condition, now, since=since, lag=lag)
        subjects = [_Subject(policy=policy, condition=condition, series=series) for series in found]
    for subject in subjects:
        _advance(runtime, subject, out)


def _matches(runtime: Runtime, policy: JsonObject, condition: JsonObject, project: str) -> list[_Subject]:
    """A subject for each label set of the new entries; and the silent ones, which may be closed."""
    place = f"{policy['name']} {condition.get('displayName')}"
    created = (policy.get("creationRecord") or {}).get("mutateTime") or _ALWAYS
    cursor = (runtime.store.get(_CURSORS, place) or {"number": 0})["number"]
    found: dict[str, _Subject] = {}
    since = datetime.fromisoformat(created)
    for number, entry, labels in conditions.matched(runtime.store, project, condition, cursor, since):
        cursor = number
        series = Series(
            metric=labels,
            resource=(entry.get("resource") or {}).get("labels") or {},
            firing=True,
            value=1.0,
            last=datetime.fromisoformat(entry["receiveTimestamp"]),
        )
        subject = _Subject(policy=policy, condition=condition, series=series)
        found[subject.key] = subject
    runtime.store.put(_CURSORS, place, {"number": cursor})
    for key, kept in runtime.store.under(OPEN, ""):
        if kept["policy"] == policy["name"] and key not in found:
            series = Series(
                metric=kept["metric"], resource=kept["resource"], firing=None, value=0.0, last=_instant(kept["last"])
            )
            found[key] = _Subject(policy=policy, condition=condition, series=series)
    return list(found.values())


def _advance(runtime: Runtime, subject: _Subject, out: JsonObject) -> None:
    """Open, keep or close the incident of a subject."""
    now, series = runtime.clock.now(), subject.series
    kept = runtime.store.get(OPEN, subject.key)
    strategy = subject.policy.get("alertStrategy") or {}
    if kept is None:
        if series.firing:
            incident = _incident(subject, now)
            out["opened"].append(incident["incident_id"])
            _keep(runtime, subject, incident, told=now)
            _tell(runtime, subject.policy, incident)
        return
    incident = kept["incident"]
    quiet = timedelta(seconds=seconds(strategy.get("autoClose") or _AUTO_CLOSE))
    if series.firing:
        limit = (strategy.get("notificationRateLimit") or {}).get("period")
        again = limit is not None and now - _instant(kept["told"]) >= timedelta(seconds=seconds(limit))
        _keep(runtime, subject, incident, told=now if again else _instant(kept["told"]))
        if again:
            _tell(runtime, subject.policy, incident)
    elif series.firing is False or now - _instant(kept["last"]) >= quiet:
        runtime.store.drop(OPEN, subject.key)
        out["closed"].append(incident["incident_id"])
        if "conditionMatchedLog" not in subject.condition:
            _tell(runtime, subject.policy, incident | {"state": "closed", "ended_at": int(now.timestamp())})


def _keep(runtime: Runtime, subject: _Subject, incident: JsonObject, *, told: datetime) -> None:
    series = subject.series
    kept = {"policy": subject.policy["name"], "incident": incident, "told": timestamp(told), "last": timestamp(series.last)}
    runtime.store.put(OPEN, subject.key, kept | {"metric": dict(series.metric), "resource": dict(series.resource)})


def _incident(subject: _Subject, now: datetime) -> JsonObject:
    policy, condition, series = subject.policy, subject.condition, subject.series
    spec = condition.get("conditionThreshold") or condition.get("conditionAbsent") or condition["conditionMatchedLog"]
    types = dict(re.findall(r"""(metric\.type|resource\.type)\s*=\s*["']([^"']*)["']""", spec.get("filter", "")))
    incident_id = f"0.{secrets.token_hex(6)}"
    documentation = policy.get("documentation") or {}
    return {
        "incident_id": incident_id,
        "scoping_project_id": subject.project,
        "scoping_project_number": int(PROJECT_NUMBER),
        "url": f"https://console.cloud.google.com/monitoring/alerting/alerts/{incident_id}?project={subject.project}",
        "started_at": int(now.timestamp()),
        "ended_at": None,
        "state": "open",
        "severity": policy.get("severity", "No severity"),
        "summary": f"{policy.get('displayName', '')}: {dict(series.metric) or 'all series'} at {series.value:g}",
        "observed_value": f"{series.value:.3f}",
        "threshold_value": f"{float(spec.get('thresholdValue', 0)):g}",
        "resource": {"type": types.get("resource.type", ""), "labels": {"project_id": subject.project, **series.resource}},
        "resource_id": "",
        "resource_name": f"{subject.project} {types.get('resource.type', '')}",
        "resource_type_display_name": types.get("resource.type", ""),
        "metric": {
            "type": types.get("metric.type", ""),
            "displayName": types.get("metric.type", ""),
            "labels": dict(series.metric),
        },
        "metadata": {"system_labels": {}, "user_labels": {}},
        "policy_name": policy.get("displayName", ""),
        "policy_user_labels": policy.get("userLabels") or {},
        "condition": condition,
        "condition_name": condition.get("displayName", ""),
        "documentation": {
            "content": _filled(documentation.get("content", ""), series),
            "mime_type": documentation.get("mimeType") or "text/markdown",
            "subject": _filled(documentation.get("subject", ""), series),
        },
    }


def _filled(text: str, series: Series) -> str:
    """The documentation with its label variables filled in."""
    return _VARIABLE.sub(
        lambda found: str((series.resource if found[1].startswith("resource") else series.metric).get(found[2], "")), text
    )


def _tell(runtime: Runtime, policy: JsonObject, incident: JsonObject) -> None:
    prompts = (policy.get("alertStrategy") or {}).get("notificationPrompts") or ["OPENED", "CLOSED"]
    if ("CLOSED" if incident["state"] == "closed" else "OPENED") not in prompts:
        return
    for name in policy.get("notificationChannels") or []:
        channel = runtime.store.get(CHANNELS, name)
        if channel is None or channel.get("enabled") is False:
            continue
        said = {"version": "1.2", "incident": incident}
        runtime.notifications.append({"channel": name, "type": channel["type"], **said})
        if channel["type"] == "pubsub":
            data = base64.b64encode(json.dumps(said).encode()).decode()
            try:
                push.publish(runtime, channel["labels"]["topic"], [{"data": data}])
            except ApiError as error:  # such as a topic that is gone: Cloud Monitoring only logs that
                runtime.notifications[-1]["error"] = error.message


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
