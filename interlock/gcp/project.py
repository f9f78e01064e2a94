"""What a project says about itself to who prepares it: who asks, which APIs are on, who may do what, and what is there of
buckets, channels, topics and accounts. Everything here only reads, but for `enable`.

Shapes are those of the discovery documents, such as
https://cloudresourcemanager.googleapis.com/$discovery/rest?version=v1 and https://storage.googleapis.com/$discovery/rest?version=v1
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import quote

from interlock.catalog import Json
from interlock.gcp import CloudError, local_token, local_url
from interlock.gcp.session import NOT_FOUND, Refusal, Session, object_of, objects_of, text_of, texts_of

SERVICES_PAGE = 200
"""The most that services.list gives at once: https://cloud.google.com/service-usage/docs/reference/rest/v1/services/list"""
PERMISSIONS_AT_ONCE = 100
"""In one call of testIamPermissions; more are asked for in several."""
UNVERIFIED = "UNVERIFIED"
OF_A_PROJECT = re.compile(r"@([a-z0-9-]+)\.iam\.gserviceaccount\.com$")
Kind = Literal["project", "bucket", "object", "account", "service"]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: an address if the credentials tell, where they come from, and the project that their calls are counted for."""

    email: str
    source: str
    quota_project: str
    needs_quota_project: bool
    """Whether they are a person's, of which many APIs want it said."""


@dataclass(frozen=True, kw_only=True)
class About:
    """A project: its id, its number, and whether it is active."""

    id: str
    number: str
    is_active: bool


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Something on which a permission can be granted. `name` is a project's id, a bucket's name, `bucket/object` of an object,
    an account's address, or the full name of a Cloud Run service."""

    kind: Kind
    name: str


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket's settings. `retention` in seconds."""

    location: str
    is_versioned: bool
    is_uniform: bool
    is_never_public: bool
    retention: int
    is_held: bool
    """Whether new objects are held by default."""
    deletes_live: bool
    """Whether a lifecycle rule deletes objects that are in use."""


@dataclass(frozen=True, kw_only=True)
class FoundChannel:
    """A notification channel. Cloud Monitoring sends nothing to one that must be verified and is not."""

    name: str
    kind: str
    is_verified: bool
    is_enabled: bool


@dataclass(frozen=True, kw_only=True)
class Binding:
    """Who has a role, and under which condition (CEL, empty for none)."""

    role: str
    members: frozenset[str]
    condition: str


class Granting(Protocol):
    """A project that says what who asks may do. Every method raises CloudError, and Refusal for what Google refuses."""

    def granted(self, resource: Resource, permissions: Iterable[str]) -> frozenset[str] | None:
        """Which of these who asks has there; None when there is no such thing."""


class Project(Granting, Protocol):
    """A project that can be asked. Every method raises CloudError, and Refusal for what Google refuses."""

    def caller(self) -> Caller:
        """Who asks."""

    def about(self) -> About:
        """Its id and number."""

    def enabled(self) -> frozenset[str]:
        """The APIs that are on, as `cloudscheduler`."""

    def bucket(self, name: str) -> Bucket | None:
        """A bucket's settings; None when there is none."""

    def first_object(self, bucket: str, prefix: str) -> str:
        """The name of the first object whose name begins so; empty without one."""

    def channel(self, name: str) -> FoundChannel | None:
        """A notification channel by its full name."""

    def has_topic(self, name: str) -> bool:
        """Whether there is a Pub/Sub topic of this full name."""

    def has_account(self, email: str) -> bool:
        """Whether there is such a service account, and it is not disabled."""

    def bindings(self) -> Sequence[Binding]:
        """The project's IAM policy."""

    def dataset_location(self, dataset: str) -> str | None:
        """Where a BigQuery dataset is; None when there is none."""


class Enabling(Granting, Protocol):
    """A project whose APIs can be turned on. Every method raises CloudError, and Refusal for what Google refuses."""

    def enabled(self) -> frozenset[str]:
        """The APIs that are on."""

    def enable(self, apis: Sequence[str]) -> None:
        """Has these turned on; harmless for those that are."""

    def is_off(self, api: str) -> bool:
        """Whether one of `PROBES` refuses as if it were off."""


class GoogleProject:
    """A `Project` of Google Cloud, or of the stand-in."""

    def __init__(self, project: str, session: Session | None = None) -> None:
        """CloudError without credentials."""
        self._project, self._session = project, session or Session()

    def caller(self) -> Caller:
        """Who asks. An address that the credentials don't have is asked for; without one it is empty."""
        credentials = self._session.credentials
        if local_url() is not None:
            email = local_token().partition(":")[2] or "the owner"
            return Caller(email=email, source="the stand-in takes the name", quota_project="", needs_quota_project=False)
        email = getattr(credentials, "service_account_email", None) or getattr(credentials, "account", None) or ""
        is_person = type(credentials).__module__ == "google.oauth2.credentials"
        if "@" not in email:
            email = self._asked_email()
        return Caller(
            email=email,
            source=os.environ.get("GOOGLE_APPLICATION_CREDENTIALS") or "application default credentials",
            quota_project=getattr(credentials, "quota_project_id", None) or "",
            needs_quota_project=is_person,
        )

    def _asked_email(self) -> str:
        """https://cloud.google.com/docs/authentication/application-default-credentials: a login has the scope for it."""
        try:
            return text_of(self._session.get("openidconnect", "v1/userinfo"), "email")
        except Refusal:
            return ""

    def about(self) -> About:
        """https://cloud.google.com/resource-manager/reference/rest/v1/projects/get"""
        found = self._session.get("cloudresourcemanager", f"v1/projects/{quote(self._project)}")
        state = text_of(found, "lifecycleState")
        return About(id=text_of(found, "projectId"), number=text_of(found, "projectNumber"), is_active=state == "ACTIVE")

    def enabled(self) -> frozenset[str]:
        """https://cloud.google.com/service-usage/docs/reference/rest/v1/services/list"""
        path, wanted = f"v1/projects/{quote(self._project)}/services", {"filter": "state:ENABLED"}
        pages = self._session.pages("serviceusage", path, wanted, size=SERVICES_PAGE)
        hosts = (text_of(object_of(each, "config"), "name") for page in pages for each in objects_of(page, "services"))
        return frozenset(host.removesuffix(".googleapis.com") for host in hosts)

    def enable(self, apis: Sequence[str]) -> None:
        """Asks for these APIs to be turned on; those that are already stay so. They answer some time later.

        https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchEnable
        """
        body: Mapping[str, Json] = {"serviceIds": [f"{api}.googleapis.com" for api in apis]}
        self._session.post("serviceusage", f"v1/projects/{quote(self._project)}/services:batchEnable", body)

    def is_off(self, api: str) -> bool:
        """Whether an API of `PROBES` refuses because it is off, or because it was turned on only now."""
        path = PROBES[api].format(project=quote(self._project))
        try:
            self._session.get(api, path, {"project": self._project} if api == "storage" else {})
        except Refusal as refusal:
            return refusal.is_off
        return False

    def granted(self, resource: Resource, permissions: Iterable[str]) -> frozenset[str] | None:
        """https://cloud.google.com/iam/docs/testing-permissions: the same under each API."""
        wanted, found = sorted(permissions), set[str]()
        for start in range(0, len(wanted), PERMISSIONS_AT_ONCE):
            some = wanted[start : start + PERMISSIONS_AT_ONCE]
            try:
                found |= {*texts_of(self._tested(resource, some), "permissions")}
            except Refusal as refusal:
                if refusal.status == NOT_FOUND:
                    return None
                raise
        return frozenset(found)

    def _tested(self, resource: Resource, permissions: list[str]) -> Mapping[str, object]:
        if resource.kind in ("bucket", "object"):
            bucket, _, name = resource.name.partition("/")
            path = f"storage/v1/b/{quote(bucket)}" + (f"/o/{quote(name, safe='')}" if name else "")
            return self._session.get("storage", f"{path}/iam/testPermissions", {"permissions": permissions})
        api, path = {
            "project": ("cloudresourcemanager", f"v1/projects/{quote(resource.name)}"),
            "account": ("iam", f"v1/{_account(resource.name)}"),
            "service": ("run", f"v2/{quote(resource.name)}"),
        }[resource.kind]
        return self._session.post(api, f"{path}:testIamPermissions", {"permissions": [*permissions]})

    def bucket(self, name: str) -> Bucket | None:
        """https://cloud.google.com/storage/docs/json_api/v1/buckets"""
        found = self._found("storage", f"storage/v1/b/{quote(name)}")
        if found is None:
            return None
        access = object_of(found, "iamConfiguration")
        return Bucket(
            location=text_of(found, "location"),
            is_versioned=object_of(found, "versioning").get("enabled") is True,
            is_uniform=object_of(access, "uniformBucketLevelAccess").get("enabled") is True,
            is_never_public=text_of(access, "publicAccessPrevention") == "enforced",
            retention=int(text_of(object_of(found, "retentionPolicy"), "retentionPeriod") or 0),
            is_held=found.get("defaultEventBasedHold") is True,
            deletes_live=any(_deletes_live(rule) for rule in objects_of(object_of(found, "lifecycle"), "rule")),
        )

    def first_object(self, bucket: str, prefix: str) -> str:
        """https://cloud.google.com/storage/docs/json_api/v1/objects/list"""
        found = self._session.get("storage", f"storage/v1/b/{quote(bucket)}/o", {"prefix": prefix, "maxResults": "1"})
        return next((text_of(each, "name") for each in objects_of(found, "items")), "")

    def channel(self, name: str) -> FoundChannel | None:
        """https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels"""
        found = self._found("monitoring", f"v3/{quote(name)}")
        if found is None:
            return None
        return FoundChannel(
            name=name,
            kind=text_of(found, "type"),
            is_verified=text_of(found, "verificationStatus") != UNVERIFIED,
            is_enabled=found.get("enabled") is not False,
        )

    def has_topic(self, name: str) -> bool:
        """https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/get"""
        return self._found("pubsub", f"v1/{quote(name)}") is not None

    def has_account(self, email: str) -> bool:
        """https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/get"""
        found = self._found("iam", f"v1/{_account(email)}")
        return found is not None and found.get("disabled") is not True

    def bindings(self) -> Sequence[Binding]:
        """https://cloud.google.com/resource-manager/reference/rest/v1/projects/getIamPolicy, with conditions."""
        body: Mapping[str, Json] = {"options": {"requestedPolicyVersion": 3}}
        policy = self._session.post("cloudresourcemanager", f"v1/projects/{quote(self._project)}:getIamPolicy", body)
        return [
            Binding(
                role=text_of(each, "role"),
                members=frozenset(texts_of(each, "members")),
                condition=text_of(object_of(each, "condition"), "expression"),
            )
            for each in objects_of(policy, "bindings")
        ]

    def dataset_location(self, dataset: str) -> str | None:
        """https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets/get"""
        if local_url() is not None:
            raise CloudError("the local stand-in has no BigQuery")
        path = f"bigquery/v2/projects/{quote(self._project)}/datasets/{quote(dataset)}"
        found = self._found("bigquery", path)
        return None if found is None else text_of(found, "location")

    def _found(self, api: str, path: str) -> Mapping[str, object] | None:
        try:
            return self._session.get(api, path)
        except Refusal as refusal:
            if refusal.status == NOT_FOUND:
                return None
            raise


PROBES = {
    "serviceusage": "v1/projects/{project}/services",
    "cloudresourcemanager": "v1/projects/{project}",
    "iam": "v1/projects/{project}/roles",
    "storage": "storage/v1/b",
}
"""A small read of each API that is turned on before anything else, to see whether it answers yet. Who may not read hears that,
which is an answer."""


def _account(email: str) -> str:
    """The full name of an account; `-` is the project of one of Google's own, which its address does not tell:
    https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/get"""
    found = OF_A_PROJECT.search(email)
    return f"projects/{found[1] if found else '-'}/serviceAccounts/{quote(email)}"


def _deletes_live(rule: Mapping[str, object]) -> bool:
    """Whether a lifecycle rule deletes what is in use. Rules about versions that are not name one of these conditions:
    https://cloud.google.com/storage/docs/lifecycle#conditions"""
    condition = object_of(rule, "condition")
    of_old = condition.get("isLive") is False or {"daysSinceNoncurrentTime", "numNewerVersions", "noncurrentTimeBefore"} & {
        *condition
    }
    return text_of(object_of(rule, "action"), "type") == "Delete" and not of_old
