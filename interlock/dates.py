"""Jobs whose body names a date relative to the day, such as TODAY: the days that a catch-up run does not cover. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from interlock.catalog import Job, Json, ServiceKind
from interlock.cron import zone
from interlock.declaration import DeclaredJob
from interlock.environment import Environment

DAY = timedelta(days=1)
OFFSETS = {"today": timedelta(0), "auto": timedelta(0), "yesterday": -DAY}
"""What the words mean in a body, from the day of the run on. AUTO is taken for the day itself; the processor decides."""


def uncovered_days(job: DeclaredJob, missed: Iterable[datetime], now: datetime) -> list[date]:
    """The days, in the job's zone, whose runs `job` missed and nothing makes up for: a catch-up run at `now` covers its own."""
    if not job.relative_dates:
        return []
    place = zone(job.time_zone)
    days = {fire.astimezone(place).date() for fire in missed}
    return sorted(days - {now.astimezone(place).date()} if job.catch_up == "latest" else days)


def dated(body: Json, day: date) -> Json:
    """The body as a run on `day` means it."""
    if isinstance(body, dict):
        return {key: dated(value, day) for key, value in body.items()}
    if isinstance(body, list):
        return [dated(value, day) for value in body]
    offset = OFFSETS.get(body.casefold()) if isinstance(body, str) else None
    return body if offset is None else (day + offset).isoformat()


def rerun_command(job: Job, environment: Environment, day: date) -> str | None:
    """What runs `job` for `day` by hand; None for what is no service or topic, whose call carries no body."""
    content = shlex.quote(json.dumps(dated(job.target.body, day)))
    kind, name = job.target.service.kind, job.target.service.name
    if kind is ServiceKind.TOPIC:
        return f"gcloud pubsub topics publish {name} --project={environment.project} --message={content}"
    if kind is ServiceKind.RUN_JOB:
        return None
    sender = '"Authorization: Bearer $(gcloud auth print-identity-token)"'
    return f"curl -X POST -H {sender} -H 'Content-Type: application/json' -d {content} {shlex.quote(environment.call(job))}"
