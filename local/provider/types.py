"""The table of types that the stand-in knows. A new one is a row here, its schema in schema.json and a contract test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from local.provider.buckets import Bucket
from local.provider.cloud import Cloud
from local.provider.objects import BucketObject, read_bucket_objects, read_object_content
from local.provider.resource import Resource
from local.provider.scheduler import SchedulerJob
from local.provider.values import Object

DataSource: TypeAlias = Callable[[Cloud, Object], Object]

SERVICES: Mapping[str, str] = {"cloud_scheduler": "/v1/", "storage": "/storage/v1/"}
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
)

RESOURCES: Mapping[str, Resource] = {row.type: row for row in _ROWS}
DATA_SOURCES: Mapping[str, DataSource] = {
    "google_storage_bucket_objects": read_bucket_objects,
    "google_storage_bucket_object_content": read_object_content,
}
