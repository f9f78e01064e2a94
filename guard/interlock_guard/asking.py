"""Is this held? The check, whom it is for, and the answer; each question also for asyncio."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from interlock_guard import logs
from interlock_guard.bucket import BucketUnreadable, HoldBucket, shared
from interlock_guard.budget import check_deadline
from interlock_guard.objects import Hold
from interlock_guard.reading import told
from interlock_guard.tables import is_table

OnError = Literal["run", "skip"]
"""What happens when the bucket can't be read, so that nobody knows what is held. `run`: better a conflict than rows that nobody
fetched. `skip`: better a run left out than a write into a backfill."""
Bucket = str | HoldBucket | None
"""A bucket's name, or one with a client or an age of its own. None, as of a variable that isn't set, can't be read."""
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
    """Why nobody knows all that is held, when nobody does: the bucket or an object could not be read."""

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
    wrong: str = ""
    """Why what a request names is no job or no table; `on_error` decides then."""

    @classmethod
    def of_request(cls, job: str | None, tables: Tables | None, part_of: str | None) -> Subject:
        """From what a decorator's functions say of a request: nothing that one of them names raises."""
        try:
            return cls.of(job, tables, part_of)
        except ValueError as wrong:
            return replace(cls.of(job if isinstance(job, str) else None, None, part_of), wrong=str(wrong))

    @classmethod
    def of(cls, job: str | None, tables: Tables | None, part_of: str | None = None) -> Subject:
        """From what callers write. ValueError for a job or a table that is none."""
        if job is not None and not isinstance(job, str):
            raise ValueError(f"{job!r} is no job; give its name as text")
        if tables is not None and not isinstance(tables, Iterable):
            raise ValueError(f"tables is {tables!r}; give dataset.table, or several")
        named = [tables] if isinstance(tables, str) else list(tables or ())  # None: of a request that names none
        return cls(
            job=job.rpartition("/")[2] or None if job else None,  # also projects/P/locations/L/jobs/NAME
            tables=tuple(_table(name) for name in named),
            part_of=part_of or os.environ.get(PART_OF) or None,
        )

    @property
    def is_nothing(self) -> bool:
        """Whether it is about no job and no table, so that there is no answer but what holds everything."""
        return self.job is None and not self.tables

    def covered(self, holds: Iterable[Hold]) -> list[Hold]:
        """The holds that cover it, the latest end first."""
        found = [hold for hold in holds if hold.scope != self.part_of and hold.covers(self.job, self.tables)]
        return sorted(found, key=lambda hold: hold.end, reverse=True)

    def unsure(self, holds: Iterable[Hold]) -> str:
        """Which holds could not be read and may cover it, and why; empty when there is none."""
        found = [hold for hold in holds if hold.scope != self.part_of and hold.may_cover(self.job, self.tables)]
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        return f"{found[0].object_name} can't be read{more}: {found[0].unread}" if found else ""


def _table(name: str) -> str:
    # project.dataset.table and the older project:dataset.table
    table = ".".join(name.replace(":", ".").split(".")[-2:]) if isinstance(name, str) else ""
    if not is_table(table):
        raise ValueError(f"{name!r} is no table; write dataset.table, as the catalog does")
    return table


def about(job: str | None, tables: Tables, part_of: str | None = None) -> Subject:
    """What a question is about. ValueError for a table that is none, and for a question about nothing."""
    subject = Subject.of(job, tables, part_of)
    if subject.is_nothing:
        raise ValueError(ABOUT_NOTHING)
    return subject


def active_holds(
    bucket: Bucket, *, job: str | None = None, tables: Tables = (), part_of: str | None = None, deadline: float | None = None
) -> list[Hold]:
    """The flags and holds that are active now and cover this job or keep the writers of these tables still.

    `bucket`: the coordination bucket. `job`: the name of the Cloud Scheduler job that started the run. `tables`: those that it
    writes, as `dataset.table`. `part_of`: the scope of a hold that this run belongs to, as `backfill/tdza`, and which does not
    count; left out, what INTERLOCK_PART_OF says. `deadline`: how many seconds the question may take, 10 when left out. The
    latest end comes first.

    Two list calls, and one read for each active object that has not been read yet; the answer is used for 5 s. When the bucket
    can't be read: the holds that were seen before, until they end; BucketUnreadable when none of them covers this. ValueError
    for a table that is none, and for a question about nothing.
    """
    subject = about(job, tables, part_of)
    try:
        return _known(subject, asked(bucket, deadline))
    except BucketUnreadable as unreadable:
        return _known_before(subject, unreadable)


async def aactive_holds(
    bucket: Bucket, *, job: str | None = None, tables: Tables = (), part_of: str | None = None, deadline: float | None = None
) -> list[Hold]:
    """As `active_holds`, for asyncio: the event loop goes on meanwhile."""
    subject = about(job, tables, part_of)
    try:
        return _known(subject, await aasked(bucket, deadline))
    except BucketUnreadable as unreadable:
        return _known_before(subject, unreadable)


def _known(subject: Subject, holds: list[Hold]) -> list[Hold]:
    covered = subject.covered(holds)
    if not covered and (unsure := subject.unsure(holds)):
        raise BucketUnreadable(unsure)
    return covered


def _known_before(subject: Subject, unreadable: BucketUnreadable) -> list[Hold]:
    covered = subject.covered(unreadable.known)
    if not covered:
        raise unreadable
    return covered


def check(
    bucket: Bucket,
    *,
    job: str | None = None,
    tables: Tables = (),
    part_of: str | None = None,
    on_error: OnError,
    deadline: float | None = None,
) -> Verdict:
    """As `active_holds`, but decides: `held` says whether to leave the run out. What is to happen when nobody knows is the
    caller's to say, for only the caller knows which of the two is worse. Whatever is wrong with bucket, network or content
    comes to that, and is logged each time. What was known to hold counts until it ends, whatever `on_error` says."""
    check_on_error(on_error)
    return decided(about(job, tables, part_of), bucket, on_error, deadline)


async def acheck(
    bucket: Bucket,
    *,
    job: str | None = None,
    tables: Tables = (),
    part_of: str | None = None,
    on_error: OnError,
    deadline: float | None = None,
) -> Verdict:
    """As `check`, for asyncio: the event loop goes on meanwhile."""
    check_on_error(on_error)
    return await adecided(about(job, tables, part_of), bucket, on_error, deadline)


def decided(subject: Subject, bucket: Bucket, on_error: OnError, deadline: float | None) -> Verdict:
    """The verdict about what may also be nothing."""
    try:
        return _verdict(subject, asked(bucket, deadline), "", on_error)
    except BucketUnreadable as unreadable:
        return _verdict(subject, unreadable.known, str(unreadable), on_error)


async def adecided(subject: Subject, bucket: Bucket, on_error: OnError, deadline: float | None) -> Verdict:
    """As `decided`, for asyncio."""
    try:
        return _verdict(subject, await aasked(bucket, deadline), "", on_error)
    except BucketUnreadable as unreadable:
        return _verdict(subject, unreadable.known, str(unreadable), on_error)


def _verdict(subject: Subject, holds: Iterable[Hold], error: str, on_error: OnError) -> Verdict:
    known = list(holds)
    covered = tuple(subject.covered(known))
    if not error and not covered:
        error = subject.wrong or (ABOUT_NOTHING if subject.is_nothing else subject.unsure(known))
    if error:
        came_of_it = "held by what was known before" if covered else f"on_error={on_error}"
        message = f"{error}; {came_of_it}"
        logs.log(logs.BUCKET_UNREADABLE, "WARNING", message, job=subject.job, tables=subject.tables, on_error=on_error)
    return Verdict(held=bool(covered) or (bool(error) and on_error == "skip"), holds=covered, error=error)


def log_held(event: str, what: str, verdict: Verdict, subject: Subject) -> None:
    """The line that says that `what` was left out."""
    logs.log(event, "NOTICE", f"{what}: {verdict.reason}", job=subject.job, tables=subject.tables, **verdict.as_json())


def check_on_error(on_error: str) -> None:
    """ValueError unless it is one of the two."""
    if on_error not in ("run", "skip"):
        raise ValueError(f'on_error is {on_error!r}; say "run" or "skip": what happens when the bucket can\'t be read')


def asked(bucket: Bucket, deadline: float | None) -> list[Hold]:
    """All that is active. BucketUnreadable for whatever goes wrong."""
    reader = _reader(bucket)
    check_deadline(deadline)
    try:
        return _holds(reader.active() if deadline is None else reader.active(deadline))
    except BucketUnreadable:
        raise
    except Exception as error:  # a reader of somebody's own
        raise BucketUnreadable(f"the bucket {bucket} can't be read: {told(error)}") from error


async def aasked(bucket: Bucket, deadline: float | None) -> list[Hold]:
    """As `asked`, for asyncio."""
    reader = _reader(bucket)
    check_deadline(deadline)
    try:
        return _holds(await (reader.aactive() if deadline is None else reader.aactive(deadline)))
    except BucketUnreadable:
        raise
    except Exception as error:  # a reader of somebody's own
        raise BucketUnreadable(f"the bucket {bucket} can't be read: {told(error)}") from error


def _holds(found: Iterable[Hold]) -> list[Hold]:
    """As a list, also of what a reader of somebody's own gives; TypeError for what is no hold."""
    holds = list(found)
    if wrong := [one for one in holds if not isinstance(one, Hold)]:
        raise TypeError(f"it gives {wrong[0]!r:.80}, which is no Hold")
    return holds


def _reader(bucket: Bucket) -> HoldBucket:
    if isinstance(bucket, str):
        return shared(bucket)
    if bucket is None or not hasattr(bucket, "active"):
        raise BucketUnreadable(f"the bucket is {bucket!r}; give the name of the coordination bucket, or a HoldBucket")
    return bucket
