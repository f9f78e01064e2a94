"""Log-based metrics: their descriptors and the refusals of the Logging API. Counting: local/emulator/counting.py."""

from __future__ import annotations

import re
from datetime import datetime

from local.emulator import counting
from local.emulator.model import ApiError, JsonObject, timestamp
from local.emulator.rest import Call, Collection

METRICS = "logging.projects.metrics"
TYPE = "logging.googleapis.com/user/"
MAX_FILTER = 20_000  # characters
MAX_LABELS = 10
_NAME = re.compile(r"[A-Za-z0-9_\-.,+!*',()%/]{1,100}")
_EXTRACTOR = re.compile(r"EXTRACT\(.+\)|REGEXP_EXTRACT\(.+,\s*[\"'].+[\"']\)", re.DOTALL)


def find(call: Call, project: str, name: str) -> JsonObject | None:
    """The metric if Cloud Monitoring can see it already; a fault hides new ones."""
    metric = call.store.get(METRICS, f"projects/{project}/metrics/{name}")
    if metric is None:
        return None
    visible = datetime.fromisoformat(metric["createTime"]) + call.faults.delay("metrics")
    return metric if visible <= call.request.now else None


def _created(metric: JsonObject, call: Call) -> JsonObject:
    now = timestamp(call.request.now)
    return _completed(metric, call) | {"createTime": now, "updateTime": now}


def _changed(old: JsonObject, new: JsonObject, call: Call) -> JsonObject:
    changed = _completed(new | {"name": old["name"]}, call)
    if _labels(changed) != _labels(old) or any(
        changed["metricDescriptor"][kind] != old["metricDescriptor"][kind] for kind in ("metricKind", "valueType")
    ):
        raise ApiError(400, "The labels, kind and value type of a metric can't be changed; make another metric.")
    return changed | {"createTime": old["createTime"], "updateTime": timestamp(call.request.now)}


def _labels(metric: JsonObject) -> dict[str, str]:
    return {label["key"]: label.get("valueType", "STRING") for label in metric["metricDescriptor"].get("labels", [])}


def _completed(metric: JsonObject, call: Call) -> JsonObject:
    """The metric with the descriptor that the server writes, or ApiError 400."""
    name, project = metric.get("name", ""), next(iter(call.path.values())).split("/")[1]
    if not _NAME.fullmatch(name):
        raise ApiError(400, f"Metric name {name!r} is invalid: at most 100 letters, digits and _-.,+!*',()%/.")
    if not 0 < len(metric.get("filter", "")) <= MAX_FILTER:
        raise ApiError(400, f"A metric needs a filter of at most {MAX_FILTER} characters.")
    descriptor = {"metricKind": "DELTA", "valueType": "INT64", **(metric.get("metricDescriptor") or {})}
    descriptor["labels"] = [
        {key: value for key, value in label.items() if (key, value) != ("valueType", "STRING")}  # the enum's zero
        for label in descriptor.get("labels") or []
    ]
    extractors = metric.get("labelExtractors") or {}
    if {label.get("key") for label in descriptor["labels"]} != set(extractors):
        raise ApiError(400, "The labels of the metric descriptor must be those that have a label extractor.")
    if len(extractors) > MAX_LABELS:
        raise ApiError(400, f"A metric has at most {MAX_LABELS} labels.")
    for key, extractor in [*extractors.items(), ("value_extractor", metric.get("valueExtractor") or "EXTRACT(x)")]:
        if not _EXTRACTOR.fullmatch(extractor):
            raise ApiError(400, f'{key}: {extractor!r} is neither EXTRACT(field) nor REGEXP_EXTRACT(field, "regex").')
    if bool(metric.get("valueExtractor")) != (descriptor["valueType"] == "DISTRIBUTION"):
        raise ApiError(400, "A value extractor is for metrics of the value type DISTRIBUTION, and they need one.")
    counting.check(metric)
    descriptor |= {"name": f"projects/{project}/metricDescriptors/{TYPE}{name}", "type": TYPE + name}
    descriptor = {key: value for key, value in descriptor.items() if value != []}
    return {key: value for key, value in metric.items() if value not in (None, "", False)} | {"metricDescriptor": descriptor}


COLLECTIONS = (Collection(path="projects.metrics", short_name=True, created=_created, changed=_changed),)
