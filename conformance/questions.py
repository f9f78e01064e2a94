"""What only a real project can answer: each question as calls of Google's APIs, and what the stand-in was written to answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from conformance.check import Check
from conformance.cloud import CallError, Cloud, JsonObject, Reply
from conformance.world import Watch, World

SCHEDULER = "https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs"
PERMISSIONS = "https://cloud.google.com/iam/docs/roles-permissions/cloudscheduler"
METRICS = "https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics"
POLICIES = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies"
TOKEN_CREATOR = "roles/iam.serviceAccountTokenCreator"  # noqa: S105 - a role
ABSENT_SECONDS = 180
"""Of the heartbeat that is asked about: Google takes two minutes or more."""
PATIENCE_SECONDS = 600
GRANT_SECONDS = 180


def checks() -> list[Check]:
    """The questions, in the order in which they are asked."""
    job, metric = {"google_cloud_scheduler_job": 1}, {"google_logging_metric": 1}
    found = [
        (
            "distribution",
            "Is a DISTRIBUTION metric made without `bucketOptions`?",
            "400",
            f"{METRICS} has it as required",
            metric,
        ),
        (
            "pause-paused",
            "What does :pause answer for a job that is PAUSED?",
            "200, PAUSED",
            f"{SCHEDULER}/pause says that a job must be ENABLED; the provider counts on 200 for :resume of an ENABLED one",
            job,
        ),
        (
            "pause-disabled",
            "Can a job be made DISABLED, and what does :pause answer for it?",
            "nobody can make one: PATCH of its state leaves ENABLED",
            f"{SCHEDULER}#State: the system sets DISABLED, and nobody else",
            job,
        ),
        (
            "full-view",
            "What does jobs.list show who lacks `cloudscheduler.jobs.fullView`?",
            "name, schedule and state; no target",
            f"{PERMISSIONS} lists the permission; what it hides isn't said",
            {"google_service_account": 1, "google_project_iam_custom_role": 1, **job},
        ),
        (
            "patch-paused",
            "What is a PAUSED job after a PATCH of its schedule?",
            "PAUSED",
            f"{SCHEDULER}/patch doesn't say",
            job,
        ),
        (
            "dashboard",
            "Is a tile's xPos and yPos of 0 there when the dashboard is read back?",
            "without zeros",
            "users of the provider report it; proto3 leaves zeros out",
            {"google_monitoring_dashboard": 1},
        ),
        (
            "heartbeat",
            "Does an absence open an incident, and without a point before?",
            "silent after a point: opens; never a point: does not open",
            f"{POLICIES}#MetricAbsence has it need one point; how long it takes isn't said",
            {"google_logging_metric": 2, "google_monitoring_alert_policy": 2},
        ),
    ]
    return [
        Check(
            key=key,
            topic="questions",
            lane="heartbeat" if key == "heartbeat" else "questions",
            question=question,
            expected=expected,
            assumed=True,
            source=source,
            creates=creates,
        )
        for key, question, expected, source, creates in found
    ]


def ask(world: World) -> None:
    """All but the heartbeat, which takes long."""
    for key, question in QUESTIONS.items():
        _ask(world, key, question)


def ask_heartbeat(world: World) -> None:
    """How long it takes until a silence is noticed."""
    _ask(world, "heartbeat", _heartbeat)
    world.cloud.go_with_the_real_clock()


def _ask(world: World, key: str, question: Callable[[World], tuple[str, str]]) -> None:
    watch, began = Watch(), world.cloud.now()
    try:
        seen, detail = question(world)
    except (CallError, OSError) as error:
        seen, detail = "", str(error)
    seconds = world.cloud.now() - began if world.cloud.local else watch.seconds
    world.answer(key, seen, seconds=seconds, detail=detail)


def _said(reply: Reply) -> str:
    return f"{reply.status}" + (f": {reply.said}" if reply.said else "")


def _distribution(world: World) -> tuple[str, str]:
    body = {
        "name": f"{world.prefix}-spread",
        "filter": 'resource.type="cloud_run_revision" jsonPayload.event="reconciled"',
        "valueExtractor": "EXTRACT(jsonPayload.held)",
        "metricDescriptor": {"metricKind": "DELTA", "valueType": "DISTRIBUTION", "unit": "1"},
    }
    reply = world.cloud.call("POST", "logging", f"v2/projects/{world.cloud.project}/metrics", body)
    if reply.status != 200:
        return str(reply.status), _said(reply)
    return f"200, bucketOptions {json.dumps(reply.body.get('bucketOptions'))}", ""


def _made_job(world: World, name: str) -> str:
    """A job that never fires; its path."""
    parent = f"v1/projects/{world.cloud.project}/locations/{world.cloud.region}/jobs"
    full = f"projects/{world.cloud.project}/locations/{world.cloud.region}/jobs/{world.prefix}-{name}"
    target = {"uri": "https://example.com/", "httpMethod": "POST", "body": base64.b64encode(b"{}").decode()}
    body = {"name": full, "schedule": "0 5 1 1 *", "timeZone": "Etc/UTC", "httpTarget": target}
    world.cloud.post("cloudscheduler", parent, body)
    return f"v1/{full}"


def _state(cloud: Cloud, path: str) -> str:
    return str(cloud.get("cloudscheduler", path).get("state"))


def _pause_paused(world: World) -> tuple[str, str]:
    path = _made_job(world, "paused")
    world.cloud.post("cloudscheduler", f"{path}:pause")
    reply = world.cloud.call("POST", "cloudscheduler", f"{path}:pause", {})
    return f"{reply.status}, {_state(world.cloud, path)}", _said(reply) if reply.status != 200 else ""


def _pause_disabled(world: World) -> tuple[str, str]:
    path = _made_job(world, "disabled")
    reply = world.cloud.call("PATCH", "cloudscheduler", path, {"state": "DISABLED"}, query={"updateMask": "state"})
    if (state := _state(world.cloud, path)) != "DISABLED":
        return f"nobody can make one: PATCH of its state leaves {state}", f"the PATCH answers {_said(reply)}"
    reply = world.cloud.call("POST", "cloudscheduler", f"{path}:pause", {})
    return f"{reply.status}, {_state(world.cloud, path)}", _said(reply)


def _patch_paused(world: World) -> tuple[str, str]:
    """As the provider updates: the whole job, without a mask."""
    path = _made_job(world, "patched")
    world.cloud.post("cloudscheduler", f"{path}:pause")
    whole = world.cloud.get("cloudscheduler", path)
    sent = {key: whole[key] for key in ("name", "timeZone", "httpTarget") if key in whole} | {"schedule": "0 6 1 1 *"}
    reply = world.cloud.call("PATCH", "cloudscheduler", path, sent)
    return (_state(world.cloud, path), "") if reply.status == 200 else (_said(reply), "")


def _full_view(world: World) -> tuple[str, str]:
    _made_job(world, "seen")
    token = _account_that_lists(world)
    path = f"v1/projects/{world.cloud.project}/locations/{world.cloud.region}/jobs"

    def listed() -> Reply | None:
        reply = world.cloud.call("GET", "cloudscheduler", path, query={"pageSize": "500"}, token=token)
        return reply if reply.status == 200 else None

    reply = world.cloud.wait(listed, GRANT_SECONDS, 10)
    if reply is None:
        return _said(world.cloud.call("GET", "cloudscheduler", path, token=token)), ""
    job = next((one for one in reply.body.get("jobs", []) if one["name"].endswith(f"{world.prefix}-seen")), None)
    if job is None:
        return "the job isn't in the list", ""
    shown = [name for name in ("name", "schedule", "state") if name in job]
    targets = sorted(name for name in job if name.lower().endswith("target"))
    said = f"{', '.join(shown[:-1])} and {shown[-1]}; {', '.join(targets) or 'no target'}"
    return said, f"fields: {', '.join(sorted(job))}"


def _account_that_lists(world: World) -> str:
    """An access token of an account that may get and list jobs, and nothing else."""
    cloud, name = world.cloud, f"{world.prefix}-looks"
    parent = f"v1/projects/{cloud.project}"
    account = cloud.post("iam", f"{parent}/serviceAccounts", {"accountId": name, "serviceAccount": {"displayName": "Looks"}})
    role_id = name.replace("-", "_")
    permissions = ["cloudscheduler.jobs.get", "cloudscheduler.jobs.list"]
    cloud.post(
        "iam",
        f"{parent}/roles",
        {"roleId": role_id, "role": {"title": "Looks", "includedPermissions": permissions, "stage": "GA"}},
    )
    member = f"serviceAccount:{account['email']}"
    _grant(cloud, "cloudresourcemanager", parent, f"projects/{cloud.project}/roles/{role_id}", member)
    if cloud.local is not None:
        return f"local:{account['email']}"
    _grant(cloud, "iam", f"v1/{account['name']}", TOKEN_CREATOR, f"user:{_who(cloud)}")
    path = f"v1/projects/-/serviceAccounts/{account['email']}:generateAccessToken"

    def token() -> str | None:
        reply = cloud.call("POST", "iamcredentials", path, {"scope": ["https://www.googleapis.com/auth/cloud-platform"]})
        return str(reply.body["accessToken"]) if reply.status == 200 else None

    if (found := cloud.wait(token, GRANT_SECONDS, 10)) is None:
        raise CallError(
            f"no token of {account['email']} in {GRANT_SECONDS} seconds: {cloud.call('POST', 'iamcredentials', path, {}).said}"
        )
    return found


def _grant(cloud: Cloud, api: str, path: str, role: str, member: str) -> None:
    """Add a member to the policy of a resource, which keeps its etag."""
    policy = cloud.post(api, f"{path}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}} if api != "iam" else {})
    bindings = [*(policy.get("bindings") or []), {"role": role, "members": [member]}]
    cloud.post(api, f"{path}:setIamPolicy", {"policy": {**policy, "bindings": bindings, "version": 3}})


def _who(cloud: Cloud) -> str:
    """The address of who runs this. CallError where Google doesn't say."""
    reply = cloud.call("GET", "openidconnect", "v1/userinfo")
    if reply.status != 200 or "email" not in reply.body:
        raise CallError("Google does not say who you are; log in with: gcloud auth application-default login")
    return str(reply.body["email"])


def _dashboard(world: World) -> tuple[str, str]:
    def tile(left: int, top: int) -> JsonObject:
        return {"xPos": left, "yPos": top, "width": 24, "height": 16, "widget": {"title": "A text", "text": {"content": "x"}}}

    tiles = [tile(0, 0), tile(24, 0), tile(0, 16)]
    body = {"displayName": f"{world.prefix}-zeros", "mosaicLayout": {"columns": 48, "tiles": tiles}}
    made = world.cloud.post("monitoring", f"v1/projects/{world.cloud.project}/dashboards", body)
    found = world.cloud.get("monitoring", f"v1/{made['name']}")["mosaicLayout"]["tiles"]
    zeros = sorted({name for one in found for name in ("xPos", "yPos") if one.get(name) == 0})
    return (f"with zeros: {', '.join(zeros)}" if zeros else "without zeros"), ""


def _heartbeat(world: World) -> tuple[str, str]:
    """Two policies on two metrics: one gets a point and falls silent, the other never gets one."""
    cloud = world.cloud
    names = {"beats": f"{world.prefix}-beats", "never": f"{world.prefix}-never"}
    for name in names.values():
        body = {"name": name, "filter": f'logName="projects/{cloud.project}/logs/{name}"'}
        cloud.post("logging", f"v2/projects/{cloud.project}/metrics", body)
    policies = {key: _absence(world, name) for key, name in names.items()}

    def beat() -> None:
        entry = {
            "logName": f"projects/{cloud.project}/logs/{names['beats']}",
            "resource": {"type": "global"},
            "textPayload": "beat",
        }
        cloud.post("logging", "v2/entries:write", {"entries": [entry]})

    for _ in range(3):  # a point a minute, as a series that is there and then falls silent
        beat()
        cloud.pass_time(60)
    beat()
    last = cloud.now()
    opened = cloud.wait(lambda: _opened(world, policies["beats"], names["beats"]), PATIENCE_SECONDS, 15)
    seconds = cloud.now() - last
    never = _opened(world, policies["never"], names["never"])
    seen = f"silent after a point: {_opens(opened)}; never a point: {_opens(never)}"
    return seen, f"opened {seconds:.0f} s after the last entry, of a duration of {ABSENT_SECONDS} s" if opened else ""


def _opens(when: str | None) -> str:
    return "opens" if when else "does not open"


def _absence(world: World, name: str) -> str:
    """A policy on the absence of a metric, made again while Monitoring doesn't know that yet; its name."""
    aggregation = {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_DELTA", "crossSeriesReducer": "REDUCE_SUM"}
    absent = {
        "filter": f'metric.type="logging.googleapis.com/user/{name}" AND resource.type="global"',
        "duration": f"{ABSENT_SECONDS}s",
        "aggregations": [aggregation],
    }
    condition = {"displayName": "silent", "conditionAbsent": absent}
    body = {"displayName": name, "combiner": "OR", "conditions": [condition]}

    def made() -> str | None:
        reply = world.cloud.call("POST", "monitoring", f"v3/projects/{world.cloud.project}/alertPolicies", body)
        if reply.status == 200:
            return str(reply.body["name"])
        if reply.status == 404 and "Cannot find metric" in reply.said:
            return None
        raise CallError(f"policy {name}: {_said(reply)}")

    found = world.cloud.wait(made, PATIENCE_SECONDS)
    if found is None:
        raise CallError(f"Monitoring doesn't know the metric {name} after {PATIENCE_SECONDS} seconds")
    return found


def _opened(world: World, policy: str, title: str) -> str | None:
    """When an incident of a policy opened, or None: Monitoring's own list, or the stand-in's page."""
    if world.cloud.local is not None:
        found = world.cloud.page("GET", "incidents")["incidents"]
        return next((str(one["started_at"]) for one in found if one["policy_name"] == title), None)
    alerts = world.cloud.pages("monitoring", f"v3/projects/{world.cloud.project}/alerts", "alerts")
    return next((str(one.get("openTime")) for one in alerts if (one.get("policy") or {}).get("name") == policy), None)


QUESTIONS: dict[str, Callable[[World], tuple[str, str]]] = {
    "distribution": _distribution,
    "pause-paused": _pause_paused,
    "pause-disabled": _pause_disabled,
    "full-view": _full_view,
    "patch-paused": _patch_paused,
    "dashboard": _dashboard,
}
