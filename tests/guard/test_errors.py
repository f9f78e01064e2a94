"""Every message against what follows from it: retried or not, and why. Messages as BigQuery documents or people report them."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import (
    BadRequest,
    Forbidden,
    GoogleAPICallError,
    InternalServerError,
    NotFound,
    RetryError,
    ServiceUnavailable,
    TooManyRequests,
)
from interlock_guard.errors import MESSAGE_LENGTH, Kind, RowsRefused, WrittenTwice, explain

T = "acme:raw.games"
CONFLICT = f"Could not serialize access to table {T} due to concurrent update"
QUEUE_FULL = f"Too many DML statements outstanding against table {T}, limit is 20."


def error(of: type[GoogleAPICallError], reason: str, message: str) -> GoogleAPICallError:
    """As the client makes it: BigQuery's words in `errors`, its own around them in the message."""
    around = f"POST https://bigquery.googleapis.com/bigquery/v2/projects/acme/jobs: {message}\n\nLocation: US\nJob ID: 1\n"
    return of(around, errors=[{"reason": reason, "message": message, "domain": "global"}])


RETRIED, NOT = True, False


@pytest.mark.parametrize(
    ("of", "reason", "message", "kind", "retried", "table", "why"),
    [
        pytest.param(BadRequest, "invalidQuery", CONFLICT,
                     Kind.SERIALIZATION, RETRIED, T, "nothing of this one was applied", id="a serialization conflict"),
        pytest.param(BadRequest, "invalidQuery", "Could not serialize access to table due to concurrent update",
                     Kind.SERIALIZATION, RETRIED, "", "nothing of this one was applied", id="a conflict that names no table"),
        pytest.param(BadRequest, "invalidQuery", f"Could not serialize access to table {T}$20260105 due to concurrent update",
                     Kind.SERIALIZATION, RETRIED, f"{T}$20260105", "nothing of this one was applied",
                     id="a conflict in a partition"),
        pytest.param(BadRequest, "invalidQuery", f"Query error: {CONFLICT} at [3:1]",
                     Kind.SERIALIZATION, NOT, T, "serialization_retry(scripts=True)",
                     id="a conflict of a statement in a script"),
        pytest.param(BadRequest, "invalidQuery",
                     f"Transaction is aborted due to concurrent update against table {T}. Transaction ID: 5f. Blocking job: j",
                     Kind.ABORTED_TRANSACTION, RETRIED, T, "all of it is submitted again", id="an aborted transaction"),
        pytest.param(BadRequest, "invalidQuery",
                     f"Query error: Transaction is aborted due to concurrent update against table {T}. at [4:1]",
                     Kind.ABORTED_TRANSACTION, NOT, T, "may have been committed",
                     id="an aborted transaction in a script"),
        pytest.param(BadRequest, "resourcesExceeded",
                     f"Resources exceeded during query execution: {QUEUE_FULL}",
                     Kind.QUEUE_FULL, RETRIED, T, "wait for the table already", id="the DML queue is full"),
        pytest.param(Forbidden, "quotaExceeded",
                     "Quota exceeded: Your table exceeded quota for total number of dml jobs writing to a table,"
                     " pending + running.",
                     Kind.QUEUE_FULL, RETRIED, "", "wait for the table already", id="the DML queue is full, in newer words"),
        pytest.param(BadRequest, "invalidQuery",
                     f"UPDATE or DELETE statement over table {T} would affect rows in the streaming buffer,"
                     " which is not supported",
                     Kind.STREAMING_BUFFER, NOT, T, "30 minutes", id="rows in the streaming buffer"),
        pytest.param(BadRequest, "invalidQuery", f"MERGE statement over table {T} would affect rows in the streaming buffer",
                     Kind.STREAMING_BUFFER, NOT, T, "30 minutes", id="rows in the streaming buffer of a MERGE"),
        pytest.param(BadRequest, "invalidQuery",
                     "Could not serialize access to table acme:raw.игры дня due to concurrent update",
                     Kind.SERIALIZATION, RETRIED, "acme:raw.игры дня", "nothing of this one was applied",
                     id="a conflict on a table of another alphabet, with a space"),
        pytest.param(BadRequest, "invalidQuery",
                     "Too many DML statements outstanding against table acme:raw.試合, limit is 20.",
                     Kind.QUEUE_FULL, RETRIED, "acme:raw.試合", "wait for the table already",
                     id="a full queue of a table of another alphabet"),
        pytest.param(BadRequest, "invalidQuery",
                     f"Query error: Transaction is aborted due to concurrent update against table {T}."
                     " Transaction ID: 61e30eea-0000-2dab-8e60-94eb2c1b1a92 at [24:9]",
                     Kind.ABORTED_TRANSACTION, NOT, T, "may have been committed",
                     id="an aborted transaction in a script, in people's words"),
        pytest.param(BadRequest, "invalidQuery", "DML statement has been queued for too long",
                     Kind.QUEUED_TOO_LONG, NOT, "", "for hours", id="queued for seven hours"),
        pytest.param(Forbidden, "rateLimitExceeded", "Exceeded rate limits: too many table update operations for this table.",
                     Kind.TABLE_UPDATE_RATE, NOT, "", "google-cloud-bigquery submits such queries again",
                     id="too many table updates"),
        pytest.param(Forbidden, "quotaExceeded",
                     "Quota exceeded: Your table exceeded quota for imports or query appends per table.",
                     Kind.QUOTA, NOT, "", "seconds do not bring it back", id="1,500 loads a day are used up"),
        pytest.param(BadRequest, "invalidQuery", "Unrecognized name: game_idd; Did you mean game_id? at [1:40]",
                     Kind.OTHER, NOT, "", "mend the statement", id="a column that is not there"),
        pytest.param(BadRequest, "invalid",
                     "Provided Schema does not match Table acme:raw.games. Field points has changed type",
                     Kind.OTHER, NOT, "", "mend the statement",
                     id="a schema that does not fit, which the report's snippet retries"),
        pytest.param(BadRequest, "invalid", "Error while reading data, error message: JSON table encountered too many errors",
                     Kind.OTHER, NOT, "", "mend the statement", id="rows that do not fit"),
        pytest.param(BadRequest, "invalidQuery",
                     "Invalid snapshot time 1767600000000 for table acme:raw.games@1767600000000",
                     Kind.OTHER, NOT, "", "mend the statement", id="a table that was recreated under a read"),
        pytest.param(NotFound, "notFound", f"Not found: Table {T} was not found in location US",
                     Kind.OTHER, NOT, "", "mend the statement", id="no table"),
        pytest.param(Forbidden, "accessDenied", f"Access Denied: Table {T}: User does not have permission to update table {T}",
                     Kind.OTHER, NOT, "", "the permission", id="no permission"),
        pytest.param(ServiceUnavailable, "backendError", "Error encountered during execution. Retrying may solve the problem.",
                     Kind.OTHER, NOT, "", "", id="a backend error, which the client retries itself"),
        pytest.param(TooManyRequests, "jobRateLimitExceeded", "Job exceeded rate limits",
                     Kind.OTHER, NOT, "", "", id="a rate of jobs, which the client retries itself"),
        pytest.param(BadRequest, "invalidQuery",
                     f'Syntax error: Unexpected string literal "{CONFLICT}" at [1:8]',
                     Kind.OTHER, NOT, "", "mend the statement", id="a statement that quotes a conflict"),
        pytest.param(BadRequest, "invalidQuery", f"Could not serialize access to table {T} of your dreams",
                     Kind.OTHER, NOT, "", "mend the statement", id="the beginning alone"),
    ],
)  # fmt: skip
def test_what_a_message_means(
    of: type[GoogleAPICallError], reason: str, message: str, kind: Kind, retried: bool, table: str, why: str
) -> None:
    meaning = explain(error(of, reason, message))
    assert (meaning.kind, meaning.retry, meaning.table) == (kind, retried, table)
    assert why in meaning.why
    assert meaning.message == message


@pytest.mark.parametrize(
    ("of", "reason", "message", "retried"),
    [
        pytest.param(InternalServerError, "backendError", "Error encountered during execution.", RETRIED, id="backendError"),
        pytest.param(InternalServerError, "jobInternalError", "The job encountered an internal error.", RETRIED, id="internal"),
        pytest.param(TooManyRequests, "jobRateLimitExceeded", "Job exceeded rate limits", RETRIED, id="a rate of jobs"),
        pytest.param(Forbidden, "rateLimitExceeded", "Exceeded rate limits: too many table update operations for this table.",
                     RETRIED, id="too many table updates"),
        pytest.param(Forbidden, "quotaExceeded", "Quota exceeded: Your table exceeded quota for imports", NOT, id="a quota"),
        pytest.param(BadRequest, "invalid", "Error while reading data", NOT, id="rows that do not fit"),
        pytest.param(NotFound, "notFound", "Not found: Table", NOT, id="no table"),
    ],
)  # fmt: skip
def test_of_a_load_what_is_transient_is_retried_too(
    of: type[GoogleAPICallError], reason: str, message: str, retried: bool
) -> None:
    assert explain(error(of, reason, message), load=True).retry is retried
    assert not explain(error(of, reason, message)).retry


def test_a_load_that_was_refused_without_a_reason_is_judged_by_the_code() -> None:
    assert explain(ServiceUnavailable("no healthy upstream"), load=True).retry
    assert not explain(NotFound("no such page"), load=True).retry


def test_without_a_structured_error_the_message_decides_with_or_without_the_address() -> None:
    assert explain(BadRequest(CONFLICT)).retry
    assert explain(BadRequest(f"POST https://bigquery.googleapis.com/bigquery/v2/projects/acme/jobs: {CONFLICT}")).retry
    assert not explain(BadRequest(f"about this: {CONFLICT}")).retry
    assert explain(BadRequest(CONFLICT, errors=["not a mapping", {"reason": "invalidQuery"}])).retry


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(ValueError(CONFLICT), id="another's words"),
        pytest.param(TimeoutError(), id="a timeout"),
        pytest.param(RetryError("Timeout of 600.0s exceeded", BadRequest("x")), id="Google's retries gave up"),
        pytest.param(RowsRefused("row 1"), id="refused rows"),
    ],
)
def test_what_is_no_answer_of_bigquery_is_not_retried(other: BaseException) -> None:
    assert not explain(other).retry


def test_rows_written_twice_are_replaced_again() -> None:
    meaning = explain(WrittenTwice(table=T, given=34, found=68))
    assert (meaning.kind, meaning.retry, meaning.table) == (Kind.WRITTEN_TWICE, True, T)
    assert meaning.message == f"68 rows of the given keys are in {T}, 34 were given"


def test_a_message_of_any_size_and_content_is_one_short_line() -> None:
    meaning = explain(error(BadRequest, "invalid", "bad\x1b[31m\r\n\x00 field\u2028" + "x" * 1_000_000))
    assert meaning.message.startswith("bad [31m field x")
    assert len(meaning.message) == MESSAGE_LENGTH
    assert meaning.message.isprintable()
