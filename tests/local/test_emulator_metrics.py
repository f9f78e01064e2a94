"""What the Logging API refuses of a log-based metric, what it adds, and what it doesn't keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # at run time `conftest` may be that of tests/local/provider, which has the same module name
    from tests.local.plain import Rest

METRICS = "/v2/projects/p/metrics"
LINEAR = {"linearBuckets": {"numFiniteBuckets": 3, "width": 1, "offset": 1}}


def counter(**descriptor: object) -> dict[str, Any]:
    """A metric that counts entries."""
    return {"name": "it", "filter": "severity>=ERROR", "metricDescriptor": descriptor}


def distribution(**fields: object) -> dict[str, Any]:
    """A metric that collects values."""
    descriptor = {"metricKind": "DELTA", "valueType": "DISTRIBUTION"}
    return {
        "name": "it",
        "filter": "x",
        "metricDescriptor": descriptor,
        "valueExtractor": "EXTRACT(jsonPayload.held)",
        "bucketOptions": LINEAR,
        **fields,
    }


def labelled(*keys: str) -> dict[str, Any]:
    """A counter with labels."""
    extractors = dict.fromkeys(keys, "EXTRACT(jsonPayload.x)")
    return counter(labels=[{"key": key} for key in keys]) | {"labelExtractors": extractors}


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        pytest.param(distribution(bucketOptions=None), "bucket_options are required", id="a distribution without buckets"),
        pytest.param(distribution(valueExtractor=""), "they need one", id="a distribution of no value"),
        pytest.param(counter() | {"valueExtractor": "EXTRACT(jsonPayload.x)"}, "DISTRIBUTION", id="a counter of values"),
        pytest.param(counter() | {"bucketOptions": LINEAR}, "are for metrics of the value type", id="a counter with buckets"),
        pytest.param(distribution(bucketOptions={}), "exactly one of", id="buckets of no layout"),
        pytest.param(
            distribution(bucketOptions=LINEAR | {"explicitBuckets": {"bounds": [1]}}), "exactly one of", id="two layouts"
        ),
        pytest.param(
            distribution(bucketOptions={"linearBuckets": {"numFiniteBuckets": 3, "offset": 1}}),
            "width must be greater than 0",
            id="linear buckets of no width",
        ),
        pytest.param(
            distribution(bucketOptions={"exponentialBuckets": {"numFiniteBuckets": 3, "growthFactor": 1, "scale": 1}}),
            "growth_factor must be greater than 1",
            id="exponential buckets that don't grow",
        ),
        pytest.param(
            distribution(bucketOptions={"linearBuckets": {"width": 1, "offset": 1}}),
            "num_finite_buckets must be greater than 0",
            id="no finite buckets",
        ),
        pytest.param(
            distribution(bucketOptions={"explicitBuckets": {"bounds": [1, 1]}}), "must increase", id="bounds that stand still"
        ),
        pytest.param(distribution(bucketOptions={"explicitBuckets": {}}), "must not be empty", id="no bounds"),
        pytest.param(
            distribution(bucketOptions={"explicitBuckets": {"bounds": list(range(200))}}), "more than 200", id="201 buckets"
        ),
        pytest.param(counter(metricKind="GAUGE"), "not GAUGE and INT64", id="a gauge"),
        pytest.param(counter(metricKind="DELTA", valueType="STRING"), "not DELTA and STRING", id="text"),
        pytest.param(counter(unit="jobs"), "unit 'jobs'", id="a unit of one's own without braces"),
        pytest.param(labelled("a b"), "'a b'", id="a label with a blank"),
        pytest.param(labelled(*(f"l{n}" for n in range(11))), "at most 10 labels", id="eleven labels"),
        pytest.param(counter() | {"name": "/it"}, "/ not first", id="a name that begins with a slash"),
        pytest.param(counter() | {"filter": "severity>="}, "expected a value at the end", id="a filter that stops short"),
        pytest.param(counter() | {"description": "x" * 8001}, "8000 characters", id="a long description"),
        pytest.param(
            counter() | {"bucketName": "projects/other/locations/global/buckets/b"}, "projects/p/locations", id="elsewhere"
        ),
    ],
)
def test_what_can_be_no_metric_is_refused(rest: Rest, metric: dict[str, Any], message: str) -> None:
    answer = rest("POST", METRICS, metric)
    assert (answer.status, message in answer.message) == (400, True), answer.message


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param(unit, id=unit)
        for unit in ("s", "ms", "kBy/{email}", "MiBy/10ms", "GBy.d", "k{watt}.h", "{request}/s", "1000/d", "10^2.%")
    ],
)
def test_a_unit_of_the_documents_is_taken(rest: Rest, unit: str) -> None:
    assert rest("POST", METRICS, counter(unit=unit)).json["metricDescriptor"]["unit"] == unit


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(LINEAR, id="linear"),
        pytest.param({"exponentialBuckets": {"numFiniteBuckets": 64, "growthFactor": 2, "scale": 0.01}}, id="exponential"),
        pytest.param({"explicitBuckets": {"bounds": [0, 1, 2, 3, 4.2]}}, id="explicit"),
        pytest.param({"explicitBuckets": {"bounds": [7]}}, id="one bound, so two buckets"),
    ],
)
def test_the_buckets_of_a_distribution_are_kept(rest: Rest, options: dict[str, Any]) -> None:
    rest("POST", METRICS, distribution(bucketOptions=options))
    assert rest("GET", f"{METRICS}/it").json["bucketOptions"] == options


def test_a_distribution_without_buckets_is_taken_if_that_is_how_google_is(rest: Rest) -> None:
    rest("POST", "/_local/faults", {"faults": ["buckets optional"]})
    assert rest("POST", METRICS, distribution(bucketOptions=None)).status == 200


def test_a_metric_without_a_descriptor_gets_that_of_a_counter(rest: Rest) -> None:
    made = rest("POST", METRICS, {"name": "it", "filter": "x"}).json
    assert made["metricDescriptor"] == {
        "name": "projects/p/metricDescriptors/logging.googleapis.com/user/it",
        "type": "logging.googleapis.com/user/it",
        "metricKind": "DELTA",
        "valueType": "INT64",
        "unit": "1",
    }


def test_zeros_of_a_metric_are_not_kept(rest: Rest) -> None:
    options = {"linearBuckets": {"numFiniteBuckets": 3, "width": 1, "offset": 0}}
    rest("POST", METRICS, distribution(bucketOptions=options, disabled=False, description=""))
    kept = rest("GET", f"{METRICS}/it").json
    assert kept["bucketOptions"] == {"linearBuckets": {"numFiniteBuckets": 3, "width": 1}}
    assert not {"disabled", "description"} & set(kept)
