"""Every field that a served method takes, walked through the discovery documents: kept and shown, or refused by name.

The documents say what can be sent; a few base requests of each resource say what makes one valid. A field more is added to
them, one at a time. Nothing here knows which fields the emulator acts on.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from local.emulator import buckets, objects
from local.emulator.discovery import Api, Method, Path
from local.emulator.model import JsonObject, Request, Response
from local.emulator.server import Emulator
from local.emulator.services import EVERY_API, services
from tests.local.sources import HANDLER, archive

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DEPTH = 3  # messages below the resource: dashboards hold themselves
TEXT = "sample-text"
IN_PLACE = "projects/p/locations/us-central1"
FILTER = 'metric.type="pubsub.googleapis.com/topic/byte_cost" AND resource.type="pubsub_topic"'
# Values that mean something, where a text of any kind would be refused for what it is.
SAMPLES: Mapping[str, Any] = {
    "ackDeadlineSeconds": 20,
    "entryPoint": "other",
    "includedPermissions": ["pubsub.topics.get"],
    "metricKind": "DELTA",
    "pushEndpoint": "https://x.example/push",
    "timeZone": "Europe/Berlin",
    "valueType": "DISTRIBUTION",
}
FORMATS = {
    "google-duration": "60s",
    "google-datetime": "2026-03-10T12:00:00Z",
    "date-time": "2026-03-10T12:00:00Z",
    "date": "2026-03-10",
    "byte": "AAAA",
    "int64": "1",
    "uint64": "1",
}


@dataclass(frozen=True)
class Kind:
    """A resource: how one is made (`{n}` is a number of its own), where it is then, and some valid ones of it."""

    create: str  # the id of the method
    post: str
    place: str  # "" if the server names it: then it is read off the answer
    bodies: tuple[JsonObject, ...]
    envelope: str = ""
    beside: JsonObject | None = None  # what stands beside the envelope
    version: str = "v1"


def condition(kind: str, spec: JsonObject) -> JsonObject:
    return {"displayName": "p", "combiner": "OR", "conditions": [{"displayName": "c", kind: spec}]}


KINDS = (
    Kind(
        "cloudscheduler.projects.locations.jobs.create",
        f"/v1/{IN_PLACE}/jobs",
        f"/v1/{IN_PLACE}/jobs/j{{n}}",
        tuple(
            {"name": f"{IN_PLACE}/jobs/j{{n}}", "schedule": "0 * * * *"} | target
            for target in (
                {"httpTarget": {"uri": "https://x.example", "httpMethod": "POST"}},
                {"appEngineHttpTarget": {"relativeUri": "/"}},
                {"pubsubTarget": {"topicName": "projects/p/topics/there", "data": "AAAA"}},
            )
        ),
    ),
    Kind("storage.buckets.insert", "/storage/v1/b?project=p", "/storage/v1/b/bucket-{n}", ({"name": "bucket-{n}"},)),
    Kind(
        "iam.projects.serviceAccounts.create",
        "/v1/projects/p/serviceAccounts",
        "/v1/projects/p/serviceAccounts/account-{n}@p.iam.gserviceaccount.com",
        ({},),
        envelope="serviceAccount",
        beside={"accountId": "account-{n}"},
    ),
    Kind(
        "iam.projects.roles.create",
        "/v1/projects/p/roles",
        "/v1/projects/p/roles/role{n}",
        ({"title": "t", "includedPermissions": ["pubsub.topics.get"]},),
        envelope="role",
        beside={"roleId": "role{n}"},
    ),
    Kind("pubsub.projects.topics.create", "/v1/projects/p/topics/topic{n}", "/v1/projects/p/topics/topic{n}", ({},)),
    Kind(
        "pubsub.projects.subscriptions.create",
        "/v1/projects/p/subscriptions/sub{n}",
        "/v1/projects/p/subscriptions/sub{n}",
        tuple(
            {"topic": "projects/p/topics/there"} | more
            for more in ({}, {"pushConfig": {"pushEndpoint": "https://x.example/push"}})
        ),
    ),
    Kind(
        "logging.projects.metrics.create",
        "/v2/projects/p/metrics",
        "/v2/projects/p/metrics/metric{n}",
        (
            {"name": "metric{n}", "filter": "severity>=ERROR"},
            {
                "name": "metric{n}",
                "filter": "severity>=ERROR",
                "valueExtractor": "EXTRACT(jsonPayload.a)",
                "metricDescriptor": {"metricKind": "DELTA", "valueType": "DISTRIBUTION", "labels": [{"key": "k"}]},
                "labelExtractors": {"k": "EXTRACT(jsonPayload.b)"},
                "bucketOptions": {"explicitBuckets": {"bounds": [1.0, 2.0]}},
            },
        ),
        version="v2",
    ),
    Kind(
        "monitoring.projects.notificationChannels.create",
        "/v3/projects/p/notificationChannels",
        "",
        ({"type": "email", "labels": {"email_address": "a@example.com"}},),
        version="v3",
    ),
    Kind(
        "monitoring.projects.alertPolicies.create",
        "/v3/projects/p/alertPolicies",
        "",
        (
            condition("conditionThreshold", {"filter": FILTER, "comparison": "COMPARISON_GT", "duration": "60s"}),
            condition("conditionAbsent", {"filter": FILTER, "duration": "120s"}),
            condition("conditionMatchedLog", {"filter": "severity>=ERROR"})
            | {"alertStrategy": {"notificationRateLimit": {"period": "300s"}}},
            condition("conditionPrometheusQueryLanguage", {"query": "up", "duration": "60s"}),
            condition("conditionMonitoringQueryLanguage", {"query": "fetch", "duration": "60s"}),
            condition("conditionSql", {"query": "SELECT 1", "minutes": {"periodicity": 5}}),
        ),
        version="v3",
    ),
    Kind(
        "monitoring.projects.dashboards.create",
        "/v1/projects/p/dashboards",
        "",
        tuple({"displayName": "d"} | {layout: {}} for layout in ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout")),
    ),
    Kind(
        "cloudfunctions.projects.locations.functions.create",
        f"/v2/{IN_PLACE}/functions?functionId=f{{n}}",
        f"/v2/{IN_PLACE}/functions/f{{n}}",
        (
            {
                "buildConfig": {
                    "runtime": "python312",
                    "entryPoint": "main",
                    "source": {"storageSource": {"bucket": "source-bucket", "object": "code.zip"}},
                }
            },
        ),
        version="v2",
    ),
    Kind(
        "run.projects.locations.services.create",
        f"/v2/{IN_PLACE}/services?serviceId=s{{n}}",
        f"/v2/{IN_PLACE}/services/s{{n}}",
        ({},),
        version="v2",
    ),
    Kind(
        "run.projects.locations.jobs.create",
        f"/v2/{IN_PLACE}/jobs?jobId=j{{n}}",
        f"/v2/{IN_PLACE}/jobs/j{{n}}",
        ({},),
        version="v2",
    ),
)
# What Google ignores in a request: the server's own fields, where a document doesn't mark them.
IGNORED: Mapping[str, frozenset[str]] = {
    "Bucket": buckets.SERVER_FIELDS | {"hardDeleteTime", "softDeleteTime"},
    "Object": objects.SERVER_FIELDS,
    # Of a routing the host is answered, and little else: https://github.com/GoogleCloudPlatform/magic-modules/pull/2270
    "Job": frozenset({f"appEngineHttpTarget.appEngineRouting.{part}" for part in ("instance", "service", "version")}),
}
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    cloud = Emulator(tmp_path_factory.mktemp("cloud"), services(), enabled=EVERY_API)
    send(cloud, "PUT", "/v1/projects/p/topics/there", {})
    send(cloud, "POST", "/storage/v1/b?project=p&enableObjectRetention=true", {"name": "source-bucket"})
    send(
        cloud,
        "POST",
        "/upload/storage/v1/b/source-bucket/o?uploadType=media&name=code.zip",
        archive(HANDLER + "other = main\n"),
    )
    yield cloud
    cloud.close()


def send(cloud: Emulator, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Response:
    path, _, query = path.partition("?")
    pairs = dict(part.split("=", 1) for part in query.split("&") if part)
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {"host": "127.0.0.1:1", **(headers or {})}
    return cloud.answer(Request(http=method, path=path, query=pairs, headers=sent, body=data, now=NOW, query_string=query))


def found(method_id: str) -> tuple[Api, Method]:
    every = ((api, method) for service in services() for api in [service.served[0]] for method in api.methods)
    return next((api, method) for api, method in every if method.id == method_id and not method.upload)


def sample(api: Api, name: str, spec: JsonObject) -> Any:
    """A value that the field takes, and no zero."""
    if name in SAMPLES:
        return SAMPLES[name]
    spec = api.schema(spec)
    kind = spec.get("type", "any")
    if "enum" in spec:
        return spec["enum"][-1]
    if kind == "array":
        return [sample(api, "", spec["items"])]
    if kind == "object":
        if "additionalProperties" in spec:
            return {"k": sample(api, "", spec["additionalProperties"])}
        plain = {n: s for n, s in spec.get("properties", {}).items() if "$ref" not in s and not s.get("readOnly")}
        return {name: sample(api, name, inner) for name, inner in list(plain.items())[:1]}
    return {"boolean": True, "integer": 1, "number": 1.5}.get(kind, FORMATS.get(spec.get("format", ""), TEXT))


def fields(api: Api, spec: JsonObject, depth: int = DEPTH) -> Iterator[tuple[Path, Any]]:
    """(path, the message with that field alone) for every field that a client may set."""
    for name, inner in api.schema(spec).get("properties", {}).items():
        if inner.get("readOnly"):
            continue
        yield (name,), {name: sample(api, name, inner)}
        many = inner.get("type") == "array"
        if depth > 1:
            for path, body in fields(api, inner["items"] if many else inner, depth - 1):
                yield (name, *path), {name: [body] if many else body}


def over(base: Any, more: Any) -> Any:
    """The two messages as one; the first elements of lists are one too."""
    if isinstance(base, dict) and isinstance(more, dict):
        both = base.keys() & more.keys()
        return {**base, **more, **{key: over(base[key], more[key]) for key in both}}
    if isinstance(base, list) and isinstance(more, list) and base and more:
        return [over(base[0], more[0]), *base[1:]]
    return more


def numbered(value: Any) -> tuple[Any, str]:
    number = str(next(NUMBERS))
    return json.loads(json.dumps(value).replace("{n}", number)), number


def verdict(api: Api, schema: str, path: Path, answer: Response) -> str:
    """ "" if the field is in the answer, or refused by its name or its value; else what became of it."""
    said = json.loads(answer.body)
    if answer.status == 200:
        shown = set(api.carried(schema, said.get("response", said), zeros=True))
        return "" if path in shown else "gone"
    told = json.dumps(said["error"]).lower().replace("_", "")
    named = any(part.lower() in told for part in path) or TEXT in told
    return "" if answer.status // 100 == 4 and named else f"{answer.status} {said['error']['message']}"


def walked(kind: Kind) -> tuple[Api, Method, str, list[tuple[Path, Any]]]:
    """The API, the method, the message that the resource is, and its fields but those that Google ignores."""
    api, method = found(kind.create)
    schema = api.property(method.request or "", kind.envelope) or str(method.request)
    ignored = IGNORED.get(schema, frozenset())
    every = fields(api, {"$ref": schema})
    return api, method, schema, [(p, body) for p, body in every if not ignored & {p[0], ".".join(p)}]


def made(cloud: Emulator, kind: Kind, method: Method, body: JsonObject) -> tuple[Response, str]:
    """The answer of a create, and where the resource is."""
    (sent, post, place), _ = numbered(
        [{kind.envelope: body, **(kind.beside or {})} if kind.envelope else body, kind.post, kind.place]
    )
    answer = send(cloud, method.http, post, sent)
    return answer, place or f"/{kind.version}/{json.loads(answer.body).get('name', '')}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.create)
def test_every_field_of_a_new_resource_is_kept_and_shown_or_refused_by_name(emulator, kind):
    api, method, schema, every = walked(kind)
    lost = {}
    for path, field in every:
        for base in kind.bodies:
            answer, place = made(emulator, kind, method, over(base, field))
            problem = verdict(api, schema, path, answer)
            if not problem and answer.status == 200:
                problem = verdict(api, schema, path, send(emulator, "GET", place))
            if not problem:
                break
        else:
            lost[".".join(path)] = problem
    assert lost == {}
    assert len(every) > 3


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.create)
def test_every_field_of_a_change_is_kept_and_shown_or_refused_by_name(emulator, kind):
    api, method, schema, every = walked(kind)
    change = next(m for m in api.methods if m.collection == method.collection and m.verb in ("patch", "update"))
    envelope = api.holder(str(change.request), schema)
    lost = {}
    for path, field in every:
        for base in kind.bodies:
            (own, _), (_, place) = numbered(base), made(emulator, kind, method, base)
            body = over({key: value for key, value in own.items() if key != "name"}, field)
            if change.http == "PUT":
                body["name"] = place.rpartition("/")[2]
            sent = {envelope: body, "updateMask": path[0]} if envelope else body
            answer = send(emulator, change.http, place, sent)
            problem = verdict(api, schema, path, answer)
            if not problem and answer.status == 200:
                problem = verdict(api, schema, path, send(emulator, "GET", place))
            if not problem:
                break
        else:
            lost[".".join(path)] = problem
    assert lost == {}


def uploaded(cloud: Emulator, metadata: JsonObject) -> Response:
    body = f"--b\r\n\r\n{json.dumps(metadata)}\r\n--b\r\n\r\nx\r\n--b--".encode()
    path = f"/upload/storage/v1/b/source-bucket/o?uploadType=multipart&name=o{next(NUMBERS)}"
    return send(cloud, "POST", path, body, {"content-type": "multipart/related; boundary=b"})


@pytest.mark.parametrize("changed", [False, True], ids=["uploaded", "changed"])
def test_every_field_of_an_object_is_kept_and_shown_or_refused_by_name(emulator, changed):
    api, _ = found("storage.objects.patch")
    retention = {"mode": "Unlocked", "retainUntilTime": "2027-01-01T00:00:00Z"}
    lost = {}
    for path, field in fields(api, {"$ref": "Object"}):
        if path[0] in IGNORED["Object"]:
            continue
        whole = over({"retention": retention} if path[0] == "retention" else {}, field)
        answer = uploaded(emulator, {} if changed else whole)
        if changed:
            name = json.loads(answer.body)["name"]
            answer = send(emulator, "PATCH", f"/storage/v1/b/source-bucket/o/{name}", whole)
        if problem := verdict(api, "Object", path, answer):
            lost[".".join(path)] = problem
    assert lost == {}


def test_every_resource_that_can_be_made_is_walked():
    served = [(api, method, handlers) for service in services() for api, handlers in [service.served] for method in api.methods]
    makes = {method.id for _, method, handlers in served if method.id in handlers and method.verb in ("create", "insert")}
    assert makes == {kind.create for kind in KINDS} | {"storage.objects.insert"}
