"""Cloud Scheduler: a client, and a job as it gives it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from interlock.actual import UNREADABLE, ActualJob
from interlock.gcp import local_url
from interlock.gcp.credentials import local_credentials, send_as_asked

if TYPE_CHECKING:
    from google.cloud import scheduler_v1


def preload() -> None:
    """Imports what a client takes, which takes longer than to ask it one thing."""
    from google.cloud import scheduler_v1  # noqa: F401


def rest_client() -> scheduler_v1.CloudSchedulerClient:
    """A client that speaks REST, with the same code to Google and to the stand-in."""
    from google.cloud import scheduler_v1

    if (url := local_url()) is None:
        client = scheduler_v1.CloudSchedulerClient(transport="rest")
    else:
        client = scheduler_v1.CloudSchedulerClient(
            transport="rest", credentials=local_credentials(), client_options={"api_endpoint": url}
        )
    send_as_asked(client.transport._session)  # type: ignore[attr-defined]  # REST has one
    return client


def regions(client: scheduler_v1.CloudSchedulerClient, project: str, timeout: float) -> list[str]:
    """Every region that Cloud Scheduler serves the project in, sorted. The client's method gives one page of them."""
    found: list[str] = []
    asked = {"name": f"projects/{project}"}
    while True:
        page = client.list_locations(asked, retry=None, timeout=timeout)
        found += [location.location_id for location in page.locations]
        if not page.next_page_token:
            return sorted(found)
        asked |= {"page_token": page.next_page_token}


def actual_job(job: scheduler_v1.Job, region: str) -> ActualJob:
    """A job as the API gives it."""
    try:
        return _readable(job, region)
    except (AttributeError, OverflowError, TypeError, ValueError):
        # Something that this version of the library does not know: the others are no worse for it.
        return ActualJob(
            name=job.name.rsplit("/", 1)[-1],
            region=region,
            state=UNREADABLE,
            schedule=job.schedule,
            time_zone=job.time_zone,
            last_attempt=None,
            last_status=0,
        )


def _readable(job: scheduler_v1.Job, region: str) -> ActualJob:
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
