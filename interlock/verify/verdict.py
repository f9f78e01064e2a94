"""Whether a table was written again after its writers were resumed. Pure: `now` is a parameter; instants are aware UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from interlock.access import WRITES
from interlock.declaration import DeclaredJob
from interlock.graph import Chain
from interlock.timing.effect import fires
from interlock.verify.columns import Columns, Shape
from interlock.verify.history import HeldJob

LOOK_BACK = timedelta(days=1)


class Verdict(StrEnum):
    """What is known of a table."""

    WRITTEN = "written since the resume"
    NOT_WRITTEN = "NOT WRITTEN since the resume"
    NOT_DUE = "no run is due yet"
    HELD = "its writers are held"
    UNKNOWN = "can't be told"


@dataclass(frozen=True, kw_only=True)
class Writer:
    """A job that was held and leads to a writer of the table."""

    held: HeldJob
    declared: DeclaredJob


@dataclass(frozen=True, kw_only=True)
class Written:
    """A table of jobs that were held, with those of them that write it, by name."""

    table: str
    writers: tuple[Writer, ...]

    @property
    def resumed(self) -> datetime | None:
        """When the first of its writers ran again; None while all of them are held or paused by declaration."""
        return min((free for writer in self._running if (free := writer.held.free)), default=None)

    def due(self, now: datetime) -> int:
        """The runs of its writers since each was free which should have ended by now: a run is given the time that its
        chain is expected to take, else its deadline."""
        return sum(fires(w.declared, free, now - w.declared.busy) for w in self._running if (free := w.held.free))

    @property
    def is_known(self) -> bool:
        """Whether somebody knows when its writers run."""
        return all(writer.declared.schedule.is_known for writer in self._running)

    @property
    def _running(self) -> list[Writer]:
        return [writer for writer in self.writers if not writer.declared.paused]


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What was held in [since, now), and the tables that concerns."""

    since: datetime
    now: datetime
    place: ZoneInfo
    """Whose clock people see."""
    held: tuple[HeldJob, ...]
    tables: tuple[Written, ...]
    unknown: tuple[str, ...]
    """Jobs that were held and that the catalog does not have: of what they write nothing is known."""
    gaps: tuple[str, ...]
    """Where the knowledge of what was held ends, for people."""

    @property
    def first_day(self) -> date:
        """Rows are counted from this day on: a run writes the day that has just ended in its own zone."""
        return (self.since.astimezone(UTC) - LOOK_BACK).date()


@dataclass(frozen=True, kw_only=True)
class CountedDay:
    """The rows of one day, as BigQuery counts them; `day` is None for rows that are in no partition yet."""

    day: date | None
    rows: int
    last_insert: datetime | None


def written_tables(
    chains: Mapping[str, Sequence[Chain]], declared: Mapping[str, DeclaredJob], held: Iterable[HeldJob]
) -> list[Written]:
    """The tables that the jobs which were held write, through gateways and messages, by name."""
    found: dict[str, dict[str, Writer]] = {}
    for job in held:
        for chain in chains.get(job.name, ()):
            if chain.access & WRITES:
                found.setdefault(chain.table, {})[job.name] = Writer(held=job, declared=declared[job.name])
    return [Written(table=table, writers=tuple(writers.values())) for table, writers in sorted(found.items())]


NOT_LOOKED = Columns()


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A table as BigQuery showed it. `problem` is why it could not be read, empty when it could."""

    written: Written
    shape: Shape | None = None
    columns: Columns = NOT_LOOKED
    days: tuple[CountedDay, ...] = ()
    sql: str = ""
    """The statement that gave the days; empty when the table has no column to go by."""
    problem: str = ""

    @property
    def last_insert(self) -> datetime | None:
        """The latest of its days."""
        return max((day.last_insert for day in self.days if day.last_insert), default=None)

    def verdict(self, now: datetime) -> Verdict:
        """By the last insert; where no column has it, by the last change of whatever kind."""
        if self.problem or self.shape is None:
            return Verdict.UNKNOWN
        return judge(self.written, self.last_insert if self.columns.inserted else self.shape.modified, now)


def judge(written: Written, last: datetime | None, now: datetime) -> Verdict:
    """What the last insert that was found, or that none was, says of a table. Whose rows they are, the table does not say."""
    if (resumed := written.resumed) is None:
        return Verdict.HELD
    if last is not None and last >= resumed:
        return Verdict.WRITTEN
    if written.due(now):
        return Verdict.NOT_WRITTEN
    return Verdict.NOT_DUE if written.is_known else Verdict.UNKNOWN
