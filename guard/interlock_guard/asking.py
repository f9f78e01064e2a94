"""Is this held? The check, whom it is for, and the answer."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from interlock_guard import logs
from interlock_guard.bucket import BucketUnreadable, HoldBucket, shared
from interlock_guard.objects import TABLE, Hold

OnError = Literal["run", "skip"]
"""What happens when the bucket can't be read, so that nobody knows what is held. `run`: better a conflict than rows that nobody
fetched. `skip`: better a run left out than a write into a backfill."""
Bucket = str | HoldBucket
"""A bucket's name, or one with a client or an age of its own."""
Tables = str | Iterable[str]
"""`dataset.table`, or several; a project in front is left out."""
ABOUT_NOTHING = "say which job or which tables this is about: job=..., tables=[...]"
PART_OF = "INTERLOCK_PART_OF"
"""The environment variable of a process that carries out a backfill: the scope that does not stop it."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether to leave a run out, and why."""

    held: bool
    holds: tuple[Hold, ...] = ()
    """Those that cover what is checked, the latest end first."""
    error: str = ""
    """Why the bucket could not be read, when it could not."""

    @property
    def until(self) -> datetime | None:
        """When the last of them ends; None where nothing is known to hold."""
        return self.holds[0].end if self.holds else None

    @property
    def reason(self) -> str:
        """For people; empty when nothing holds and nothing failed."""
        return f"held by {', '.join(str(hold) for hold in self.holds)}" if self.holds else self.error

    def as_json(self) -> dict[str, object]:
        """For an answer or a log line."""
        return {"reason": self.reason, "holds": [_said(hold) for hold in self.holds]}


def _said(hold: Hold) -> Mapping[str, str]:
    until = f"{hold.end:%Y-%m-%dT%H:%M:%SZ}"
    return {"scope": hold.scope, "id": hold.id, "until": until, "reason": hold.reason, "owner": hold.owner}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is checked: the job that started the run, the tables that it writes, and the hold that it is part of."""

    job: str | None
    tables: tuple[str, ...]
    part_of: str | None

    @classmethod
    def of(cls, job: str | None, tables: Tables, part_of: str | None = None) -> Subject:
        """From what callers write. ValueError for a table that is none."""
        named = [tables] if isinstance(tables, str) else list(tables)
        return cls(
            job=job.rpartition("/")[2] if job else None,  # also projects/P/locations/L/jobs/NAME
            tables=tuple(_table(name) for name in named),
            part_of=part_of or os.environ.get(PART_OF) or None,
        )

    def covered(self, holds: Iterable[Hold]) -> list[Hold]:
        """The holds that cover it, the latest end first."""
        found = [hold for hold in holds if hold.scope != self.part_of and hold.covers(self.job, self.tables)]
        return sorted(found, key=lambda hold: hold.end, reverse=True)


def _table(name: str) -> str:
    table = ".".join(name.replace(":", ".").split(".")[-2:])  # project.dataset.table and the older project:dataset.table
    if not re.fullmatch(TABLE, table):
        raise ValueError(f"{name!r} is no table; write dataset.table, as the catalog does")
    return table


def active_holds(bucket: Bucket, *, job: str | None = None, tables: Tables = (), part_of: str | None = None) -> list[Hold]:
    """The flags and holds that are active now and cover this job or keep the writers of these tables still.

    `bucket`: the coordination bucket. `job`: the name of the Cloud Scheduler job that started the run. `tables`: those that it
    writes, as `dataset.table`. `part_of`: the scope of a hold that this run belongs to, as `backfill/tdza`, and which does not
    count; left out, what INTERLOCK_PART_OF says. The latest end comes first.

    One list call, and one read for each active object that has not been read yet; the answer is used for 5 s. BucketUnreadable
    when the bucket can't be read, ValueError for a table that is none.
    """
    return Subject.of(job, tables, part_of).covered(_bucket(bucket).active())


def check(
    bucket: Bucket, *, job: str | None = None, tables: Tables = (), part_of: str | None = None, on_error: OnError
) -> Verdict:
    """As `active_holds`, but decides: `held` says whether to leave the run out. What is to happen when the bucket can't be read
    is the caller's to say, for only the caller knows which of the two is worse; it is logged each time."""
    check_on_error(on_error)
    subject = Subject.of(job, tables, part_of)
    try:
        holds = tuple(subject.covered(_bucket(bucket).active()))
    except BucketUnreadable as unreadable:
        message = f"{unreadable}; on_error={on_error}"
        logs.log(logs.BUCKET_UNREADABLE, "WARNING", message, job=subject.job, tables=subject.tables, on_error=on_error)
        return Verdict(held=on_error == "skip", error=str(unreadable))
    return Verdict(held=bool(holds), holds=holds)


def log_held(event: str, what: str, verdict: Verdict, job: str | None, tables: Tables) -> None:
    """The line that says that `what` was left out."""
    subject = Subject.of(job, tables)
    logs.log(event, "NOTICE", f"{what}: {verdict.reason}", job=subject.job, tables=subject.tables, **verdict.as_json())


def check_on_error(on_error: str) -> None:
    """ValueError unless it is one of the two."""
    if on_error not in ("run", "skip"):
        raise ValueError(f'on_error is {on_error!r}; say "run" or "skip": what happens when the bucket can\'t be read')


def _bucket(bucket: Bucket) -> HoldBucket:
    return shared(bucket) if isinstance(bucket, str) else bucket
