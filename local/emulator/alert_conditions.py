"""What Cloud Monitoring refuses of the conditions of an alert policy, as they are written. Evaluation: conditions.py.

The limits are those of the discovery document's descriptions, which are also at
https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Condition; the longest absence is that of
https://cloud.google.com/monitoring/alerts/metric-absence. Metrics of Google's own are not known here: of them nothing is
refused that only their descriptors tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from local.emulator import counting, filters, metric_filters, metrics, monitored
from local.emulator.model import ApiError, JsonObject
from local.emulator.refusals import invalid, seconds, shown
from local.emulator.rest import Call

MAX_FILTER = 2048  # characters
MINUTE = 60.0
MIN_ABSENCE, MAX_ABSENCE = 120.0, 23.5 * 3600  # seconds
MAX_ALIGNMENT = 90_000.0  # seconds; of the alignment and the duration together, too: chainguard-dev/terraform-infra-common #783
MIN_FORECAST, MAX_FORECAST = 3600.0, 60 * 3600.0  # seconds
PROMQL_STEP = 30.0  # seconds
_KINDS = re.compile(r"condition[A-Z]\w+")
_USER_METRIC = re.compile(re.escape(metrics.TYPE) + r"([^\"'\s}]+)")
MISSING = (
    'Cannot find metric(s) that match type = "{type}". If a metric was created recently, it could take up to 10 minutes '
    "to become available. Please try again soon."
)
_RESOURCE_MISSING = (
    'must specify a restriction on "resource.type" in the filter; see "https://cloud.google.com/monitoring/api/resources" for '
    "a list of available resource types."
)
_GROUP = re.compile(r"(metric|resource)\.labels?\.\"?([A-Za-z0-9_]+)\"?")
_OTHER_GROUPS = re.compile(r"project|metric\.type|resource\.type|metadata\.(user|system)_labels\..+")
# Of a log-based metric, which is DELTA: the descriptions of Aggregation.perSeriesAligner.
_ALIGNERS: Mapping[str, str] = {
    "INT64": "NONE DELTA RATE MIN MAX MEAN COUNT SUM STDDEV PERCENT_CHANGE",
    "DISTRIBUTION": "NONE DELTA SUM PERCENTILE_99 PERCENTILE_95 PERCENTILE_50 PERCENTILE_05",
}


def kind_of(condition: JsonObject, index: int) -> str:
    """The one kind that a condition has, such as conditionAbsent; ApiError 400 if it has none or several."""
    kinds = [key for key in condition if _KINDS.fullmatch(key)]
    if len(kinds) != 1:
        why = 'Condition subtype (e.g. "condition_absent", "condition_threshold", etc.) is absent or unknown'
        raise invalid(f"alert_policy.conditions[{index}].condition_case", len(kinds), f"{why}, or there are several.")
    return kinds[0]


def check(condition: JsonObject, index: int, call: Call) -> None:
    """ApiError 400 for what can't be a condition, 404 for a log-based metric that isn't there."""
    kind = kind_of(condition, index)
    spec, at = condition[kind], f"alert_policy.conditions[{index}]"
    where = f"{at}.{_snake(kind)}"
    if kind == "conditionMatchedLog":
        _check_log(spec, at)
    elif kind in ("conditionThreshold", "conditionAbsent"):
        _check_series(spec, where, call)
        (_check_threshold if kind == "conditionThreshold" else _check_absence)(spec, where)
    else:
        _check_query(kind, spec, where)
    if not spec.get("disableMetricValidation"):
        for name in _user_metrics(spec):
            if metrics.find(call, _project(call), name) is None:
                raise ApiError(404, MISSING.format(type=metrics.TYPE + name))


def _check_log(spec: JsonObject, at: str) -> None:
    """The filter and the extractors have to compile, as those of a metric."""
    text = spec.get("filter", "")
    try:
        if not text:
            raise ApiError(400, "the filter must not be empty")
        filters.compiled(text)
        for extractor in (spec.get("labelExtractors") or {}).values():
            counting.extractor(extractor)
    except ApiError as error:  # as chainguard-dev/terraform-infra-common #211 quotes it
        raise invalid(f"{at}.filter", text, f"Unparseable filter: {error.message}") from None


def _check_series(spec: JsonObject, where: str, call: Call) -> None:
    for name, aggregations in (("filter", "aggregations"), ("denominatorFilter", "denominatorAggregations")):
        text, at = spec.get(name, ""), f"{where}.{_snake(name)}"
        if not text and name == "denominatorFilter":
            continue
        chosen = _chosen(text, at, of_a_policy=name == "filter")
        found = [metrics.find(call, _project(call), name) for name in _user_metrics({"filter": text})]
        metric = found[0] if len(found) == 1 else None
        _check_labels(chosen, metric, text, at)
        for place, aggregation in enumerate(spec.get(aggregations) or []):
            _check_aggregation(aggregation, f"{where}.{_snake(aggregations)}[{place}]", metric)
            _check_groups(aggregation, f"{where}.{_snake(aggregations)}[{place}]", chosen, metric)
    trigger = spec.get("trigger") or {"count": 1}
    if (trigger.get("count", 0) > 0) == (0 < trigger.get("percent", 0) <= 100):
        raise invalid(f"{where}.trigger", trigger, "it has a count or a percent, which is positive")


def _chosen(text: str, at: str, *, of_a_policy: bool) -> metric_filters.MetricFilter:
    """The filter of time series; a denominator's need not name the resource."""
    if len(text) > MAX_FILTER:
        raise invalid(at, text, f"it must not exceed {MAX_FILTER} Unicode characters in length")
    try:
        chosen = metric_filters.read(text)
    except ApiError as error:
        raise invalid(at, text, error.message) from None
    fields = {term.field for term in chosen.terms}
    if "resource.type" not in fields and of_a_policy:
        raise invalid(at, text, _RESOURCE_MISSING)
    if "metric.type" not in fields:
        raise invalid(at, text, 'must specify a restriction on "metric.type" in the filter')
    for kind in chosen.named("resource.type"):
        if not monitored.is_known(kind):
            raise invalid(at, text, f"The filter contains unknown resource type: {kind}")
    return chosen


def _labels(of: str, chosen: metric_filters.MetricFilter, metric: JsonObject | None) -> frozenset[str] | None:
    """The labels that the metric or every resource of a filter has; None if nobody knows."""
    if of == "metric":
        return None if metric is None else metrics.labels_of(metric)
    kinds = chosen.named("resource.type")
    known = [monitored.labels(kind) for kind in kinds]
    return frozenset.union(*[found for found in known if found is not None]) if kinds and None not in known else None


def _check_labels(chosen: metric_filters.MetricFilter, metric: JsonObject | None, text: str, at: str) -> None:
    for of in ("metric", "resource"):
        have = _labels(of, chosen, metric)
        for label in chosen.labels(of):
            if have is not None and label not in have:
                raise invalid(at, text, f"The filter contains unknown {of} label: {label}")


def _check_aggregation(aggregation: JsonObject, at: str, metric: JsonObject | None) -> None:
    aligner = aggregation.get("perSeriesAligner", "ALIGN_NONE")
    reduced = aggregation.get("crossSeriesReducer", "REDUCE_NONE") != "REDUCE_NONE"
    period = seconds(aggregation.get("alignmentPeriod"))
    said = shown(aggregation.get("alignmentPeriod"))
    if reduced and aligner == "ALIGN_NONE":
        why = "If cross_series_reducer is specified, then per_series_aligner must be specified and not equal to ALIGN_NONE"
        raise invalid(f"{at}.per_series_aligner", aligner, why)
    if aligner != "ALIGN_NONE" or "alignmentPeriod" in aggregation:
        if period < MINUTE:
            raise invalid(f"{at}.alignment_period", said, "alignment period must be at least 60 seconds")
        if period % MINUTE:
            raise invalid(f"{at}.alignment_period", said, "alignment period must be in multiples of one minute")
        if period > MAX_ALIGNMENT:
            raise invalid(f"{at}.alignment_period", said, f"alignment period must be at most {MAX_ALIGNMENT:g} seconds")
    values = metric["metricDescriptor"]["valueType"] if metric else None
    if (
        values is not None and aligner.removeprefix("ALIGN_") not in _ALIGNERS[values].split()
    ):  # google/exposure-notifications-verification-server #659
        why = f"The aligner cannot be applied to metrics with kind DELTA and value type {values}."
        raise invalid("aggregation.perSeriesAligner", aligner, why)


def _check_groups(aggregation: JsonObject, at: str, chosen: metric_filters.MetricFilter, metric: JsonObject | None) -> None:
    for place, field in enumerate(aggregation.get("groupByFields") or []):
        where, found = f"{at}.group_by_fields[{place}]", _GROUP.fullmatch(field)
        if found is None:
            if not _OTHER_GROUPS.fullmatch(field):
                raise invalid(where, field, "it is no field of a time series")
            continue
        have = _labels(found[1], chosen, metric)
        if have is not None and found[2] not in have:
            raise invalid(where, field, f"the {found[1]} has no label {found[2]}")


def _check_threshold(spec: JsonObject, where: str) -> None:
    if spec.get("comparison") not in ("COMPARISON_GT", "COMPARISON_LT"):
        why = "Only COMPARISON_LT and COMPARISON_GT are supported currently."
        raise invalid(f"{where}.comparison", spec.get("comparison", "COMPARISON_UNSPECIFIED"), why)
    duration = seconds(spec.get("duration"))
    if spec.get("evaluationMissingData") and duration < MINUTE:
        why = "Conditions setting evaluation_missing_data must have a non-zero duration."
        raise invalid(f"{where}.evaluation_missing_data", spec["evaluationMissingData"], why)
    _check_minutes(spec, where)
    longest = max((seconds(one.get("alignmentPeriod")) for one in spec.get("aggregations") or []), default=0.0)
    if duration + longest > MAX_ALIGNMENT:
        why = f"alignment period and duration together must be at most {MAX_ALIGNMENT:g} seconds"
        raise invalid(f"{where}.duration", shown(spec.get("duration")), why)
    horizon = seconds((spec.get("forecastOptions") or {}).get("forecastHorizon") or f"{MIN_FORECAST}s")
    if not MIN_FORECAST <= horizon <= MAX_FORECAST:
        why = "The forecast horizon can range from 1 hour to 60 hours."
        raise invalid(f"{where}.forecast_options.forecast_horizon", f"{horizon:g}s", why)


def _check_absence(spec: JsonObject, where: str) -> None:
    duration = seconds(spec.get("duration"))
    if duration < MIN_ABSENCE:
        why = f"The minimum value of this field is {MIN_ABSENCE:g} seconds."
        raise invalid(f"{where}.duration", shown(spec.get("duration")), why)
    _check_minutes(spec, where)
    if duration > MAX_ABSENCE:
        why = "The maximum trigger absence time is 23.5 hours."
        raise invalid(f"{where}.duration", shown(spec.get("duration")), why)


def _check_minutes(spec: JsonObject, where: str) -> None:
    if (duration := seconds(spec.get("duration"))) < 0 or duration % MINUTE:
        raise invalid(f"{where}.duration", shown(spec["duration"]), "duration must be in multiples of one minute")


def _check_query(kind: str, spec: JsonObject, where: str) -> None:
    """Of PromQL, MQL and SQL only what surrounds the query is read here."""
    if not spec.get("query"):
        raise invalid(f"{where}.query", "", "This field must not be empty.")
    if kind == "conditionPrometheusQueryLanguage":
        step = seconds(spec.get("evaluationInterval") or f"{PROMQL_STEP}s")
        if step <= 0 or step % PROMQL_STEP:
            why = "Must be a positive multiple of 30 seconds or missing."
            raise invalid(f"{where}.evaluation_interval", shown(spec["evaluationInterval"]), why)
    elif kind == "conditionMonitoringQueryLanguage":
        _check_minutes(spec, where)


def _project(call: Call) -> str:
    return next(iter(call.path.values())).split("/")[1]


def _user_metrics(spec: JsonObject) -> Iterator[str]:
    for field in ("filter", "denominatorFilter", "query"):
        yield from _USER_METRIC.findall(spec.get(field, ""))


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)
