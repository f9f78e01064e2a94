"""Permissions of the services that are served here, and Google's roles of them that stacks, pages and tests of ours name.

Of each service the permissions that something here asks for or grants, not all that Google has; of a role what it has of these.
So a role of Google's is never more here than there. A role or a permission of these services that is missing here is refused as
one that does not exist: add it, from its page under https://cloud.google.com/iam/docs/roles-permissions (a page a service).
Basic roles: https://cloud.google.com/iam/docs/roles-overview#basic; the editor may set no policy, and the viewer only reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

_NOUNS: Mapping[str, str] = {
    "artifactregistry.repositories": "create delete downloadArtifacts get list update uploadArtifacts",
    "cloudbuild.builds": "create get list update",
    "cloudfunctions.functions": "call create delete get getIamPolicy invoke list setIamPolicy sourceCodeGet sourceCodeSet"
    " update",
    "cloudfunctions.locations": "get list",
    "cloudfunctions.operations": "get list",
    "cloudscheduler.jobs": "create delete enable fullView get list pause run update",
    "cloudscheduler.locations": "get list",
    "iam.roles": "create delete get list undelete update",
    "iam.serviceAccounts": "actAs create delete disable enable get getAccessToken getIamPolicy getOpenIdToken list"
    " setIamPolicy signBlob signJwt undelete update",
    "logging.logEntries": "create download list route",
    "logging.logMetrics": "create delete get list update",
    "logging.logs": "delete list",
    "logging.privateLogEntries": "list",
    "monitoring.alertPolicies": "create delete get list update",
    "monitoring.dashboards": "create delete get list update",
    "monitoring.metricDescriptors": "create delete get list",
    "monitoring.notificationChannels": "create delete get getVerificationCode list sendVerificationCode update verify",
    "monitoring.timeSeries": "create list",
    "pubsub.subscriptions": "consume create delete get getIamPolicy list setIamPolicy update",
    "pubsub.topics": "attachSubscription create delete detachSubscription get getIamPolicy list publish setIamPolicy update"
    " updateTag",
    "resourcemanager.projects": "create delete get getIamPolicy list setIamPolicy update",
    "run.executions": "cancel delete get list",
    "run.jobs": "create delete get getIamPolicy list run runWithOverrides setIamPolicy update",
    "run.locations": "list",
    "run.operations": "get list",
    "run.revisions": "delete get list",
    "run.routes": "get invoke list",
    "run.services": "create delete get getIamPolicy list setIamPolicy update",
    "serviceusage.quotas": "get update",
    "serviceusage.services": "disable enable get list use",
    "storage.buckets": "create delete enableObjectRetention get getIamPolicy list setIamPolicy update",
    "storage.folders": "create delete get list rename",
    "storage.managedFolders": "create delete get getIamPolicy list setIamPolicy",
    "storage.multipartUploads": "abort create list listParts",
    "storage.objects": "create delete get getIamPolicy list overrideUnlockedRetention restore setIamPolicy setRetention update",
}
PERMISSIONS = frozenset(f"{noun}.{verb}" for noun, verbs in _NOUNS.items() for verb in verbs.split())
"""Every permission that is known here."""
SERVICES = frozenset(noun.partition(".")[0] for noun in _NOUNS)
"""The services whose permissions and roles are known here, as permissions name them."""

_SHORT = {"$project": "resourcemanager.projects.{get,list}", "$usage": "serviceusage.services.{get,list}"}
# name: what it has of PERMISSIONS; `*` is any text, {a,b} one of both, and what comes after `!` it has not
_ROLES = """
artifactregistry.writer: artifactregistry.repositories.{downloadArtifacts,get,list,uploadArtifacts}
browser: resourcemanager.projects.{get,getIamPolicy,list}
cloudbuild.builds.editor: cloudbuild.* $project
cloudfunctions.admin: cloudfunctions.* run.* $project
cloudfunctions.developer: cloudfunctions.* run.* $project !*.setIamPolicy !run.routes.invoke
cloudfunctions.viewer: cloudfunctions.*.{get,list} $project
cloudscheduler.admin: cloudscheduler.* $project $usage
cloudscheduler.jobRunner: cloudscheduler.jobs.{fullView,run} $project $usage
cloudscheduler.viewer: cloudscheduler.*.{get,list} cloudscheduler.jobs.fullView $project $usage
editor: * !*.setIamPolicy !iam.roles.{create,delete,undelete,update} !iam.serviceAccounts.{get*Token,sign*}
  !resourcemanager.projects.{create,delete} !storage.objects.* !storage.buckets.{get*,update} !run.routes.invoke
iam.roleAdmin: iam.roles.* $project resourcemanager.projects.getIamPolicy
iam.securityReviewer: *.list *.getIamPolicy iam.roles.get
iam.serviceAccountAdmin: iam.serviceAccounts.* $project !*.actAs !*.get*Token !*.sign*
iam.serviceAccountOpenIdTokenCreator: iam.serviceAccounts.getOpenIdToken
iam.serviceAccountTokenCreator: iam.serviceAccounts.{get,getAccessToken,getOpenIdToken,list,signBlob,signJwt} $project
iam.serviceAccountUser: iam.serviceAccounts.{actAs,get,list} $project
iam.serviceAccountViewer: iam.serviceAccounts.{get,getIamPolicy,list} $project
iam.workloadIdentityUser: iam.serviceAccounts.{get,getAccessToken,getOpenIdToken,list}
logging.configWriter: logging.logMetrics.* logging.logs.list $project
logging.logWriter: logging.logEntries.{create,route}
logging.viewer: logging.*.{get,list} $project !logging.privateLogEntries.list
monitoring.editor: monitoring.* $project serviceusage.services.enable
monitoring.metricWriter: monitoring.metricDescriptors.{create,get,list} monitoring.timeSeries.create
monitoring.viewer: monitoring.*.{get,list} $project
owner: *
pubsub.admin: pubsub.* resourcemanager.projects.get $usage
pubsub.editor: pubsub.* resourcemanager.projects.get $usage !*IamPolicy
pubsub.publisher: pubsub.topics.publish
pubsub.subscriber: pubsub.subscriptions.consume pubsub.topics.attachSubscription
pubsub.viewer: pubsub.*.{get,list} resourcemanager.projects.get $usage
resourcemanager.projectIamAdmin: resourcemanager.projects.{get,getIamPolicy,setIamPolicy}
run.admin: run.* $project
run.developer: run.* $project !*.setIamPolicy
run.invoker: run.jobs.run run.routes.invoke
run.viewer: run.*.{get,getIamPolicy,list} $project
serviceusage.serviceUsageAdmin: serviceusage.*
storage.admin: storage.* $project
storage.legacyBucketOwner: storage.buckets.{get,getIamPolicy,setIamPolicy,update} storage.objects.{create,delete,list}
  storage.{managedFolders,multipartUploads}.*
storage.legacyBucketReader: storage.buckets.get storage.{managedFolders,multipartUploads,objects}.list
  storage.managedFolders.get
storage.legacyBucketWriter: storage.buckets.get storage.objects.{create,delete,list}
  storage.{managedFolders,multipartUploads}.* !*IamPolicy
storage.legacyObjectReader: storage.objects.get
storage.objectAdmin: storage.{folders,managedFolders,multipartUploads,objects}.* $project
storage.objectCreator: storage.{folders,managedFolders,multipartUploads,objects}.create
  storage.multipartUploads.{abort,listParts} $project
storage.objectUser: storage.{folders,managedFolders,multipartUploads}.* $project !*IamPolicy
  storage.objects.{create,delete,get,list,restore,update}
storage.objectViewer: storage.{folders,managedFolders,objects}.{get,list} $project
viewer: *.get *.list *.getIamPolicy cloudscheduler.jobs.fullView !logging.privateLogEntries.list
  !storage.objects.* !storage.buckets.get*
"""
_PATTERNS = dict(line.split(": ", 1) for line in _ROLES.replace("\n  ", " ").strip().splitlines())
FAMILIES = SERVICES | {"owner", "editor", "viewer", "browser"}
"""What comes first in the name of a role that is known here, or else refused as one that does not exist."""
_BRACES = re.compile(r"\{([^}]*)\}")


@cache
def permissions_of(role: str) -> frozenset[str] | None:
    """What a role of Google's (`roles/run.invoker`) has of PERMISSIONS; None for one that isn't known here."""
    if (patterns := _PATTERNS.get(role.removeprefix("roles/"))) is None:
        return None
    for word, meaning in _SHORT.items():
        patterns = patterns.replace(word, meaning)
    words = patterns.split()
    wanted = re.compile("|".join(_regex(word) for word in words if not word.startswith("!")))
    unwanted = re.compile("|".join(_regex(word[1:]) for word in words if word.startswith("!")) or r"(?!)")
    return frozenset(name for name in PERMISSIONS if wanted.fullmatch(name) and not unwanted.fullmatch(name))


def _regex(pattern: str) -> str:
    literal = pattern.replace(".", r"\.").replace("*", ".*")
    return _BRACES.sub(lambda braces: f"(?:{braces[1].replace(',', '|')})", literal)


def known_roles() -> list[str]:
    """The roles of Google's that are known here, by name."""
    return sorted(f"roles/{name}" for name in _PATTERNS)


def family(name: str) -> str:
    """Of `roles/storage.admin` and `storage.objects.get` alike: storage."""
    return re.split(r"[./]", name.removeprefix("roles/"))[0]
