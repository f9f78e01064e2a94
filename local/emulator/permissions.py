"""What each served method needs: which permission, on which resource.

Most are named in the discovery document's own words (`pubsub.topics.get` for pubsub.projects.topics.get) and are asked of the
resource, or where it is made or listed of what holds it, here the project. The rest, and what a method needs besides:

* Cloud Scheduler: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/resume (`enable`), and
  `actAs` on the account of a token: https://cloud.google.com/scheduler/docs/http-target-auth. A patch too (assumed).
* Cloud Storage: https://cloud.google.com/storage/docs/access-control/iam-json. An object that is there is overwritten with
  `delete`; a listing is told apart by its prefix: https://cloud.google.com/iam/docs/conditions-attribute-reference
* Pub/Sub: https://cloud.google.com/pubsub/docs/access-control#required_permissions (`attachSubscription` on the topic), and
  `actAs` on the push account: https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
* Cloud Run functions: https://cloud.google.com/functions/docs/reference/iam/roles#additional-configuration (`actAs` on the
  account that it runs as), and on that of its build: https://cloud.google.com/functions/docs/securing/build-custom-sa. That
  nothing is asked of the bucket of the source is assumed.
* Service Usage: https://cloud.google.com/service-usage/docs/access-control
* Logging: https://cloud.google.com/logging/docs/access-control
* Monitoring: https://cloud.google.com/monitoring/access-control (`timeSeries.list`)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.emulator.model import JsonObject

if TYPE_CHECKING:
    from local.emulator.rest import Call

PROJECTS = "cloudresourcemanager.projects"
ACCOUNTS = "iam.projects.serviceAccounts"
BUCKETS = "storage.buckets"
ACT_AS = "iam.serviceAccounts.actAs"
LIST_PREFIX = "storage.googleapis.com/objectListPrefix"
_PREFIX_OF_CALL = re.compile(r"projects/([^/]+)")
_HERE = ("create", "list", "insert", "batchEnable")  # verbs of a collection, which its parent has to allow


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What a permission is asked of. `kind` and `key` say where the store keeps its policy, `project` whose policy counts too.

    `api`: attributes of the call that a condition may ask for.
    """

    kind: str
    key: str
    name: str
    project: str
    type: str = ""
    api: Mapping[str, str] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """As `resource.service` of a condition."""
        return self.type.partition("/")[0]


@dataclass(frozen=True, kw_only=True)
class Need:
    """A permission on a resource."""

    permission: str
    resource: Resource


Needs = Callable[["Call"], Iterable[Need]]


def project(name: str) -> Resource:
    """The project, by its id or by the name of anything in it."""
    found = _PREFIX_OF_CALL.match(name)
    project_id = found[1] if found else name
    kind = "cloudresourcemanager.googleapis.com/Project"
    return Resource(kind=PROJECTS, key=project_id, name=f"projects/{project_id}", project=project_id, type=kind)


def resource(kind: str, name: str) -> Resource:
    """A resource by its full name, such as projects/P/topics/T."""
    service, _, path = kind.partition(".")
    noun = path.rpartition(".")[2]
    kind_name = f"{service}.googleapis.com/{noun[:1].upper()}{noun[1:].removesuffix('s')}"
    return Resource(kind=kind, key=name, name=name, project=project(name).project, type=kind_name)


def account(email: str, project_id: str) -> Resource:
    """A service account by its address, or by its full name."""
    email = email.rpartition("/")[2]
    found = re.fullmatch(r"[^@]+@([^.]+)\.iam\.gserviceaccount\.com", email)
    return resource(ACCOUNTS, f"projects/{found[1] if found else project_id}/serviceAccounts/{email}")


def bucket(call: Call, name: str, *, prefix: str | None = None) -> Resource:
    """A bucket; `prefix` is what a listing asks for."""
    owner = (call.store.get(f"{BUCKETS}.project", name) or {}).get("project", "")
    api = {} if prefix is None else {LIST_PREFIX: prefix}
    kind = "storage.googleapis.com/Bucket"
    return Resource(kind=BUCKETS, key=name, name=f"projects/_/buckets/{name}", project=owner, type=kind, api=api)


def stored(call: Call, bucket_name: str, name: str) -> Resource:
    """An object; it has the policy of its bucket."""
    holder = bucket(call, bucket_name)
    path, kind = f"{holder.name}/objects/{name}", "storage.googleapis.com/Object"
    return Resource(kind=BUCKETS, key=bucket_name, name=path, project=holder.project, type=kind)


def _own(kind: str, permission: str) -> Needs:
    return lambda call: [Need(permission=permission, resource=resource(kind, _first(call)))]


def _in_project(permission: str) -> Needs:
    return lambda call: [Need(permission=permission, resource=project(_first(call)))]


def _first(call: Call) -> str:
    return next(iter(call.path.values()))


def _both(*needs: Needs) -> Needs:
    return lambda call: [need for each in needs for need in each(call)]


def _nothing(_call: Call) -> list[Need]:
    """Every caller may: who asks hears of nothing but their own rights, or of Google's lists."""
    return []


# What methods carry in their bodies


def _acts(accounts: Callable[[JsonObject], Iterable[str]]) -> Needs:
    """`actAs` on the accounts in the body."""

    def needs(call: Call) -> Iterator[Need]:
        for email in accounts(call.body):
            if email:
                yield Need(permission=ACT_AS, resource=account(email, project(_first(call)).project))

    return needs


def _of_job(job: JsonObject) -> list[str]:
    target = job.get("httpTarget") or {}
    return [(target.get(token) or {}).get("serviceAccountEmail") or "" for token in ("oidcToken", "oauthToken")]


def _of_subscription(body: JsonObject) -> list[str]:
    push = (body.get("subscription") or body).get("pushConfig") or {}
    return [(push.get("oidcToken") or {}).get("serviceAccountEmail") or ""]


def _of_function(function: JsonObject) -> list[str]:
    config, build = function.get("serviceConfig") or {}, function.get("buildConfig") or {}
    return [config.get("serviceAccountEmail") or "", build.get("serviceAccount") or ""]


def _attached(call: Call) -> list[Need]:
    topic = str(call.body.get("topic") or "")
    return [Need(permission="pubsub.topics.attachSubscription", resource=resource("pubsub.projects.topics", topic))]


def _written(call: Call) -> Iterator[Need]:
    """An upload: of its session, only the beginning is asked for; who has the session's address may go on."""
    if "upload_id" in call.query:
        return
    name = call.query.get("name") or _named_in(call.request.body)
    yield from _onto(call, call.path["bucket"], name)


def _named_in(body: bytes) -> str:
    """The name in the metadata of an upload, which is its JSON body or the first part of it."""
    found = re.search(rb'"name"\s*:\s*("(?:[^"\\]|\\.)*")', body[: 1 << 20])
    try:
        return str(json.loads(found[1])) if found else ""
    except ValueError:
        return ""


def _onto(call: Call, bucket_name: str, name: str) -> Iterator[Need]:
    target = stored(call, bucket_name, name)
    yield Need(permission="storage.objects.create", resource=target)
    if call.store.object(bucket_name, name) is not None:
        yield Need(permission="storage.objects.delete", resource=target)


def _copied(call: Call) -> Iterator[Need]:
    source = stored(call, call.path["sourceBucket"], call.path["sourceObject"])
    yield Need(permission="storage.objects.get", resource=source)
    yield from _onto(call, call.path["destinationBucket"], call.path["destinationObject"])


def _object(permission: str) -> Needs:
    return lambda call: [Need(permission=permission, resource=stored(call, call.path["bucket"], call.path["object"]))]


def _bucket(permission: str, *, listing: bool = False) -> Needs:
    def needs(call: Call) -> list[Need]:
        prefix = call.query.get("prefix", "") if listing else None
        return [Need(permission=permission, resource=bucket(call, call.path["bucket"], prefix=prefix))]

    return needs


def _buckets(permission: str) -> Needs:
    return lambda call: [Need(permission=permission, resource=project(call.query.get("project", "")))]


def _logged(permission: str, names: Callable[[JsonObject], Iterable[str]]) -> Needs:
    return lambda call: [Need(permission=permission, resource=project(name)) for name in sorted({*names(call.body)})]


def _log_names(body: JsonObject) -> list[str]:
    return [str(name) for name in [body.get("logName"), *(e.get("logName") for e in body.get("entries") or [])] if name]


def _collection(kind: str, noun: str, verbs: Mapping[str, str] | str) -> dict[str, Needs]:
    """The needs of a collection's methods; `verbs` says under which permission of `noun` each goes, where it is another."""
    named = {verb: verb for verb in verbs.split()} if isinstance(verbs, str) else verbs
    return {
        f"{kind}.{method}": (_in_project if method in _HERE else _own_of(kind))(f"{noun}.{verb}")
        for method, verb in named.items()
    }


def _own_of(kind: str) -> Callable[[str], Needs]:
    return lambda permission: _own(kind, permission)


_CRUD = {"create": "create", "delete": "delete", "get": "get", "list": "list", "patch": "update"}
_POLICY = "getIamPolicy setIamPolicy"
_JOBS = "cloudscheduler.projects.locations.jobs"
_FUNCTIONS = "cloudfunctions.projects.locations.functions"
_SUBSCRIPTIONS = "pubsub.projects.subscriptions"
_SERVICES = "run.projects.locations.services"

METHODS: dict[str, Needs] = {
    **_collection(_JOBS, "cloudscheduler.jobs", _CRUD | {"pause": "pause", "resume": "enable", "run": "run"}),
    f"{_JOBS}.create": _both(_in_project("cloudscheduler.jobs.create"), _acts(_of_job)),
    f"{_JOBS}.patch": _both(_own(_JOBS, "cloudscheduler.jobs.update"), _acts(_of_job)),
    "cloudscheduler.projects.locations.get": _in_project("cloudscheduler.locations.get"),
    "cloudscheduler.projects.locations.list": _in_project("cloudscheduler.locations.list"),
    **{f"{BUCKETS}.{verb}": _bucket(f"{BUCKETS}.{verb}") for verb in ("delete", "get", "update", *_POLICY.split())},
    **{f"{BUCKETS}.{verb}": _bucket("storage.buckets.update") for verb in ("lockRetentionPolicy", "patch")},
    f"{BUCKETS}.insert": _buckets("storage.buckets.create"),
    f"{BUCKETS}.list": _buckets("storage.buckets.list"),
    f"{BUCKETS}.getStorageLayout": _bucket("storage.objects.list", listing=True),  # as its discovery document says
    "storage.managedFolders.list": _bucket("storage.managedFolders.list", listing=True),
    "storage.objects.list": _bucket("storage.objects.list", listing=True),
    "storage.objects.get": _object("storage.objects.get"),
    "storage.objects.delete": _object("storage.objects.delete"),
    "storage.objects.patch": _both(_object("storage.objects.get"), _object("storage.objects.update")),
    "storage.objects.update": _object("storage.objects.update"),
    "storage.objects.insert": _written,
    "storage.objects.copy": _copied,
    "storage.objects.rewrite": _copied,
    **_collection(ACCOUNTS, "iam.serviceAccounts", _CRUD | {"update": "update", "enable": "enable", "disable": "disable"}),
    **_collection(ACCOUNTS, "iam.serviceAccounts", _POLICY),
    **_collection("iam.projects.roles", "iam.roles", _CRUD | {"undelete": "undelete"}),
    "iam.permissions.queryTestablePermissions": _nothing,
    **{f"{PROJECTS}.{verb}": _in_project(f"resourcemanager.projects.{verb}") for verb in ("get", *_POLICY.split())},
    **_collection("pubsub.projects.topics", "pubsub.topics", _CRUD | {"publish": "publish"}),
    **_collection("pubsub.projects.topics", "pubsub.topics", _POLICY),
    **_collection(_SUBSCRIPTIONS, "pubsub.subscriptions", _CRUD),
    **_collection(_SUBSCRIPTIONS, "pubsub.subscriptions", _POLICY),
    f"{_SUBSCRIPTIONS}.create": _both(_in_project("pubsub.subscriptions.create"), _attached, _acts(_of_subscription)),
    f"{_SUBSCRIPTIONS}.patch": _both(_own(_SUBSCRIPTIONS, "pubsub.subscriptions.update"), _acts(_of_subscription)),
    "logging.entries.list": _logged("logging.logEntries.list", lambda body: map(str, body.get("resourceNames") or [])),
    "logging.entries.write": _logged("logging.logEntries.create", _log_names),
    **_collection("logging.projects.metrics", "logging.logMetrics", "create delete get list update"),
    **_collection("monitoring.projects.alertPolicies", "monitoring.alertPolicies", _CRUD),
    **_collection("monitoring.projects.notificationChannels", "monitoring.notificationChannels", _CRUD),
    **_collection("monitoring.projects.dashboards", "monitoring.dashboards", _CRUD),
    "monitoring.projects.timeSeries.list": _in_project("monitoring.timeSeries.list"),
    **{
        f"serviceusage.services.{verb}": _in_project(f"serviceusage.services.{verb}")
        for verb in ("disable", "enable", "get", "list")
    },
    "serviceusage.services.batchEnable": _in_project("serviceusage.services.enable"),
    **_collection(_FUNCTIONS, "cloudfunctions.functions", _CRUD),
    **_collection(_FUNCTIONS, "cloudfunctions.functions", _POLICY),
    f"{_FUNCTIONS}.create": _both(_in_project("cloudfunctions.functions.create"), _acts(_of_function)),
    f"{_FUNCTIONS}.patch": _both(_own(_FUNCTIONS, "cloudfunctions.functions.update"), _acts(_of_function)),
    **_collection(_SERVICES, "run.services", _CRUD),
    **_collection(_SERVICES, "run.services", _POLICY),
    **_collection("run.projects.locations.jobs", "run.jobs", _CRUD),
}
"""What each served method needs, by its id in the discovery document."""


def needed(call: Call) -> Iterable[Need]:
    """What a call needs. LookupError for a method that is served and not in the table."""
    if call.method.verb == "testIamPermissions":
        return ()
    return METHODS[call.method.id](call)
