"""The question to BigQuery's history of jobs, in its standard SQL: who touched which table how, counted by BigQuery.

What is counted is small whatever the number of jobs: a line for each principal, kind of statement, label and table. Left out:

- jobs that failed, those that run still, and background jobs (job_type is NULL);
- the parents of scripts, whose children are jobs of their own and take a parent's label where they have none;
- anonymous results, temporary tables and sessions: their datasets are hidden ones, which begin with an underscore;
- a table that a statement both changes and reads: that is the change's.

Shards by date (`events_20260101`) are one family, `events_`, with the number of its members. So are tables with another name
each time, as those have through which a MERGE goes (`stage_5f3a9c01`): `stage_*`. A partition's decorator is cut.
https://docs.cloud.google.com/bigquery/docs/information-schema-jobs
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from interlock.labels import LABEL
from interlock.names import LOCATION, PROJECT

TRANSFER_LABEL = "data_source_id"
"""BigQuery's Data Transfer Service labels the jobs of its scheduled queries with it: no service runs them."""
SHARD = "_(19|20)[0-9][0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$"
RANDOM = "_[0-9a-f]{8}[0-9a-f_-]*$"
"""How a name ends that is made anew each time: hexadecimal digits, a UUID, or an instant."""
MOST_ROWS = 20_000


class NoQuery(ValueError):
    """A name that is none of Google's, and gets into no statement; for people."""


def touches(project: str, location: str, since: datetime) -> str:
    """Every touch of a table by the jobs of a project in a location since an instant, the most frequent first."""
    if not re.fullmatch(PROJECT, project):
        raise NoQuery(f"{project[:100]!a} is no project")
    region = location.lower()
    if not re.fullmatch(LOCATION, region):
        raise NoQuery(f"{location[:100]!a} is no location of BigQuery")
    return _TOUCHES.format(  # each name is checked above, the rest are ours
        view=f"`{project}`.`region-{region}`.INFORMATION_SCHEMA.JOBS",
        since=f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00",
        label=LABEL,
        transfer=TRANSFER_LABEL,
        shard=SHARD,
        random=RANDOM,
    )


_TOUCHES = """\
WITH listed AS (
  SELECT
    job_id, parent_job_id, user_email, job_type, statement_type, creation_time, destination_table, referenced_tables,
    (SELECT MAX(label.value) FROM UNNEST(labels) AS label WHERE label.key = "{label}") AS scheduler_job,
    (SELECT COUNT(*) FROM UNNEST(labels) AS label WHERE label.key = "{transfer}") AS transfers
  FROM {view}
  WHERE creation_time >= TIMESTAMP "{since}"
    AND state = "DONE" AND error_result IS NULL AND job_type IS NOT NULL
),
done AS (
  SELECT
    child.job_id, child.user_email, child.job_type, COALESCE(child.statement_type, "") AS statement_type, child.creation_time,
    child.destination_table, child.referenced_tables,
    COALESCE(child.scheduler_job, parent.scheduler_job, "") AS scheduler_job,
    child.transfers + COALESCE(parent.transfers, 0) > 0 AS is_transfer
  FROM listed AS child LEFT JOIN listed AS parent ON parent.job_id = child.parent_job_id
  WHERE COALESCE(child.statement_type, "") != "SCRIPT"
),
touched AS (
  SELECT
    TRUE AS is_written, user_email, job_type, statement_type, scheduler_job, is_transfer, job_id, creation_time,
    destination_table.project_id, destination_table.dataset_id,
    REGEXP_EXTRACT(destination_table.table_id, "^[^$]*") AS table_id
  FROM done
  WHERE destination_table.table_id IS NOT NULL
  UNION ALL
  SELECT
    FALSE, user_email, job_type, statement_type, scheduler_job, is_transfer, job_id, creation_time,
    source.project_id, source.dataset_id, REGEXP_EXTRACT(source.table_id, "^[^$]*")
  FROM done CROSS JOIN UNNEST(referenced_tables) AS source
  WHERE destination_table.table_id IS NULL
    OR source.project_id != destination_table.project_id
    OR source.dataset_id != destination_table.dataset_id
    OR REGEXP_EXTRACT(source.table_id, "^[^$]*") != REGEXP_EXTRACT(destination_table.table_id, "^[^$]*")
)
SELECT
  is_written, user_email, job_type, statement_type, scheduler_job, is_transfer, project_id, dataset_id,
  REGEXP_REPLACE(REGEXP_REPLACE(table_id, "{shard}", "_"), "{random}", "_*") AS family,
  COUNT(DISTINCT table_id) AS members,
  MAX(table_id) AS member,
  COUNT(DISTINCT job_id) AS jobs,
  COUNT(DISTINCT CAST(creation_time AS DATE)) AS days,
  MAX(creation_time) AS last_seen,
  MAX_BY(job_id, creation_time) AS last_job
FROM touched
WHERE NOT STARTS_WITH(dataset_id, "_")
GROUP BY is_written, user_email, job_type, statement_type, scheduler_job, is_transfer, project_id, dataset_id, family
ORDER BY jobs DESC, user_email, dataset_id, family, is_written, job_type, statement_type, scheduler_job, project_id
"""
