"""Log-based metrics: their descriptors and the refusals of the Logging API. Counting: local/emulator/counting.py.

What a metric needs is said by https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics and, of labels, by
https://cloud.google.com/logging/docs/logs-based-metrics/labels. The words of the refusals are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from local.emulator import counting
from local.emulator.defaults import without_defaults
from local.emulator.model import ApiError, JsonObject, timestamp
from local.emulator.rest import Call, Collection

METRICS = "logging.projects.metrics"
TYPE = "logging.googleapis.com/user/"
BUCKETS_OPTIONAL = "buckets optional"  # a switch of faults.py
MAX_FILTER = 20_000  # characters
MAX_DESCRIPTION = 8_000  # characters
MAX_LABELS = 10
MAX_BUCKETS = 200  # https://cloud.google.com/monitoring/quotas
_NAME = re.compile(r"(?!/)[A-Za-z0-9_\-.,+!*',()%/]{1,100}")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_EXTRACTOR = re.compile(r"EXTRACT\(.+\)|REGEXP_EXTRACT\(.+,\s*[\"'].+[\"']\)", re.DOTALL)
_TYPES = ("INT64", "DISTRIBUTION")
# The grammar of a unit, as the discovery document has it at MetricDescriptor.unit.
_PREFIXED = r"(?:10\^\d+\.)?(?:\d+)?(?:(?:[kMGTPEZYmunpfazy]|[KMGTP]i)?(?:bit|By|s|min|h|d|1)|%)"
_ANNOTATION = r"\{[!-z|~]+\}"
_COMPONENT = rf"(?:{_PREFIXED}(?:{_ANNOTATION})?|(?:[kMGTPEZYmunpfazy]|[KMGTP]i)?{_ANNOTATION}|\d+)"
_UNIT = re.compile(rf"{_COMPONENT}(?:[./]{_COMPONENT})*")


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
    """Labels may come, and nothing else of the descriptor may change but what describes it."""
    changed = _completed(new | {"name": old["name"]}, call)
    kept, labels = _labels(old), _labels(changed)
    if any(labels.get(key) != kind for key, kind in kept.items()) or any(
        changed["metricDescriptor"][kind] != old["metricDescriptor"][kind] for kind in ("metricKind", "valueType")
    ):
        raise ApiError(400, "The labels, kind and value type of a metric can't be changed; make another metric.")
    return changed | {"createTime": old["createTime"], "updateTime": timestamp(call.request.now)}


def _labels(metric: JsonObject) -> dict[str, str]:
    return {label["key"]: label.get("valueType", "STRING") for label in metric["metricDescriptor"].get("labels", [])}


def labels_of(metric: JsonObject) -> frozenset[str]:
    """The labels that its time series have."""
    return frozenset(_labels(metric))


def _completed(metric: JsonObject, call: Call) -> JsonObject:
    """The metric with the descriptor that the server writes, or ApiError 400."""
    name, project = metric.get("name", ""), next(iter(call.path.values())).split("/")[1]
    if not _NAME.fullmatch(name):
        message = f"Metric name {name!r} is invalid: at most 100 letters, digits and _-.,+!*',()%/, and / not first."
        raise ApiError(400, message)
    if not 0 < len(metric.get("filter", "")) <= MAX_FILTER:
        raise ApiError(400, f"A metric needs a filter of at most {MAX_FILTER} characters.")
    if len(metric.get("description", "")) > MAX_DESCRIPTION:
        raise ApiError(400, f"A metric's description has at most {MAX_DESCRIPTION} characters.")
    bucket = metric.get("bucketName") or f"projects/{project}/locations/global/buckets/_Default"
    if not re.fullmatch(rf"projects/{re.escape(project)}/locations/[^/]+/buckets/[^/]+", bucket):
        message = f"bucket_name {bucket!r} must be formatted projects/{project}/locations/LOCATION/buckets/BUCKET."
        raise ApiError(400, message, field="metric.bucket_name")
    given = {key: value for key, value in (metric.get("metricDescriptor") or {}).items() if value not in ("", None)}
    descriptor = {"metricKind": "DELTA", "valueType": "INT64", "unit": "1", **given}
    _check_labels(descriptor.get("labels") or [], metric.get("labelExtractors") or {})
    _check_extractors({**(metric.get("labelExtractors") or {}), **_value_extractor(metric)})
    _check_values(metric, descriptor, required=not call.faults.has(BUCKETS_OPTIONAL))
    counting.check(metric)
    descriptor |= {"name": f"projects/{project}/metricDescriptors/{TYPE}{name}", "type": TYPE + name}
    return without_defaults(call.api, "LogMetric", metric | {"metricDescriptor": descriptor})


def _value_extractor(metric: JsonObject) -> dict[str, str]:
    return {"value_extractor": metric["valueExtractor"]} if metric.get("valueExtractor") else {}


def _check_labels(labels: list[JsonObject], extractors: JsonObject) -> None:
    keys = [label.get("key", "") for label in labels]
    if set(keys) != set(extractors):
        raise ApiError(400, "The labels of the metric descriptor must be those that have a label extractor.")
    for key in keys:
        if not _LABEL.fullmatch(key) or keys.count(key) > 1:
            message = f"The label {key!r} must be there once, and have at most 100 letters, digits and _, a letter first."
            raise ApiError(400, message, field="metric.metric_descriptor.labels")
    if len(keys) > MAX_LABELS:
        raise ApiError(400, f"A metric has at most {MAX_LABELS} labels.")


def _check_extractors(extractors: JsonObject) -> None:
    for key, text in extractors.items():
        if not _EXTRACTOR.fullmatch(text):
            raise ApiError(400, f'{key}: {text!r} is neither EXTRACT(field) nor REGEXP_EXTRACT(field, "regex").')


def _check_values(metric: JsonObject, descriptor: JsonObject, *, required: bool) -> None:
    """What the kinds of values need. `required`: whether a distribution needs its buckets."""
    kind, values = descriptor["metricKind"], descriptor["valueType"]
    if kind != "DELTA" or values not in _TYPES:
        message = f"A log-based metric is DELTA and {' or '.join(_TYPES)}, not {kind} and {values}."
        raise ApiError(400, message, field="metric.metric_descriptor")
    if not _UNIT.fullmatch(descriptor["unit"]):
        message = f"The unit {descriptor['unit']!r} is not one of UCUM that is supported; a name of one's own is {{braced}}."
        raise ApiError(400, message, field="metric.metric_descriptor.unit")
    if bool(metric.get("valueExtractor")) != (values == "DISTRIBUTION"):
        raise ApiError(400, "A value extractor is for metrics of the value type DISTRIBUTION, and they need one.")
    if metric.get("bucketOptions") is None:
        if values == "DISTRIBUTION" and required:
            message = "The bucket_options are required for a metric of the value type DISTRIBUTION."
            raise ApiError(400, message, field="metric.bucket_options")
    elif values != "DISTRIBUTION":
        message = "The bucket_options are for metrics of the value type DISTRIBUTION."
        raise ApiError(400, message, field="metric.bucket_options")
    else:
        _check_buckets(metric["bucketOptions"])


def _check_buckets(options: JsonObject) -> None:
    """One of three layouts: https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics#BucketOptions"""

    def refuse(what: str) -> ApiError:
        return ApiError(400, f"bucket_options: {what}.", field="metric.bucket_options")

    if len(options) != 1:
        raise refuse("exactly one of linear_buckets, exponential_buckets and explicit_buckets must be set")
    [(layout, given)] = options.items()
    if layout == "explicitBuckets":
        bounds = given.get("bounds") or []
        if not bounds or any(after <= before for before, after in pairwise(bounds)):
            raise refuse("bounds must not be empty, and must increase")
        if len(bounds) + 1 > MAX_BUCKETS:
            raise refuse(f"there are more than {MAX_BUCKETS} buckets")
        return
    over: Iterable[tuple[str, float]] = [("numFiniteBuckets", 0)]
    over = [*over, ("width", 0)] if layout == "linearBuckets" else [*over, ("growthFactor", 1), ("scale", 0)]
    for name, least in over:
        if not given.get(name, 0) > least:
            raise refuse(f"{re.sub(r'([A-Z])', lambda found: '_' + found[1].lower(), name)} must be greater than {least}")
    if given["numFiniteBuckets"] + 2 > MAX_BUCKETS:
        raise refuse(f"there are more than {MAX_BUCKETS} buckets")


COLLECTIONS = (Collection(path="projects.metrics", short_name=True, created=_created, changed=_changed),)
