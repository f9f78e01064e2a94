"""Cloud Scheduler: lists the jobs of a project."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from interlock.actual import ActualJob
from interlock.gcp import CloudError, local_url

if TYPE_CHECKING:
    from google.cloud import scheduler_v1


def list_jobs(project: str, regions: Iterable[str]) -> list[ActualJob]:
    """Every job of `project` in `regions`. CloudError when a region can't be listed."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        client = rest_client()
        return [
            actual_job(job, region)
            for region in sorted(regions)
            for job in client.list_jobs(parent=f"projects/{project}/locations/{region}")
        ]
    except (GoogleAPIError, GoogleAuthError, OSError) as error:  # OSError: requests, of the REST transport
        raise CloudError(f"Cloud Scheduler can't be listed in project {project}: {error}") from error


def rest_client() -> scheduler_v1.CloudSchedulerClient:
    """A client that speaks REST, with the same code to Google and to the stand-in."""
    from google.cloud import scheduler_v1

    if (url := local_url()) is None:
        return scheduler_v1.CloudSchedulerClient(transport="rest")
    from google.auth.credentials import AnonymousCredentials

    return scheduler_v1.CloudSchedulerClient(
        transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": url}
    )


def actual_job(job: scheduler_v1.Job, region: str) -> ActualJob:
    """A job as the API gives it."""
    attempted = cast(
        "datetime | None", job.last_attempt_time
    )  # proto-plus makes datetimes of timestamps; its types do not say so
    return ActualJob(
        name=job.name.rsplit("/", 1)[-1],
        region=region,
        state=type(job).State(job.state).name,
        schedule=job.schedule,
        time_zone=job.time_zone,
        last_attempt=attempted.astimezone(UTC) if attempted else None,
        last_status=job.status.code,
        target=job.http_target.uri or job.pubsub_target.topic_name,
    )
