"""Cloud Scheduler: a client, and a job as it gives it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from interlock.actual import ActualJob
from interlock.gcp import local_url

if TYPE_CHECKING:
    from google.cloud import scheduler_v1


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
    from google.protobuf.json_format import MessageToDict

    attempted = cast(
        "datetime | None", job.last_attempt_time
    )  # proto-plus makes datetimes of timestamps; its types do not show it
    return ActualJob(
        name=job.name.rsplit("/", 1)[-1],
        region=region,
        state=type(job).State(job.state).name,
        schedule=job.schedule,
        time_zone=job.time_zone,
        last_attempt=attempted.astimezone(UTC) if attempted else None,
        last_status=job.status.code,
        target=job.http_target.uri or job.pubsub_target.topic_name,
        resource=MessageToDict(type(job).pb(job)),
    )
