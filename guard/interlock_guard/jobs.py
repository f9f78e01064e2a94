"""Jobs of BigQuery, submitted and waited for, as one call that `serialization_retry` can repeat.

Needs the extra: `pip install "interlock-guard[bigquery]"`.
"""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import Conflict

from interlock_guard.labels import job_labels
from interlock_guard.rows import Row, newline_delimited

try:
    from google.cloud import bigquery as bigquery
except ImportError as error:
    raise ImportError('google-cloud-bigquery is missing: pip install "interlock-guard[bigquery]"') from error


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written: so many rows, now in the table."""

    table: str
    rows: int


class Loading:
    """A load job that is called until it is done: it appends rows to a table that is there, all or none.

    Each call submits the job and waits for it. As long as nobody knows what became of a submission, the next call submits the
    same job, by its id, and BigQuery takes it once; after a job that failed it is another one. So no call loads rows twice.
    `schema` is the table's own if it is not given, `job` the job of Cloud Scheduler that it is labelled with.
    """

    def __init__(
        self,
        client: bigquery.Client,
        rows: Iterable[Row],
        table: str,
        *,
        schema: Sequence[bigquery.SchemaField] | None = None,
        location: str | None = None,
        job: str | None = None,
    ) -> None:
        self._client, self._table, self._location = client, table, location
        self._config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
        )
        _label(self._config, client.default_load_job_config, job)
        if schema is not None:
            self._config.schema = schema
        self._data = newline_delimited(rows, set(_documents(schema or ())))
        self._job_id = _new_id()

    def __call__(self) -> None:
        """Submits it and waits. Raises what BigQuery says."""
        submitted = self._submitted()
        try:
            submitted.result()
        except Exception:
            if submitted.error_result:
                self._job_id = _new_id()
            raise

    def _submitted(self) -> Any:
        try:
            return self._client.load_table_from_file(
                io.BytesIO(self._data),
                self._table,
                size=len(self._data),
                job_id=self._job_id,
                job_config=self._config,
                location=self._location,
            )
        except Conflict as error:  # it arrived earlier, but its answer did not
            return self._client.get_job(self._job_id, location=self._location or self._told_location(error))

    def _told_location(self, error: Conflict) -> str | None:
        """Where the job is. A job outside of US and EU is found only with it (jobs.get, `location`), and which it is BigQuery
        chose by the table: "Already Exists: Job project:us-west2.id"."""
        if found := re.search(rf"([A-Za-z0-9-]+)\.{re.escape(self._job_id)}", str(error)):
            return found[1]
        told: str | None = self._client.location or self._client.get_table(self._table).location
        return told


def load(
    client: bigquery.Client,
    rows: Iterable[Row],
    table: str,
    *,
    schema: Sequence[bigquery.SchemaField] | None = None,
    location: str | None = None,
) -> None:
    """Append rows in one load job, once (see `Loading`)."""
    Loading(client, rows, table, schema=schema, location=location)()


def _new_id() -> str:
    return f"interlock-{uuid.uuid4()}"


def query(
    client: bigquery.Client,
    text: str,
    parameters: Sequence[Any] = (),
    *,
    location: str | None = None,
    job: str | None = None,
) -> Any:
    """Submit a statement and wait for its result: the rows, if it has any. `job`: as of `Loading`."""
    config = bigquery.QueryJobConfig(query_parameters=list(parameters))
    _label(config, client.default_query_job_config, job)
    return client.query(text, job_config=config, location=location).result()


def _label(config: Any, default: Any, job: str | None) -> None:
    """Beside the labels that the client gives each job, which it would leave out of a job that has any."""
    if labels := job_labels(job):
        config.labels = {**(default.labels if default is not None else {}), **labels}


def _documents(fields: Iterable[Any], within: str = "") -> Iterator[str]:
    """The columns of type JSON, by path."""
    for field in fields:
        if field.field_type == "JSON":
            yield within + field.name
        yield from _documents(field.fields, f"{within}{field.name}.")
