"""How code touches a BigQuery table, and what happens when two do so to the same table at the same time.

The matrix says what Google documents, page by page; each cell names its pages (checked in November 2026):

    DML           docs.cloud.google.com/bigquery/docs/data-manipulation-language (concurrency, limitations)
    TRANSACTIONS  docs.cloud.google.com/bigquery/docs/transactions
    QUOTAS        docs.cloud.google.com/bigquery/quotas (standard tables, DML statements)
    STREAMING     docs.cloud.google.com/bigquery/docs/streaming-data-into-bigquery
    JOBS          docs.cloud.google.com/bigquery/docs/reference/rest/v2/Job (writeDisposition)
    ERRORS        docs.cloud.google.com/bigquery/docs/troubleshoot-queries

Two writers of partitions that are provably not the same do not conflict. The matrix takes them for the same one, as BigQuery
does when a statement has no predicate on the partition column; who says otherwise of a table (`catalog.Partition`) is asked
before the matrix is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Kind(StrEnum):
    """One way to touch a table; code that does more than one thing to it holds a set of these."""

    READ = "read"
    """SELECT, extract, the source of a copy, Storage Read API."""
    APPEND = "append"
    """Load, query or copy job with WRITE_APPEND."""
    INSERT = "insert"
    """INSERT statement, or a MERGE that only inserts."""
    MUTATE = "mutate"
    """UPDATE, DELETE or MERGE."""
    TRUNCATE = "truncate"
    """Job with WRITE_TRUNCATE, TRUNCATE TABLE, CREATE OR REPLACE TABLE."""
    REPLACE = "replace"
    """A replacement in two statements: rows are deleted, and others loaded or inserted for them once that is done."""
    STREAM = "stream"
    """The older streaming API, tabledata.insertAll."""
    STORAGE_WRITE = "storage_write"
    """The Storage Write API."""


WRITES: frozenset[Kind] = frozenset(Kind) - {Kind.READ}
"""Every kind that changes the table."""


class Severity(IntEnum):
    """What comes of an overlap, by how surely it does: the higher, the less it depends on luck.

    ERROR: BigQuery fails one of the two, by rule. BLOCKED: it refuses one, for as long as rows of the other are fresh.
    DATA_LOSS: both succeed, and which rows are left depends on who ends last. HOLE: both succeed, and the one that reads may
    see the table while rows are missing. INFO: both succeed within a quota, a queue or a delay. NONE: they do not meet. So the
    worst of several is the one to act on first; the three highest are real conflicts: of two writers.
    """

    NONE = 0
    INFO = 1
    HOLE = 2
    DATA_LOSS = 3
    BLOCKED = 4
    ERROR = 5

    @property
    def label(self) -> str:
        """The word for people and for JSON: none, info, hole, data loss, blocked, error."""
        return self.name.lower().replace("_", " ")


def is_real(severity: Severity) -> bool:
    """Whether it is a conflict at all: an error, a block or lost data. We call a conflict only what is one."""
    return severity >= Severity.DATA_LOSS


@dataclass(frozen=True)
class Conflict:
    """What comes of an overlap, and why, in one sentence for people."""

    severity: Severity
    why: str


@dataclass(frozen=True, kw_only=True)
class WorstPair:
    """The kinds, one of each actor, that give the worst conflict between the two."""

    first: Kind
    second: Kind
    conflict: Conflict


def conflict(a: Kind, b: Kind) -> Conflict:
    """What comes of `a` and `b` on the same table at the same time; the order of the two does not matter."""
    return _MATRIX[a, b] if (a, b) in _MATRIX else _MATRIX[b, a]


def worst(a: Collection[Kind], b: Collection[Kind]) -> Conflict:
    """The worst conflict between two actors, each with all that it does to one table."""
    pair = worst_pair(a, b)
    return pair.conflict if pair else Conflict(Severity.NONE, "One of the two does not touch the table.")


def worst_pair(a: Collection[Kind], b: Collection[Kind]) -> WorstPair | None:
    """As `worst`, with the kind of `a` and the kind of `b` that give it; None if either does nothing to the table.

    Of pairs that are equally bad it is the one whose kinds do most to a table: what is said of a MERGE and a load is about the
    MERGE. So the same catalog always gives the same sentence.
    """
    pairs = [WorstPair(first=x, second=y, conflict=conflict(x, y)) for x in MOST_FIRST if x in a for y in MOST_FIRST if y in b]
    return max(pairs, key=lambda pair: pair.conflict.severity, default=None)


MOST_FIRST = (
    Kind.TRUNCATE,
    Kind.REPLACE,
    Kind.MUTATE,
    Kind.STREAM,
    Kind.STORAGE_WRITE,
    Kind.INSERT,
    Kind.APPEND,
    Kind.READ,
)
"""The kinds by how much they do to the rows that are there."""

_SNAPSHOT = "A read sees the table as it was when it began, so"
_FRESH_ROWS = "Storage Write API rows that are still fresh"

_BOTH_ADD = Conflict(Severity.NONE, "Both only add rows, so both succeed in any order.")

_ADDS_BESIDE_A_REPLACEMENT = Conflict(
    Severity.INFO,
    "Both succeed, but whether the DELETE of the replacement removes the added rows depends on which comes first.",
)

# One entry a pair, in the order of `Kind`; `conflict` looks up both ways round.
_MATRIX: dict[tuple[Kind, Kind], Conflict] = {
    # DML ("snapshot isolation")
    (Kind.READ, Kind.READ): Conflict(Severity.NONE, "Two reads never conflict."),
    # JOBS: an append is one atomic update when the job ends
    (Kind.READ, Kind.APPEND): Conflict(Severity.NONE, f"{_SNAPSHOT} an append neither disturbs it nor fails by it."),
    # DML
    (Kind.READ, Kind.INSERT): Conflict(Severity.NONE, f"{_SNAPSHOT} an INSERT neither disturbs it nor fails by it."),
    # DML, TRANSACTIONS
    (Kind.READ, Kind.MUTATE): Conflict(
        Severity.NONE, f"{_SNAPSHOT} an UPDATE, DELETE or MERGE neither disturbs it nor fails by it."
    ),
    # ERRORS ("Invalid snapshot time")
    (Kind.READ, Kind.TRUNCATE): Conflict(
        Severity.INFO,
        f"{_SNAPSHOT} a truncation does not disturb it, but one that drops and recreates the table fails it with "
        '"Invalid snapshot time".',
    ),
    # DML ("snapshot isolation"), of each statement alone; two statements share no snapshot outside of a TRANSACTION
    (Kind.READ, Kind.REPLACE): Conflict(
        Severity.HOLE,
        "A read that begins between the DELETE and the load sees the table without the rows that are being replaced, and "
        "neither fails.",
    ),
    # STREAMING (data availability)
    (Kind.READ, Kind.STREAM): Conflict(
        Severity.INFO, "Streamed rows can be queried at once, but copies and extracts may miss them for up to 90 minutes."
    ),
    # DML
    (Kind.READ, Kind.STORAGE_WRITE): Conflict(
        Severity.NONE, f"{_SNAPSHOT} rows of the Storage Write API neither disturb it nor fail by it."
    ),
    # QUOTAS (table modifications per table per day)
    (Kind.APPEND, Kind.APPEND): Conflict(
        Severity.INFO, "Both appends succeed, but they share the table's quota of 1,500 modifications a day."
    ),
    # DML, JOBS: each statement is atomic, so what the DELETE meets depends on which of them ends first
    (Kind.APPEND, Kind.REPLACE): _ADDS_BESIDE_A_REPLACEMENT,
    # DML (INSERT)
    (Kind.APPEND, Kind.INSERT): _BOTH_ADD,
    # DML, TRANSACTIONS (WRITE_APPEND loads run beside mutating statements)
    (Kind.APPEND, Kind.MUTATE): Conflict(
        Severity.NONE, "An append adds its rows when it ends, and an UPDATE, DELETE or MERGE does not fail by that."
    ),
    # JOBS: both are one atomic update when the job ends, so the later one wins
    (Kind.APPEND, Kind.TRUNCATE): Conflict(
        Severity.DATA_LOSS, "If the truncation ends last, it removes the appended rows, and neither job fails."
    ),
    # STREAMING
    (Kind.APPEND, Kind.STREAM): _BOTH_ADD,
    # DML
    (Kind.APPEND, Kind.STORAGE_WRITE): _BOTH_ADD,
    # DML, QUOTAS (INSERT)
    (Kind.INSERT, Kind.INSERT): Conflict(
        Severity.INFO,
        "INSERT conflicts with no statement, but after 1,500 a day on a table only 10 run at once and 100 wait.",
    ),
    # DML ("doesn't conflict with any other concurrently running DML statement")
    (Kind.INSERT, Kind.MUTATE): Conflict(
        Severity.NONE, "INSERT conflicts with no other statement, UPDATE, DELETE and MERGE included."
    ),
    # JOBS
    (Kind.INSERT, Kind.TRUNCATE): Conflict(
        Severity.DATA_LOSS, "If the truncation ends last, it removes the inserted rows, and neither statement fails."
    ),
    # DML
    (Kind.INSERT, Kind.REPLACE): _ADDS_BESIDE_A_REPLACEMENT,
    # DML
    (Kind.INSERT, Kind.STREAM): _BOTH_ADD,
    # DML
    (Kind.INSERT, Kind.STORAGE_WRITE): _BOTH_ADD,
    # DML (2 running and 20 queued per table; conflict in the same partition), ERRORS ("Could not serialize access")
    (Kind.MUTATE, Kind.MUTATE): Conflict(
        Severity.ERROR,
        "Two UPDATE, DELETE or MERGE statements that change the same partition at once fail with "
        '"Could not serialize access", unless both name different partitions in a predicate.',
    ),
    # ERRORS: "or the table is truncated during a mutating DML statement"
    (Kind.MUTATE, Kind.TRUNCATE): Conflict(
        Severity.ERROR,
        'An UPDATE, DELETE or MERGE fails with "Could not serialize access" when the table is truncated while it runs.',
    ),
    # DML (as of two mutating statements, one of which is the DELETE)
    (Kind.MUTATE, Kind.REPLACE): Conflict(
        Severity.ERROR,
        "The DELETE of a replacement and an UPDATE, DELETE or MERGE that change the same partition at once fail with "
        '"Could not serialize access", unless both name different partitions in a predicate.',
    ),
    # DML (limitations), STREAMING
    (Kind.MUTATE, Kind.STREAM): Conflict(
        Severity.BLOCKED, "UPDATE, DELETE and MERGE are refused on rows that were streamed in the last 30 minutes."
    ),
    # DML (limitations): allowed on fresh rows, except in a transaction
    (Kind.MUTATE, Kind.STORAGE_WRITE): Conflict(
        Severity.INFO,
        f"UPDATE, DELETE and MERGE may change {_FRESH_ROWS}, but in multi-statement transactions they are refused.",
    ),
    # JOBS
    (Kind.TRUNCATE, Kind.TRUNCATE): Conflict(
        Severity.DATA_LOSS, "The truncation that ends last wins: it removes all that the other one wrote."
    ),
    # ERRORS, as of MUTATE; JOBS: a truncation that ends last removes what was loaded
    (Kind.TRUNCATE, Kind.REPLACE): Conflict(
        Severity.ERROR,
        'The DELETE of a replacement fails with "Could not serialize access" when the table is truncated while it runs, and a '
        "truncation after it removes what was loaded.",
    ),
    # DML; that both loads then add the same rows follows from JOBS (an append is atomic, and nothing compares rows)
    (Kind.REPLACE, Kind.REPLACE): Conflict(
        Severity.ERROR,
        'Two DELETEs that change the same partition at once fail with "Could not serialize access", and of two that just miss '
        "each other both loads stay: every row is there twice.",
    ),
    # DML (limitations), STREAMING, as of MUTATE
    (Kind.REPLACE, Kind.STREAM): Conflict(
        Severity.BLOCKED, "The DELETE of a replacement is refused on rows that were streamed in the last 30 minutes."
    ),
    # DML (limitations), as of MUTATE
    (Kind.REPLACE, Kind.STORAGE_WRITE): Conflict(
        Severity.INFO,
        f"The DELETE of a replacement may remove {_FRESH_ROWS}, or miss those that come after it.",
    ),
    # DML (limitations). Documented for the statement; that WRITE_TRUNCATE loses the rows instead is an inference from JOBS.
    (Kind.TRUNCATE, Kind.STREAM): Conflict(
        Severity.BLOCKED,
        "TRUNCATE TABLE is refused while streamed rows are fresh, for 30 minutes; WRITE_TRUNCATE may remove them instead.",
    ),
    # DML (limitations). As above.
    (Kind.TRUNCATE, Kind.STORAGE_WRITE): Conflict(
        Severity.BLOCKED,
        f"TRUNCATE TABLE is refused on {_FRESH_ROWS}; WRITE_TRUNCATE may remove them instead.",
    ),
    # STREAMING
    (Kind.STREAM, Kind.STREAM): _BOTH_ADD,
    # STREAMING, DML
    (Kind.STREAM, Kind.STORAGE_WRITE): _BOTH_ADD,
    # DML
    (Kind.STORAGE_WRITE, Kind.STORAGE_WRITE): _BOTH_ADD,
}
