"""Dates relative to the day in the body of a job, such as TODAY: what they mean, and how a day is run again by hand. Pure."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from interlock.catalog import Job, Json, Partition, ServiceKind
from interlock.secrets import own_url, redacted

if TYPE_CHECKING:
    from interlock.environment import Environment

DAY = timedelta(days=1)
AUTO = "auto"
OFFSETS = {"today": timedelta(0), AUTO: timedelta(0), "yesterday": -DAY, "tomorrow": DAY}
"""What the words mean in a body, in any case, from the day of the run on: facts of the platform's own jobs. AUTO is taken for
the day itself; the processor decides."""


def dated(body: Json, day: date) -> Json:
    """The body as a run on `day` means it."""
    if isinstance(body, dict):
        return {key: dated(value, day) for key, value in body.items()}
    if isinstance(body, list):
        return [dated(value, day) for value in body]
    meant = meant_by(body, day) if isinstance(body, str) else None
    return body if meant is None else meant.isoformat()


def meant_by(word: str, day: date) -> date | None:
    """The date that a word such as TODAY means in a run on `day`; None for any other text."""
    offset = OFFSETS.get(word.casefold())
    return None if offset is None else day + offset


@dataclass(frozen=True, kw_only=True)
class NamedDay:
    """The day that the statements of a run name: `column` of the table is the day of the start by the clocks of the job's zone,
    moved by `offset`."""

    column: str
    offset: timedelta


def named_day(partition: Partition | None, body: Json) -> NamedDay | None:
    """Which day a job with this body means; None where that is not known, so that it may be any."""
    if partition is None or not partition.named_by:
        return None
    named = _values(body, partition.named_by)
    words = {value.casefold() if isinstance(value, str) else "" for value in named}
    offsets = {None if word == AUTO else OFFSETS.get(word) for word in words}
    offset = offsets.pop() if len(offsets) == 1 else None
    return None if offset is None else NamedDay(column=partition.column, offset=offset)


def named_under(body: Json, key: str) -> tuple[Json, ...]:
    """What stands under `key` in a body, however deep: what names the day of a partition."""
    return tuple(_values(body, key))


def _values(body: Json, key: str) -> list[Json]:
    """What stands under `key`, wherever it is."""
    if isinstance(body, dict):
        own = [body[key]] if key in body else []
        return [*own, *(value for inner in body.values() for value in _values(inner, key))]
    return [value for inner in body for value in _values(inner, key)] if isinstance(body, list) else []


def rerun_command(job: Job, environment: Environment, day: date) -> str | None:
    """What runs `job` for `day` by hand, secrets left out; None for no service or topic, and for what names no day."""
    target = job.target
    if target.content is not None and target.body is None and not target.as_json:
        return None  # bytes that say no day
    content = shlex.quote(json.dumps(redacted(dated(target.body, day))))
    if target.service.kind is ServiceKind.TOPIC:
        topic = environment.topic(target.service)
        shown = topic.removeprefix(f"projects/{environment.project}/topics/")
        return f"gcloud pubsub topics publish {shown} --project={environment.project} --message={content}"
    if target.service.kind not in (ServiceKind.RUN, ServiceKind.FUNCTION) or target.method != "POST":
        return None
    sender = '"Authorization: Bearer $(gcloud auth print-identity-token)"'
    url = shlex.quote(own_url(environment.call(job)))
    return f"curl -X POST -H {sender} -H 'Content-Type: application/json' -d {content} {url}"
