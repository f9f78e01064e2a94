"""Jobs of BigQuery, submitted and waited for, as one call that `serialization_retry` can repeat.

Needs the extra: `pip install "interlock-guard[bigquery]"`.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import Conflict

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


def load(
    client: bigquery.Client,
    rows: Iterable[Row],
    table: str,
    *,
    schema: Sequence[bigquery.SchemaField] | None = None,
    location: str | None = None,
) -> None:
    """Append rows to a table that is there, in one load job: all or none. `schema` is the table's own if it is not given.

    A submission whose answer was lost is found by its id, so that the rows are loaded once.
    """
    config = bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
    )
    if schema is not None:
        config.schema = schema
    data = newline_delimited(rows)
    job_id = f"interlock-{uuid.uuid4()}"
    try:
        client.load_table_from_file(
            io.BytesIO(data), table, size=len(data), job_id=job_id, job_config=config, location=location
        ).result()
    except Conflict:
        client.get_job(job_id, location=location).result()


def query(client: bigquery.Client, text: str, parameters: Sequence[Any] = (), *, location: str | None = None) -> Any:
    """Submit a statement and wait for its result: the rows, if it has any."""
    config = bigquery.QueryJobConfig(query_parameters=list(parameters))
    return client.query(text, job_config=config, location=location).result()
