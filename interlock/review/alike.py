"""What is alike in a review, so that it is said once: jobs with one edit, and remarks that say the same of several things."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from interlock.cron import zone
from interlock.holds import format_end
from interlock.review.bodies import Edit
from interlock.review.collisions import SINCE_EVER
from interlock.review.diff import Both, How
from interlock.review.edits import job_edits
from interlock.review.job_remarks import moved_in_words
from interlock.review.jobs import JobReview
from interlock.review.remark import Remark, shape

MANY = 3
"""More remarks than these that differ only in what they are about are one; so few are read faster one by one."""


@dataclass(frozen=True, kw_only=True)
class AlikeJobs:
    """Jobs of which a change edits the same in the same way; one alone, and each that comes or goes, is a group of its own."""

    jobs: tuple[JobReview, ...]
    edits: tuple[Edit, ...]
    """What is the same: empty for a job that comes, goes or has another name."""
    moved: str
    """How far their fires moved, if that is the same of all."""

    @property
    def names(self) -> list[str]:
        """The names of the jobs."""
        return [job.name for job in self.jobs]

    @property
    def first_fires(self) -> list[str]:
        """The first fire that one of them did not have before, and the first that is gone, each in the zone of its job and in
        UTC, for people; nothing where all of them just move."""
        if all(job.moved for job in self.jobs):
            return []
        new = [(job.first_new, job) for job in self.jobs if job.first_new]
        gone = [(job.first_gone, job) for job in self.jobs if job.first_gone]
        return [_first(what, found) for what, found in (("first new fire", new), ("first that is gone", gone)) if found]


def _first(what: str, found: Iterable[tuple[datetime, JobReview]]) -> str:
    at, job = min(found, key=lambda one: one[0])
    return f"{what} {format_end(at, zone(job.change.newest.time_zone), SINCE_EVER)}"


def alike_jobs(jobs: Iterable[JobReview]) -> tuple[AlikeJobs, ...]:
    """The jobs in groups, in the order in which the first of each comes."""
    groups: dict[object, list[JobReview]] = {}
    for job in jobs:
        edits = edits_of(job)
        groups.setdefault(edits if edits and job.change.how is How.CHANGED else job.name, []).append(job)
    return tuple(
        AlikeJobs(jobs=tuple(group), edits=edits_of(group[0]), moved=_same({moved_in_words(job) for job in group}))
        for group in groups.values()
    )


def edits_of(job: JobReview, leave_out: Collection[str] = ()) -> tuple[Edit, ...]:
    """What the edit of a job does, but for the keys to `leave_out`; nothing for one that comes or goes."""
    return job_edits(job.change, job.next_day, leave_out) if isinstance(job.change, Both) else ()


def _same(texts: Collection[str]) -> str:
    return next(iter(texts)) if len(texts) == 1 else ""


@dataclass(frozen=True, kw_only=True)
class AlikeRemarks:
    """Remarks of one topic that say the same, or of several things nearly the same; the words are those of the first."""

    remarks: tuple[Remark, ...]
    is_exact: bool
    """Whether the words are the same of all."""

    @property
    def first(self) -> Remark:
        """The one whose words are said."""
        return self.remarks[0]

    @property
    def subjects(self) -> list[str]:
        """What they are about, each once."""
        return list(dict.fromkeys(remark.subject for remark in self.remarks))


def alike_remarks(remarks: Sequence[Remark], names: Collection[str]) -> tuple[AlikeRemarks, ...]:
    """The remarks in groups, in the order in which the first of each comes. `names` are those of jobs, tables and so on, which
    make no difference where there are many."""
    by_shape: dict[object, list[Remark]] = {}
    for remark in remarks:
        by_shape.setdefault((remark.topic, remark.is_finding, shape(remark.text, names)), []).append(remark)
    many = {id(remark) for group in by_shape.values() if len(group) > MANY for remark in group}
    groups: dict[object, list[Remark]] = {}
    for remark in remarks:
        words = shape(remark.text, names) if id(remark) in many else remark.text
        groups.setdefault((remark.topic, remark.is_finding, id(remark) in many, words), []).append(remark)
    return tuple(
        AlikeRemarks(remarks=tuple(group), is_exact=len({remark.text for remark in group}) == 1) for group in groups.values()
    )
