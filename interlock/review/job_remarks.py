"""What is worth saying about changed jobs: those that go, tables that lose their writers, pairs of which one changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from interlock.access import WRITES, Kind
from interlock.catalog import Catalog, Job
from interlock.graph import Chain, chains
from interlock.review.diff import Changed, Difference, How, Removed
from interlock.review.edits import TIMING
from interlock.review.jobs import JobReview, Moved, Side
from interlock.review.remark import Remark, Topic, listed
from interlock.review.removals import Removals, accepted_in_words
from interlock.timing.words import nobody_knows


def about_jobs(jobs: Sequence[JobReview], before: Catalog, removals: Removals) -> Iterator[Remark]:
    """Jobs that go, a note where that is on purpose; that the catalog pauses or wakes; or that fire more or less often."""
    for job in jobs:
        if job.before and job.after:
            if job.change.how is How.RENAMED:
                yield _gone(Topic.RENAMED, job.name, job.before.job, _renamed(job.before.job.name), removals)
            yield from _changed(job.name, job.before, job.after)
        elif job.before:
            yield _gone(Topic.DELETED, job.name, job.before.job, _deleted(job.before, before), removals)


def _gone(topic: Topic, subject: str, job: Job, text: str, removals: Removals) -> Remark:
    """What becomes of a job that goes: accepted under `removed`, or a finding that says what to write there."""
    entry = removals.of(job)
    if entry is not None and removals.accepts(job):
        return Remark(topic=topic, subject=subject, text=f"{accepted_in_words(entry)}; {text}", is_finding=False)
    instead = "pause it" if topic is Topic.DELETED else "keep the name"
    return Remark(topic=topic, subject=subject, text=f"{text}; {removals.advice(job, instead)}")


def unknowable(jobs: Sequence[JobReview], after: Catalog) -> Iterator[Remark]:
    """Jobs that are new or fire otherwise, and of which nobody knows when: no collision of theirs is found, so any may come."""
    for job in jobs:
        new, old = job.after, job.before
        if new is None or new.job.schedule.is_known or new.job.paused:
            continue
        if old is None or (old.job.schedule.text, old.job.paused) != (new.job.schedule.text, None):
            tables = {chain.table for chain in chains(after)[job.name] if chain.access & WRITES}
            shared = {table: [name for name in names if name != job.name] for table, names in _writers(after).items()}
            met = sorted({name for table in tables for name in shared.get(table, ())})
            over = f"any run of {listed(met)}, which write what it writes" if met else "any start of its service"
            text = f"{nobody_knows(new.job.schedule)}; it may meet {over}"
            yield Remark(topic=Topic.COLLISION, subject=job.name, text=text)


def _deleted(side: Side, before: Catalog) -> str:
    old = side.job
    tables = sorted({chain.table for chain in chains(before)[old.name] if chain.access & WRITES})
    led = f" and led to writes of {listed(tables)}" if tables else ""
    if old.paused:
        return f"it was paused by declaration ({old.paused.reason}){led}; its history goes with it"
    lost = "" if old.recoverable else "; what it would fetch can't be fetched later"
    return f"it fired {side.rate}{led}{lost}; nothing fails when a job is gone: nothing runs"


def _renamed(old_name: str) -> str:
    return (
        f"{old_name} starts the same, so this looks like its new name. Terraform deletes the one and creates the "
        "other: the history is lost, and what would run in between; a new job is enabled for a moment even if it is held"
    )


def _changed(name: str, before: Side, after: Side) -> Iterator[Remark]:
    was, now = before.job.paused, after.job.paused
    if now and not was:
        text = f"{now.reason} ({now.owner}, review {now.review}); it fired {before.rate}"
        yield Remark(topic=Topic.PAUSED, subject=name, text=text, is_finding=False)
    elif was and not now:
        text = f"it was paused by declaration ({was.reason}); it fires {after.rate} now"
        yield Remark(topic=Topic.RESUMED, subject=name, text=text, is_finding=False)
    if before.rate != after.rate:
        text = f"{before.rate} before, {after.rate} now"
        yield Remark(topic=Topic.FREQUENCY, subject=name, text=text, is_finding=False)


def unwritten(before: Catalog, after: Catalog, removals: Removals) -> Iterator[Remark]:
    """Tables that a running job wrote, and that none writes any more. A note where all its writers are gone on purpose, and no
    job leads to a reader."""
    still = _writers(after)
    touching: dict[str, list[Chain]] = {}
    for chain in (chain for ways in chains(after).values() for chain in ways):
        touching.setdefault(chain.table, []).append(chain)
    for table, writers in sorted(_writers(before).items()):
        if table not in still:
            asleep = sorted({chain.job for chain in touching.get(table, ()) if chain.access & WRITES})
            readers = sorted({chain.job for chain in touching.get(table, ()) if Kind.READ in chain.access} - {*asleep})
            paused = f"; paused by declaration now: {listed(asleep)}" if asleep else ""
            read = f"still read by {listed(readers)}" if readers else "no other job leads to a reader of it"
            text = f"{listed(writers)} led to its writers{paused}; {read}"
            on_purpose = not readers and not asleep and all(removals.accepts(before.jobs[name]) for name in writers)
            yield Remark(topic=Topic.UNWRITTEN, subject=f"table/{table}", text=text, is_finding=not on_purpose)


def _writers(catalog: Catalog) -> dict[str, list[str]]:
    """By table, the jobs that lead to a writer of it and are not paused by declaration, sorted."""
    found: dict[str, set[str]] = {}
    for job, ways in chains(catalog).items():
        for chain in ways:
            if chain.access & WRITES and catalog.jobs[job].paused is None:
                found.setdefault(chain.table, set()).add(job)
    return {table: sorted(jobs) for table, jobs in found.items()}


def alone(changes: Difference, before: Catalog, after: Catalog, removals: Removals) -> Iterator[Remark]:
    """Jobs whose times changed, or that went, while one that they are paired with stayed as it was; a note where it went on
    purpose."""
    changed = {name: job for job in changes.jobs for name in job.names if _runs_otherwise(job)}
    jobs = (job for catalog in (before, after) for job in catalog.jobs.values())
    pairs = {tuple(sorted((job.name, other))) for job in jobs for other in job.pair_with}
    for pair in sorted(pairs):
        moved = [name for name in pair if name in changed]
        stayed = [name for name in pair if name not in changed and name in after.jobs]
        if moved and stayed:
            text = f"{_what(changed[moved[0]])}, and {stayed[0]}, its pair, stays as it was"
            on_purpose = all(isinstance(changed[name], Removed) and removals.accepts(changed[name].newest) for name in moved)
            yield Remark(topic=Topic.PAIR, subject=moved[0], text=text, is_finding=not on_purpose)


def _runs_otherwise(job: Changed[Job]) -> bool:
    return job.how is not How.CHANGED or not job.keys.isdisjoint(TIMING)


def _what(job: Changed[Job]) -> str:
    """What became of a job, before a comma."""
    if job.how is not How.CHANGED:
        return f"it is {job.how}"
    return f"its {' and '.join(field.key for field in job.fields if field.key in TIMING)} changed"


def moved_in_words(job: JobReview) -> str:
    """How far the fires of a job moved, on both sides of a change of the clock, or on which days it fires now and did not, or
    no longer does; nothing when that can't be said."""
    if job.moved:
        said = {season.season: _by(season) for season in job.moved}
        if len(set(said.values())) == 1:
            return f"fires {next(iter(said.values()))}"
        return f"fires {', '.join(f'{how} in {season}' for season, how in said.items())}"
    if job.other_days:
        return job.other_days
    if job.zone_moved:
        zones = ", ".join(f"{_by(season)} in {season.season}" for season in job.zone_moved)
        return f"a clock's time is {zones}, by its zone alone"
    return ""


def _by(moved: Moved) -> str:
    if not moved.by:
        return "at the same instants"
    hours, minutes = divmod(int(abs(moved.by).total_seconds()) // 60, 60)
    by = f"{f'{hours}h' if hours else ''}{f'{minutes}m' if minutes or not hours else ''}"
    return f"{by} earlier or later" if moved.either else f"{by} {'earlier' if moved.by.days < 0 else 'later'}"
