"""What Interlock stands on: buckets, rights and APIs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.rules.estate import BUCKET, PROJECT_SERVICE, Estate, Origin, Resource
from policies.rules.rule import DEPLOYED, rule
from policies.rules.values import NOTHING, shown

IAM = tuple(
    f"google_{thing}_iam_{kind}"
    for thing in (
        "project",
        "folder",
        "organization",
        "service_account",
        "storage_bucket",
        "pubsub_topic",
        "pubsub_subscription",
        "cloud_run_service",
        "cloud_run_v2_service",
        "cloud_run_v2_job",
        "cloudfunctions_function",
        "cloudfunctions2_function",
        "bigquery_dataset",
        "bigquery_table",
        "secret_manager_secret",
    )
    for kind in ("member", "binding", "policy")
)
BASIC = frozenset({"roles/owner", "roles/editor", "roles/viewer", "roles/browser"})
BROAD = r"roles/[\w.]*(?:\.|[a-z])([aA]dmin(istrator)?|[oO]wner|[eE]ditor|[dD]eveloper)(\.v\d+)?"
"""The predefined roles that may create, change and delete, or hand out rights."""
CUSTOM = r"\$\{google_(project|organization)_iam_custom_role\.[\w-]+\.(id|name)\}"
"""A role that the same configuration makes: its id is known only after the first apply."""
WIDE = ("google_project_iam", "google_folder_iam", "google_organization_iam")
OF_A_PROJECT = frozenset(
    {
        "roles/iam.serviceAccountUser",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.serviceAccountOpenIdTokenCreator",
        "roles/iam.workloadIdentityUser",
        "roles/run.invoker",
        "roles/secretmanager.secretAccessor",
    }
)
"""Fine for one account or service, and much too much for all of a project."""


@rule(
    29,
    "bucket-private",
    "A bucket can't be made public",
    kinds=(BUCKET,),
    origins=DEPLOYED,
    bad='public_access_prevention = "inherited"',
    good='public_access_prevention = "enforced"',
)
def bucket_private(bucket: Resource) -> Iterator[str]:
    """Whoever can write a flag holds jobs (cloud.google.com/storage/docs/public-access-prevention)."""
    if (said := bucket.attributes.text("public_access_prevention")) != "enforced":
        yield f'its public_access_prevention is {shown(said or "not said")}; write "enforced"'


@rule(
    30,
    "bucket-uniform",
    "Who may do what in a bucket is said in one place",
    kinds=(BUCKET,),
    origins=DEPLOYED,
    bad="a bucket without uniform_bucket_level_access",
    good="uniform_bucket_level_access = true",
)
def bucket_uniform(bucket: Resource) -> Iterator[str]:
    """Without it each object has a list of its own, which no policy shows, and rights on a prefix can't be given
    (cloud.google.com/storage/docs/uniform-bucket-level-access)."""
    if bucket.attributes.flag("uniform_bucket_level_access") is not True:
        yield "has no uniform_bucket_level_access; write true"


@rule(
    31,
    "bucket-versioned",
    "What was overwritten or deleted in a bucket can be read",
    kinds=(BUCKET,),
    origins=DEPLOYED,
    bad="a bucket without versioning",
    good="versioning = {enabled = true}",
)
def bucket_versioned(bucket: Resource) -> Iterator[str]:
    """Who held what, and why, is in the versions of objects that are gone; in that of the state, so is the last good one."""
    if (bucket.attributes.block("versioning") or NOTHING).flag("enabled") is not True:
        yield "has no versioning; write versioning = {enabled = true}"


@rule(
    32,
    "broad-role",
    "Nobody is given a role that may do more than the work takes",
    kinds=IAM,
    origins=DEPLOYED,
    bad='role = "roles/cloudscheduler.admin"',
    good="a custom role with cloudscheduler.jobs.pause and .enable",
)
def broad_role(grant: Resource, estate: Estate) -> Iterator[str]:
    """roles/cloudscheduler.admin may create jobs, which send any request as any account that is attached; an account that only
    pauses and resumes needs two permissions (cloud.google.com/scheduler/docs/reference/rest, each method's IAM)."""
    written = (grant.written if estate.origin is Origin.PLAN else grant.attributes).values.get("role")
    if isinstance(written, str) and re.fullmatch(CUSTOM, written):
        return  # a role of its own, which says each permission
    if grant.kind.endswith("_policy"):
        yield "writes a whole policy, which takes away what others granted and is not read here; write members, one a role"
        return
    role = grant.attributes.text("role")
    if role is None:
        yield "grants no role; name one"
    elif role in BASIC or re.fullmatch(BROAD, role) or (grant.kind.startswith(WIDE) and role in OF_A_PROJECT):
        yield f"grants {role}; grant a role of just what is needed, on the one thing that needs it"


@rule(
    33,
    "project-service",
    "Destroying a stack leaves the APIs of the project on",
    kinds=(PROJECT_SERVICE,),
    origins=DEPLOYED,
    bad="a google_project_service without disable_on_destroy",
    good="disable_on_destroy = false",
)
def project_service(service: Resource) -> Iterator[str]:
    """Others use them too. Up to version 6 of the provider they were turned off unless one said otherwise (upgrade guide)."""
    if service.attributes.flag("disable_on_destroy") is not False:
        yield "would turn its API off when it is destroyed; write disable_on_destroy = false"
