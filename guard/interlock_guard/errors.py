"""What an error of BigQuery means to whoever loads rows: try again, wait, or mend the statement.

BigQuery has no reason of its own for a conflict: the serialization error and a misspelt column are both 400 `invalidQuery`,
so the message decides. It is taken from the structured part of the error and matched from its beginning, so that a statement
which merely quotes such a message in a literal is not taken for a conflict. Messages, cited (checked in November 2026):

    DML       docs.cloud.google.com/bigquery/docs/data-manipulation-language (concurrent jobs, limitations)
    ERRORS    docs.cloud.google.com/bigquery/docs/troubleshoot-queries
    QUOTAS    docs.cloud.google.com/bigquery/docs/troubleshoot-quotas
    TRANSACTIONS  docs.cloud.google.com/bigquery/docs/transactions
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from google.api_core.exceptions import GoogleAPICallError

from interlock_guard.objects import printable

MESSAGE_LENGTH = 500
"""Characters of BigQuery's message that an error of ours repeats; a schema error can list thousands of fields."""
CONFLICT_DELAY_SECONDS = 1.0
RATE_DELAY_SECONDS = 10.0
"""The first delay for a rate of changes to a table, which is counted over some ten seconds (QUOTAS)."""
QUEUE_DELAY_SECONDS = 8.0
"""The first delay for a full queue: up to 22 statements are before us, and each takes seconds."""


class Kind(Enum):
    """What happened, as far as the message shows it."""

    SERIALIZATION = "serialization conflict"
    ABORTED_TRANSACTION = "aborted transaction"
    QUEUE_FULL = "DML queue full"
    WRITTEN_TWICE = "written twice"
    STREAMING_BUFFER = "rows in the streaming buffer"
    QUEUED_TOO_LONG = "queued too long"
    TABLE_UPDATE_RATE = "table update rate"
    QUOTA = "quota"
    TRANSIENT = "transient"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What an error means. `retry`: whether the same unit, submitted again, can succeed soon, and harms nothing. `why` says it
    to people. `script`: it is a conflict of a statement in a script, of which only its author knows whether all can be run
    again."""

    kind: Kind
    retry: bool
    why: str
    script: bool = False
    first_delay_seconds: float = CONFLICT_DELAY_SECONDS
    table: str = ""
    """The table that the message names, as it writes it (`project:dataset.table`); empty when it names none."""
    message: str = ""
    """BigQuery's own words, on one line."""


class GuardError(Exception):
    """Base of what this package raises of its own."""


class ConflictsExhausted(GuardError):
    """A conflict came back at every try. `last_message` is BigQuery's; the error itself is the `__cause__`."""

    def __init__(self, *, table: str, tries: int, last_message: str) -> None:
        self.table = table
        self.tries = tries
        self.last_message = last_message
        super().__init__(
            f"{table or 'a table'}: gave up after {tries} {'try' if tries == 1 else 'tries'}, each met a conflict. Last"
            f" message: {last_message.rstrip('.')}. Another writer changes the table: see which jobs ran then."
        )


class StreamingBufferBlocked(GuardError):
    """A statement would change rows that were streamed in the last 30 minutes; trying again sooner can't help."""

    def __init__(self, *, table: str, message: str) -> None:
        self.table = table
        self.message = message
        super().__init__(
            f"{table or 'a table'}: rows that tabledata.insertAll streamed in the last 30 minutes can't be changed by UPDATE,"
            f" DELETE or MERGE, so this was not tried again. Run it 30 minutes after the last such insert, or append with"
            f' method="load" or "storage_write". BigQuery said: {message}'
        )


class WrittenTwice(GuardError):
    """More rows of the given keys are there than were given: another run wrote the same keys for the first time just now.

    Statements that only insert conflict with nothing, a MERGE included (DML), so two first runs can both succeed.
    `replace_rows` raises and retries this itself; who catches `ConflictsExhausted` may find it as the cause.
    """

    def __init__(self, *, table: str, given: int, found: int) -> None:
        self.table = table
        super().__init__(f"{found} rows of the given keys are in {table}, {given} were given")


class RowsRefused(GuardError):
    """BigQuery took the request but not all rows of it; says which and why, the first few."""


class NotCommitted(GuardError):
    """The Storage Write API took the rows but did not commit them: none is in the table, and all can be sent again."""


class HeldTable(GuardError):
    """The table is held because a backfill rewrites it, and the way to write would block that backfill."""


def explain(error: BaseException, *, load: bool = False) -> Meaning:
    """What `error` means. Anything that is not known to be a conflict is not retried.

    `load`: it is of a load job. google-cloud-bigquery submits queries again that failed for what is transient, but no loads
    (google/cloud/bigquery/job/query.py has `job_retry`, load.py has none), and a load that failed wrote nothing.
    """
    if isinstance(error, WrittenTwice):
        return Meaning(kind=Kind.WRITTEN_TWICE, retry=True, why=_WRITTEN_TWICE, table=error.table, message=str(error))
    if not isinstance(error, GoogleAPICallError):
        return Meaning(kind=Kind.OTHER, retry=False, why="It is not an answer of BigQuery.", message=one_line(str(error)))
    text = _message(error)
    for rule in _RULES:
        if found := rule.pattern.match(text):
            script = rule.retry and _IN_A_SCRIPT.search(text) is not None
            table = found.groupdict().get("table") or ""
            return Meaning(
                kind=rule.kind,
                retry=(rule.retry or (load and rule.retry_load)) and not script,
                why=f"{rule.why} {_SCRIPT}" if script else rule.why,
                script=script,
                first_delay_seconds=rule.first_delay_seconds,
                table=table.rstrip(".,"),
                message=one_line(text),
            )
    if load and (_reason(error) in _TRANSIENT or (not _reason(error) and error.code in _TRANSIENT_CODES)):
        return Meaning(kind=Kind.TRANSIENT, retry=True, why=_AGAIN, message=one_line(text))
    return Meaning(kind=Kind.OTHER, retry=False, why=_OTHER, message=one_line(text))


def one_line(text: str) -> str:
    """At most MESSAGE_LENGTH characters of `text`, without line breaks and control characters."""
    line = printable(text[: 2 * MESSAGE_LENGTH])
    return line if len(line) <= MESSAGE_LENGTH else f"{line[: MESSAGE_LENGTH - 3]}..."


def _message(error: GoogleAPICallError) -> str:
    """The message as BigQuery sent it; `error.message` also has the URL, the job's id and what else the client adds."""
    for detail in error.errors or ():
        if isinstance(detail, dict) and isinstance(detail.get("message"), str):
            return str(detail["message"])
    return str(error.message or "")


def _reason(error: GoogleAPICallError) -> str:
    for detail in error.errors or ():
        if isinstance(detail, dict) and isinstance(detail.get("reason"), str):
            return str(detail["reason"])
    return ""


@dataclass(frozen=True, kw_only=True)
class _Rule:
    kind: Kind
    pattern: re.Pattern[str]
    retry: bool
    retry_load: bool = False
    """Also when it is of a load job only."""
    why: str
    first_delay_seconds: float = CONFLICT_DELAY_SECONDS


_BEFORE = r"(?:(?:GET|POST) \S+: )?(?:Query error: |Resources exceeded during query execution: |Quota exceeded: )?"
"""What the client or a script puts before the message."""
_TABLE = r"(?P<table>[^\s,;]+)"
"""A table of any alphabet."""
_TABLE_BEFORE = r"(?P<table>\S[^\n]{0,2000}?)"
"""One in the middle of a message, which may have spaces in its name."""
_IN_A_SCRIPT = re.compile(r"\bat \[\d+:\d+\]\s*$")
"""Where in a script the statement is that failed, as in `... at [24:9]`; the error of a single statement has no such end."""
_TRANSIENT = frozenset(
    {"backendError", "internalError", "jobBackendError", "jobInternalError", "rateLimitExceeded", "jobRateLimitExceeded"}
)
"""Reasons for which google-cloud-bigquery submits a query again (google/cloud/bigquery/retry.py, _RETRYABLE_REASONS and
_JOB_RETRY_REASONS)."""
_TRANSIENT_CODES = frozenset({429, 500, 502, 503, 504})

_WRITTEN_TWICE = "Two runs wrote the same keys for the first time at once; the statement, run again, replaces the rows of both."
_QUEUE_FULL = (
    "20 UPDATE, DELETE and MERGE statements wait for the table already; they take their time, so the delays are longer."
)
_SCRIPT = (
    "It is a statement of a script: what ran before it may have been committed, so run the script again only if all of it may"
    " run twice, as one transaction may: serialization_retry(scripts=True)."
)
_AGAIN = "BigQuery failed for a reason of its own, and nothing of the load was written."
_OTHER = "It is not a conflict, so the same request would fail again: mend the statement, the rows or the permission."


def _matching(text: str) -> re.Pattern[str]:
    return re.compile(_BEFORE + text)


_RULES = (
    # ERRORS; the statement is atomic, so nothing of it was applied
    _Rule(
        kind=Kind.SERIALIZATION,
        pattern=_matching(rf"Could not serialize access to table (?:{_TABLE_BEFORE} )?due to concurrent update"),
        retry=True,
        why="Another statement changed the same partition or truncated the table, and nothing of this one was applied.",
    ),
    # TRANSACTIONS: "Conflicting transactions are cancelled"
    _Rule(
        kind=Kind.ABORTED_TRANSACTION,
        pattern=_matching(rf"Transaction is aborted due to concurrent update(?: against table {_TABLE})?"),
        retry=True,
        why="Another transaction changed the table, and this one was rolled back: all of it is submitted again.",
    ),
    # DML ("maximum queue length")
    _Rule(
        kind=Kind.QUEUE_FULL,
        pattern=_matching(rf"Too many DML statements outstanding against table(?: {_TABLE})?"),
        retry=True,
        why=_QUEUE_FULL,
        first_delay_seconds=QUEUE_DELAY_SECONDS,
    ),
    # The newer words for it: 403 quotaExceeded, location max_dml_outstanding_per_table
    _Rule(
        kind=Kind.QUEUE_FULL,
        pattern=_matching(r"Your table exceeded quota for total number of dml jobs writing to a table, pending \+ running"),
        retry=True,
        why=_QUEUE_FULL,
        first_delay_seconds=QUEUE_DELAY_SECONDS,
    ),
    # DML (limitations)
    _Rule(
        kind=Kind.STREAMING_BUFFER,
        pattern=_matching(rf"[A-Z, or]+ statement over table (?:{_TABLE_BEFORE} )?would affect rows in the streaming buffer"),
        retry=False,
        why="Rows that tabledata.insertAll streamed in the last 30 minutes can't be changed; no retry outlasts that.",
    ),
    # DML ("queued for more than 7 hours")
    _Rule(
        kind=Kind.QUEUED_TOO_LONG,
        pattern=_matching(r"DML statement has been queued for too long"),
        retry=False,
        why="It waited for hours behind other statements on the table; more of them would wait, too.",
    ),
    # QUOTAS (rateLimitExceeded)
    _Rule(
        kind=Kind.TABLE_UPDATE_RATE,
        pattern=re.compile(r".*?[Ee]xceeded rate limits: too many table update operations for this table"),
        retry=False,
        retry_load=True,
        first_delay_seconds=RATE_DELAY_SECONDS,
        why="It is a rate, not a conflict: google-cloud-bigquery submits such queries again itself; write fewer, larger loads.",
    ),
    # QUOTAS ("wait 10 minutes or longer")
    _Rule(
        kind=Kind.QUOTA,
        pattern=re.compile(r"(?:(?:GET|POST) \S+: )?Quota exceeded"),
        retry=False,
        why="A quota of the day or the hour is used up; seconds do not bring it back.",
    ),
)
