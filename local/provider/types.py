"""The table of types that the stand-in has. A new one is a row here, its schema in schema.json and a contract test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from local.environment import ENDPOINTS
from local.provider.accounts import CustomRole, ServiceAccount
from local.provider.buckets import Bucket
from local.provider.cloud import Cloud
from local.provider.functions import Function, ProjectService
from local.provider.iam import IamMember
from local.provider.monitoring import AlertPolicy, Channel, Dashboard, LogMetric
from local.provider.objects import BucketObject, read_bucket_objects, read_object_content
from local.provider.pubsub import Subscription
from local.provider.resource import Resource
from local.provider.scheduler import SchedulerJob
from local.provider.values import Object

DataSource: TypeAlias = Callable[[Cloud, Object], Object]

SERVICES: Mapping[str, str] = ENDPOINTS
"""Path of each service under the emulator's URL; the name is that of the provider's *_custom_endpoint argument."""

_ROWS: tuple[Resource, ...] = (
    SchedulerJob(
        type="google_cloud_scheduler_job",
        label="Job",
        service="cloud_scheduler",
        collection="projects/{project}/locations/{region}/jobs",
        self_link="projects/{project}/locations/{region}/jobs/{name}",
        imports=(
            "projects/{project}/locations/{region}/jobs/{name}",
            "{project}/{region}/{name}",
            "{region}/{name}",
            "{name}",
        ),
        unsent=frozenset({"paused"}),
        retry_queue=True,
    ),
    Bucket(
        type="google_storage_bucket",
        label="Storage Bucket",
        service="storage",
        collection="b?project={project}",
        self_link="b/{name}",
        imports=("{project}/{name}", "{name}"),
        unsent=frozenset({"project"}),
        client_side=frozenset({"force_destroy"}),
        provider_defaults=(),
    ),
    BucketObject(
        type="google_storage_bucket_object",
        label="Storage Bucket Object",
        service="storage",
        collection="upload/storage/v1/b/{bucket}/o?uploadType=multipart&name={name}",
        self_link="b/{bucket}/o/{name}",
        unsent=frozenset({"bucket", "name", "content", "source", "source_md5hash", "detect_md5hash"}),
        provider_defaults=(),
    ),
    ServiceAccount(
        type="google_service_account",
        label="service account",
        service="iam_beta",
        collection="projects/{project}/serviceAccounts",
        self_link="projects/{project}/serviceAccounts/{email}",
        imports=("projects/{project}/serviceAccounts/{email}", "{project}/{email}", "{email}"),
        unsent=frozenset({"account_id", "member"}),
        provider_defaults=("project",),
    ),
    CustomRole(
        type="google_project_iam_custom_role",
        label="custom project role",
        service="iam_beta",
        collection="projects/{project}/roles",
        self_link="projects/{project}/roles/{role_id}",
        imports=("projects/{project}/roles/{role_id}", "{project}/{role_id}", "{role_id}"),
        renames={"permissions": "includedPermissions"},
        unsent=frozenset({"role_id"}),
        provider_defaults=("project",),
    ),
    Resource(
        type="google_pubsub_topic",
        label="Topic",
        service="pubsub",
        collection="projects/{project}/topics/{name}",
        self_link="projects/{project}/topics/{name}",
        imports=("projects/{project}/topics/{name}", "{project}/{name}", "{name}"),
        create_verb="PUT",
        envelope="topic",
        unsent=frozenset({"name"}),
        provider_defaults=("project",),
    ),
    Subscription(
        type="google_pubsub_subscription",
        label="Subscription",
        service="pubsub",
        collection="projects/{project}/subscriptions/{name}",
        self_link="projects/{project}/subscriptions/{name}",
        imports=("projects/{project}/subscriptions/{name}", "{project}/{name}", "{name}"),
        create_verb="PUT",
        envelope="subscription",
        unsent=frozenset({"name"}),
        provider_defaults=("project",),
    ),
    IamMember(
        type="google_pubsub_topic_iam_member",
        label="pubsub topic",
        service="pubsub",
        collection="{+parent}:{verb}",
        self_link="projects/{project}/topics/{topic}",
        forms=("projects/{project}/topics/{topic}", "{project}/{topic}", "{topic}"),
        parent="topic",
        full_parent=True,
        conditions=False,
    ),
    IamMember(
        type="google_pubsub_subscription_iam_member",
        label="pubsub subscription",
        service="pubsub",
        collection="{+parent}:{verb}",
        self_link="projects/{project}/subscriptions/{subscription}",
        forms=("projects/{project}/subscriptions/{subscription}", "{subscription}"),
        parent="subscription",
        conditions=False,
    ),
    IamMember(
        type="google_storage_bucket_iam_member",
        label="storage bucket",
        service="storage",
        collection="{+parent}/iam",
        self_link="b/{bucket}",
        forms=("b/{bucket}", "{bucket}"),
        parent="bucket",
        full_parent=True,
        policy_in_body=False,
    ),
    IamMember(
        type="google_service_account_iam_member",
        label="service account",
        service="iam_beta",
        collection="{+parent}:{verb}",
        self_link="{+service_account_id}",
        forms=("{+service_account_id}",),
        parent="service_account_id",
        get_method="POST",
    ),
    IamMember(
        type="google_project_iam_member",
        label="project",
        service="resource_manager",
        collection="projects/{parent}:{verb}",
        self_link="{project}",
        forms=("projects/{project}", "{project}"),
        parent="project",
        version_in_body=True,
        policy_mask="bindings,etag,auditConfigs",
    ),
    IamMember(
        type="google_cloud_run_v2_service_iam_member",
        label="cloudrunv2 service",
        service="cloud_run_v2",
        collection="{+parent}:{verb}",
        self_link="projects/{project}/locations/{location}/services/{name}",
        forms=(
            "projects/{project}/locations/{location}/services/{name}",
            "{project}/{location}/{name}",
            "{location}/{name}",
            "{name}",
        ),
        parent="name",
        full_parent=True,
        conditions=False,
    ),
    LogMetric(
        type="google_logging_metric",
        label="Metric",
        service="logging",
        collection="projects/{project}/metrics",
        self_link="projects/{project}/metrics/{name}",
        imports=("{project} {+name}", "{+name}"),
        update_verb="PUT",
        provider_defaults=("project",),
    ),
    Channel(
        type="google_monitoring_notification_channel",
        label="NotificationChannel",
        service="monitoring",
        collection="v3/projects/{project}/notificationChannels",
        self_link="v3/{+name}",
        imports=("{+name}",),
        always=frozenset({"enabled"}),
        unsent=frozenset({"sensitive_labels"}),
        client_side=frozenset({"force_delete"}),
        provider_defaults=("project",),
    ),
    AlertPolicy(
        type="google_monitoring_alert_policy",
        label="AlertPolicy",
        service="monitoring",
        collection="v3/projects/{project}/alertPolicies",
        self_link="v3/{+name}",
        imports=("{+name}",),
        update_mask=True,
        always=frozenset({"enabled"}),
        unsent=frozenset({"creation_record"}),
        provider_defaults=("project",),
    ),
    Dashboard(
        type="google_monitoring_dashboard",
        label="Dashboard",
        service="monitoring",
        collection="v1/projects/{project}/dashboards",
        self_link="v1/{+id}",
        imports=("projects/{project}/dashboards/{name}", "{name}"),
        unsent=frozenset({"dashboard_json"}),
        provider_defaults=("project",),
    ),
    Function(
        type="google_cloudfunctions2_function",
        label="function",
        service="cloudfunctions2",
        collection="projects/{project}/locations/{location}/functions?functionId={name}",
        self_link="projects/{project}/locations/{location}/functions/{name}",
        imports=(
            "projects/{project}/locations/{location}/functions/{name}",
            "{project}/{location}/{name}",
            "{location}/{name}",
        ),
        update_mask=True,
        unsent=frozenset({"name", "location"}),
        provider_defaults=("project",),
    ),
    ProjectService(
        type="google_project_service",
        label="project service",
        service="service_usage",
        collection="projects/{project}/services:batchEnable",
        self_link="projects/{project}/services/{service}",
        imports=("{project}/{service}",),
        client_side=frozenset({"disable_on_destroy", "disable_dependent_services"}),
        provider_defaults=("project",),
    ),
)

RESOURCES: Mapping[str, Resource] = {row.type: row for row in _ROWS}
DATA_SOURCES: Mapping[str, DataSource] = {
    "google_storage_bucket_objects": read_bucket_objects,
    "google_storage_bucket_object_content": read_object_content,
}
