"""What of a project is ours: of the stacks by the names that they synthesize, of the suite by its prefix. Found over REST, so
that it is found whatever Terraform's state says, and deleted the same way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from conformance.cloud import CallError, Cloud, JsonObject, Reply
from interlock import roles
from interlock.names import OWN_PREFIX

RUN = re.compile(r"[0-9a-f]{6}")
PREFIX = re.compile(rf"ilc[-_]{RUN.pattern}[-_].+")
"""Of what the suite makes by itself: `ilc-` and the run's six hexadecimal digits."""
LABEL = "interlock-conformance"
"""The label of the bucket that marks a run, whose value is the run. It is made first and deleted last."""
INVOKER_LABEL = "invoker-was-there"
"""Its other label: whether the account as which jobs call services was there before, and so stays."""
GONE_SECONDS = 300
TITLE = "Interlock: "
ROLE_PREFIX = "interlock"
BY_AN_OWNER = frozenset(
    {
        name
        for actor in roles.ACTORS
        if not actor.by_the_stacks
        for name in (f"{OWN_PREFIX}{actor.name}", *(role.id for role, _ in actor.roles()))
    }
)
"""Roles and accounts that an owner makes by hand (docs/production.md), as who runs this may need them."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type of Terraform's: where its API lists it and by which name it is known. `{project}` and `{region}` are filled in."""

    type: str
    api: str
    path: str
    key: str
    attribute: str
    """Of Terraform's, which has the name."""
    name: Callable[[JsonObject], str]
    link: Callable[[JsonObject], str]
    query: Mapping[str, str] = field(default_factory=dict)
    on_delete: Mapping[str, str] = field(default_factory=dict)


def _last(item: JsonObject) -> str:
    return str(item["name"]).rpartition("/")[2]


def _display(item: JsonObject) -> str:
    return str(item.get("displayName", ""))


def _link(version: str) -> Callable[[JsonObject], str]:
    return lambda item: f"{version}/{quote(str(item['name']))}"


KINDS = (
    Kind(
        type="google_cloud_scheduler_job",
        api="cloudscheduler",
        path="v1/projects/{project}/locations/{region}/jobs",
        key="jobs",
        attribute="name",
        name=_last,
        link=_link("v1"),
    ),
    Kind(
        type="google_monitoring_alert_policy",
        api="monitoring",
        path="v3/projects/{project}/alertPolicies",
        key="alertPolicies",
        attribute="display_name",
        name=_display,
        link=_link("v3"),
    ),
    Kind(
        type="google_monitoring_notification_channel",
        api="monitoring",
        path="v3/projects/{project}/notificationChannels",
        key="notificationChannels",
        attribute="display_name",
        name=_display,
        link=_link("v3"),
        on_delete={"force": "true"},
    ),
    Kind(
        type="google_monitoring_dashboard",
        api="monitoring",
        path="v1/projects/{project}/dashboards",
        key="dashboards",
        attribute="dashboard_json",
        name=_display,
        link=_link("v1"),
    ),
    Kind(
        type="google_logging_metric",
        api="logging",
        path="v2/projects/{project}/metrics",
        key="metrics",
        attribute="name",
        name=lambda item: str(item["name"]),
        link=lambda item: "v2/projects/{project}/metrics/" + quote(str(item["name"]), safe=""),
    ),
    Kind(
        type="google_pubsub_subscription",
        api="pubsub",
        path="v1/projects/{project}/subscriptions",
        key="subscriptions",
        attribute="name",
        name=_last,
        link=_link("v1"),
    ),
    Kind(
        type="google_pubsub_topic",
        api="pubsub",
        path="v1/projects/{project}/topics",
        key="topics",
        attribute="name",
        name=_last,
        link=_link("v1"),
    ),
    Kind(
        type="google_cloudfunctions2_function",
        api="cloudfunctions",
        path="v2/projects/{project}/locations/{region}/functions",
        key="functions",
        attribute="name",
        name=_last,
        link=_link("v2"),
    ),
    Kind(
        type="google_bigquery_dataset",
        api="bigquery",
        path="bigquery/v2/projects/{project}/datasets",
        key="datasets",
        attribute="dataset_id",
        name=lambda item: str(item["datasetReference"]["datasetId"]),
        link=lambda item: f"bigquery/v2/projects/{{project}}/datasets/{item['datasetReference']['datasetId']}",
        on_delete={"deleteContents": "true"},
    ),
    Kind(
        type="google_service_account",
        api="iam",
        path="v1/projects/{project}/serviceAccounts",
        key="accounts",
        attribute="account_id",
        name=lambda item: str(item["email"]).partition("@")[0],
        link=_link("v1"),
    ),
    Kind(
        type="google_project_iam_custom_role",
        api="iam",
        path="v1/projects/{project}/roles",
        key="roles",
        attribute="role_id",
        name=_last,
        link=_link("v1"),
    ),
    Kind(
        type="google_storage_bucket",
        api="storage",
        path="storage/v1/b",
        key="items",
        attribute="name",
        name=lambda item: str(item["name"]),
        link=lambda item: f"storage/v1/b/{item['name']}",
        query={"project": "{project}"},
    ),
)
"""In the order in which they can be deleted. BigQuery is asked on a real project only: the stand-in hasn't it."""
BUCKET = "google_storage_bucket"
ACCOUNT = "google_service_account"
MEMBERS = "google_project_iam_member"


@dataclass(frozen=True, kw_only=True)
class Found:
    """One thing that is ours."""

    kind: Kind
    name: str
    item: JsonObject

    def __str__(self) -> str:
        return f"{self.kind.type.removeprefix('google_')} {self.name}"


@dataclass(frozen=True, kw_only=True)
class Marker:
    """The bucket that says of a project: a run of this suite has made what is ours here."""

    run: str
    bucket: str
    invoker_was_there: bool


def names_of_stacks(folder: Path) -> dict[str, set[str]]:
    """The names in the synthesized stacks, by type."""
    found: dict[str, set[str]] = {}
    attributes = {kind.type: kind.attribute for kind in KINDS}
    for path in sorted(folder.glob("*/cdk.tf.json")):
        for type_, named in json.loads(path.read_text(encoding="utf-8")).get("resource", {}).items():
            for one in named.values() if type_ in attributes else ():
                text = str(one[attributes[type_]])
                name = json.loads(text)["displayName"] if attributes[type_] == "dashboard_json" else text
                found.setdefault(type_, set()).add(name)
    return found


def listed(cloud: Cloud) -> Iterator[Found]:
    """Everything of these types in the project. CallError."""
    for kind in KINDS:
        if kind.api == "bigquery" and cloud.local is not None:
            continue
        query = {name: _filled(cloud, value) for name, value in kind.query.items()}
        for item in cloud.pages(kind.api, _filled(cloud, kind.path), kind.key, query):
            if not item.get("deleted"):  # a custom role keeps its id for weeks
                yield Found(kind=kind, name=kind.name(item), item=item)


def marker(cloud: Cloud) -> Marker | None:
    """The mark that a run has left, or None. A bucket of another name is somebody's, whatever its label. CallError."""
    for found in listed_buckets(cloud):
        labels, name = found.get("labels") or {}, str(found["name"])
        run = str(labels.get(LABEL, ""))
        if RUN.fullmatch(run) and name == bucket_of(run, cloud.project):
            return Marker(run=run, bucket=name, invoker_was_there=labels.get(INVOKER_LABEL) == "yes")
    return None


def bucket_of(run: str, project: str) -> str:
    """The name of the bucket that marks a run."""
    return f"ilc-{run}-{project}"


def listed_buckets(cloud: Cloud) -> list[JsonObject]:
    """The buckets of the project, with their labels. CallError."""
    return cloud.pages("storage", "storage/v1/b", "items", {"project": cloud.project})


def looks_ours(name: str, known: set[str]) -> bool:
    """Whether a name is one of the stacks', in this catalog or another, or of a run of this suite."""
    if name in BY_AN_OWNER:
        return False
    return name in known or name.startswith((OWN_PREFIX, TITLE, ROLE_PREFIX)) or bool(PREFIX.fullmatch(name))


def in_the_way(cloud: Cloud, names: Mapping[str, set[str]], *, state_bucket: str, invoker: str) -> list[str]:
    """What of ours is in a project in which it should not be. The invoker's account may be there: it is imported. CallError."""
    found = []
    for one in listed(cloud):
        known = names.get(one.kind.type, set()) | ({state_bucket} if one.kind.type == BUCKET else set())
        is_invoker = one.kind.type == ACCOUNT and one.item.get("email") == invoker
        if looks_ours(one.name, known) and not is_invoker:
            found.append(str(one))
    return found


def sweep(cloud: Cloud, names: Mapping[str, set[str]], mark: Marker, *, state_bucket: str) -> list[str]:
    """Delete what the run of `mark` has made, the mark last. What there was beside the mark; of what could not be
    deleted the line says why. CallError when it can't be listed."""
    said = []
    mine = re.compile(rf"ilc[-_]{mark.run}[-_].*")
    for one in list(listed(cloud)):
        known = names.get(one.kind.type, set()) | ({state_bucket} if one.kind.type == BUCKET else set())
        if one.name == mark.bucket or not (one.name in known or mine.fullmatch(one.name)):
            continue
        is_invoker = one.kind.type == ACCOUNT and one.item.get("email") == cloud.environment.invoker
        if not (is_invoker and mark.invoker_was_there):
            said.append(f"{one}{_deleted(cloud, one)}")
    accounts = names.get(ACCOUNT, set()) - ({cloud.environment.invoker.partition("@")[0]} if mark.invoker_was_there else set())
    said += _let_go_of_members(cloud, accounts, mine)
    if not any(": " in line for line in said):
        _delete_bucket(cloud, mark.bucket)
    return said


def _deleted(cloud: Cloud, one: Found) -> str:
    """Delete one thing; nothing, or why it is still there."""
    try:
        if one.kind.type == BUCKET:
            return _delete_bucket(cloud, one.name)
        reply = cloud.call("DELETE", one.kind.api, _filled(cloud, one.kind.link(one.item)), query=one.kind.on_delete)
        if reply.status not in (200, 204, 404):
            return f": {reply.status} {reply.said}"
        if one.kind.type == "google_cloudfunctions2_function":
            return _wait_until_gone(cloud, one)
    except (CallError, OSError) as error:
        return f": {error}"
    return ""


def _wait_until_gone(cloud: Cloud, one: Found) -> str:
    """A function is deleted over minutes, and its accounts should outlive it."""
    import time

    end = time.monotonic() + GONE_SECONDS
    while time.monotonic() < end:
        if cloud.call("GET", one.kind.api, one.kind.link(one.item)).status == 404:
            return ""
        time.sleep(1 if cloud.local else 5)
    return f": still there after {GONE_SECONDS} seconds"


def _delete_bucket(cloud: Cloud, bucket: str) -> str:
    """Delete a bucket with all versions of its objects."""
    for item in cloud.pages("storage", f"storage/v1/b/{bucket}/o", "items", {"versions": "true"}):
        path = f"storage/v1/b/{bucket}/o/{quote(str(item['name']), safe='')}"
        cloud.call("DELETE", "storage", path, query={"generation": str(item["generation"])})
    reply: Reply = cloud.call("DELETE", "storage", f"storage/v1/b/{bucket}")
    return "" if reply.status in (200, 204, 404) else f": {reply.status} {reply.said}"


def _let_go_of_members(cloud: Cloud, accounts: set[str], mine: re.Pattern[str]) -> list[str]:
    """Take our accounts out of the project's policy, where they stay as `deleted:` members."""
    path = f"v1/projects/{cloud.project}"
    policy = cloud.post("cloudresourcemanager", f"{path}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    gone: set[str] = set()
    kept = []
    for binding in policy.get("bindings") or []:
        ours = {
            member
            for member in binding["members"]
            if (name := _account(member, cloud.project)) in accounts or mine.fullmatch(name)
        }
        gone |= ours
        if members := [member for member in binding["members"] if member not in ours]:
            kept.append({**binding, "members": members})
    if gone:
        cloud.post("cloudresourcemanager", f"{path}:setIamPolicy", {"policy": {**policy, "bindings": kept, "version": 3}})
    return [
        f"{MEMBERS.removeprefix('google_')} {name}" for name in sorted({_account(member, cloud.project) for member in gone})
    ]


def _account(member: str, project: str) -> str:
    """The id of a service account of the project, or nothing."""
    found = re.fullmatch(
        rf"(?:deleted:)?serviceAccount:([^@]+)@{re.escape(project)}\.iam\.gserviceaccount\.com(\?uid=.*)?", member
    )
    return found[1] if found else ""


def _filled(cloud: Cloud, text: str) -> str:
    return text.replace("{project}", cloud.project).replace("{region}", cloud.region)
