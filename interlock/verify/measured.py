"""What BigQuery's history of jobs says of inputs that the risk assumes: `active` of a job, `dml` and `expect` of a processor.
Pure.

Only statements count that have the label of the job for which they ran: of others nobody knows whose start they belong to.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from interlock.access import WRITES
from interlock.catalog import Catalog, Job, Source
from interlock.graph import Chain, chains
from interlock.labels import LABEL, by_label
from interlock.names import LOCATION, PROJECT, exact
from interlock.timing.fires import Fires
from interlock.timing.minutes import MINUTE, Span
from interlock.verify.conflicts import NoQuery

MOST_ROWS = 100_000
LEAST_FIRES = 20
"""Of a job, and of its starts that wrote: fewer say nothing yet."""
LONGEST = timedelta(hours=12)
"""After a start, in which a statement of it may come."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One that changed a table for a job of Cloud Scheduler."""

    job: str
    table: str
    began: datetime
    lasted: timedelta


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What to write into the catalog."""

    source: Source
    entry: str
    """As `jobs.fetch`."""
    key: str
    value: str
    said: str | None
    """What is written there now."""
    why: str

    @property
    def name(self) -> str:
        """The entry's own."""
        return self.entry.partition(".")[2]


def writes(project: str, location: str, since: date) -> str:
    """The statements that changed a table for a job that their label names, or that of the script that they are part of."""
    if not re.fullmatch(PROJECT, project):
        raise NoQuery(f"{project[:100]!a} is no project")
    region = location.lower()
    if not re.fullmatch(LOCATION, region):
        raise NoQuery(f"{location[:100]!a} is no location of BigQuery")
    view = f"`{project}`.`region-{region}`.INFORMATION_SCHEMA.JOBS"
    return _WRITES.format(view=view, since=since.isoformat(), label=LABEL)  # each name is checked above, the rest are ours


_WRITES = """\
WITH listed AS (
  SELECT
    job_id, parent_job_id, creation_time, start_time, end_time, statement_type, error_result, destination_table,
    (SELECT MAX(label.value) FROM UNNEST(labels) AS label WHERE label.key = "{label}") AS scheduler_job
  FROM {view}
  WHERE creation_time >= TIMESTAMP "{since} 00:00:00+00" AND state = "DONE" AND job_type IS NOT NULL
)
SELECT
  COALESCE(child.scheduler_job, parent.scheduler_job) AS scheduler_job,
  child.destination_table.dataset_id, child.destination_table.table_id, child.start_time, child.end_time
FROM listed AS child LEFT JOIN listed AS parent ON parent.job_id = child.parent_job_id
WHERE COALESCE(child.statement_type, "") != "SCRIPT" AND child.error_result IS NULL
  AND COALESCE(child.scheduler_job, parent.scheduler_job) IS NOT NULL
  AND NOT STARTS_WITH(child.destination_table.dataset_id, "_")
ORDER BY child.start_time DESC
"""


def measured(catalog: Catalog, statements: Iterable[Statement], since: datetime, until: datetime) -> Iterator[Measured]:
    """What the statements in [since, until), both midnights of UTC, say of the jobs and processors that they ran for."""
    labels = by_label(job.scheduler_name for job in catalog.jobs.values())
    by_name = {job.scheduler_name: job for job in catalog.jobs.values()}
    fires = Fires(Span(start=since, end=until))
    wrote: Wrote = {}
    starts_of: dict[str, list[int]] = {}
    for one in statements:
        job = by_name.get(labels.get(one.job, one.job))
        if job is None or not job.schedule.is_known or not since <= one.began < until:
            continue
        if job.name not in starts_of:
            starts_of[job.name] = [*fires.of(job).places()]
        starts = starts_of[job.name]
        at = bisect_right(starts, (one.began - since) // MINUTE) - 1
        if at >= 0 and one.began - (start := since + starts[at] * MINUTE) < LONGEST:
            run = wrote.setdefault(job.name, {}).setdefault(at, _Run())
            run.tables[one.table] = run.tables.get(one.table, timedelta(0)) + one.lasted
            run.took = max(run.took, one.began + one.lasted - start)
    for name, found in sorted(wrote.items()):
        yield from _active(catalog.jobs[name], len(fires.of(catalog.jobs[name])), len(found))
    writing = {name: [chain for chain in chains(catalog)[name] if _writes(chain)] for name in wrote}
    yield from _means(catalog, "dml", _statements(writing, wrote), "the mean of {:,} starts that wrote")
    yield from _means(catalog, "expect", _runs(writing, wrote), "from a start to its last statement, the mean of {:,}")


def untold(catalog: Catalog, found: Iterable[Measured]) -> list[str]:
    """The jobs that write and of whose starts nothing was measured, sorted."""
    told = {one.entry for one in found}
    known = chains(catalog)
    return sorted(name for name in catalog.jobs if f"jobs.{name}" not in told and any(map(_writes, known[name])))


@dataclass
class _Run:
    """What one start brought about: how long its statements took, by table, and when the last one ended, from the start."""

    tables: dict[str, timedelta] = field(default_factory=dict)
    took: timedelta = timedelta(0)


Wrote = dict[str, dict[int, _Run]]
"""By job and the number of its start."""


def _writes(chain: Chain) -> bool:
    return bool(chain.access & WRITES) and not chain.decided


def _active(job: Job, starts: int, wrote: int) -> Iterator[Measured]:
    if starts >= LEAST_FIRES:
        said = None if job.active is None else f"{job.active:g}"
        yield Measured(
            source=job.source,
            entry=f"jobs.{job.name}",
            key="active",
            value=f"{wrote / starts:.2g}",
            said=said,
            why=f"{wrote:,} of {starts:,} starts wrote",
        )


def _statements(writing: Mapping[str, list[Chain]], wrote: Wrote) -> dict[str, list[timedelta]]:
    """By processor that alone writes a table for its job, how long its statements took of each start."""
    lasted: dict[str, list[timedelta]] = {}
    for name, found in wrote.items():
        writers: dict[str, set[str]] = {}
        for chain in writing[name]:
            writers.setdefault(chain.table, set()).add(chain.processors[-1])
        for run in found.values():
            by_processor: dict[str, timedelta] = {}
            for table, long in run.tables.items():
                if len(those := writers.get(table, set())) == 1:
                    (processor,) = those
                    by_processor[processor] = by_processor.get(processor, timedelta(0)) + long
            for processor, long in by_processor.items():
                lasted.setdefault(processor, []).append(long)
    return lasted


def _runs(writing: Mapping[str, list[Chain]], wrote: Wrote) -> dict[str, list[timedelta]]:
    """By processor how long it took from a start, where that starts it itself and no other one writes."""
    took: dict[str, list[timedelta]] = {}
    for name, found in wrote.items():
        ways = {chain.processors for chain in writing[name]}
        if len(ways) == 1 and len(way := ways.pop()) == 1:
            took.setdefault(way[0], []).extend(run.took for run in found.values())
    return took


def _means(
    catalog: Catalog, key: Literal["dml", "expect"], by_name: Mapping[str, list[timedelta]], why: str
) -> Iterator[Measured]:
    for name, several in sorted(by_name.items()):
        if len(several) >= LEAST_FIRES:
            known = catalog.processors[name]
            said = known.dml if key == "dml" else known.expect
            mean = sum(several, timedelta(0)) / len(several)
            yield Measured(
                source=known.source,
                entry=f"processors.{name}",
                key=key,
                value=f"{max(1, round(mean.total_seconds()))}s",
                said=None if said is None else exact(said),
                why=why.format(len(several)),
            )
