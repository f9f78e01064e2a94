# BigQuery is not asked: the local stand-in has no BigQuery
# Held at any time since 2026-03-09 14:30 UTC: 5 jobs, which write 3 tables
# 2 jobs: backfill/marts, window/tuesdays since 02:00 EDT (06:00 UTC), free since
#   09:00 EDT (13:00 UTC)
#   gamebook-scraper  line-scraper
# 1 job: backfill/marts since 02:00 EDT (06:00 UTC), free since 09:00 EDT (13:00 UTC)
#   gone [31m
# 1 job: backfill/marts, window/tuesdays since 02:00 EDT (06:00 UTC), paused by declaration
#   morning-catch-up
# 1 job: window/tuesdays since 04:00 EDT (08:00 UTC), free since 06:00 EDT (10:00 UTC)
#   repair
# the catalog has no job gone [31m: what it writes is not known
# not known: a pause by hand is no hold, and a job that its hold did not name when it was written is
#   judged by today's catalog

# Which columns there are, to be named by --day-column and --inserted-column:
bq query --project_id=interlock-local --use_legacy_sql=false 'SELECT
  table_name,
  column_name,
  data_type,
  is_partitioning_column
FROM `interlock-local.mart`.INFORMATION_SCHEMA.COLUMNS
WHERE table_name IN ("summary")
  AND (is_partitioning_column = "YES" OR data_type IN ("DATETIME", "TIMESTAMP"))
ORDER BY table_name, ordinal_position'

# Which columns there are, to be named by --day-column and --inserted-column:
bq query --project_id=interlock-local --use_legacy_sql=false 'SELECT
  table_name,
  column_name,
  data_type,
  is_partitioning_column
FROM `interlock-local.raw`.INFORMATION_SCHEMA.COLUMNS
WHERE table_name IN ("lines")
  AND (is_partitioning_column = "YES" OR data_type IN ("DATETIME", "TIMESTAMP"))
ORDER BY table_name, ordinal_position'

# mart.summary: partitions that were written since; name its columns for rows by day. Its writers
#   are free since 2026-03-10 10:00 UTC: gamebook-scraper, line-scraper, morning-catch-up, repair
bq query --project_id=interlock-local --use_legacy_sql=false 'SELECT
  partition_id,
  total_rows AS row_count,
  last_modified_time AS last_write
FROM `interlock-local.mart`.INFORMATION_SCHEMA.PARTITIONS
WHERE table_name = "summary" AND last_modified_time >= TIMESTAMP "2026-03-09 14:30:00+00"
ORDER BY partition_id DESC'

# raw.games: rows by day. Its writers are free since 2026-03-10 13:00 UTC: gamebook-scraper,
#   line-scraper, morning-catch-up
bq query --project_id=interlock-local --use_legacy_sql=false 'SELECT
  CAST(`game_date` AS DATE) AS day,
  COUNT(*) AS row_count,
  MAX(`created_at`) AS last_insert
FROM `interlock-local.raw.games`
WHERE `game_date` >= "2026-03-08"
GROUP BY day
ORDER BY day DESC'

# raw.lines: partitions that were written since; name its columns for rows by day. Its writers are
#   free since 2026-03-10 13:00 UTC: line-scraper
bq query --project_id=interlock-local --use_legacy_sql=false 'SELECT
  partition_id,
  total_rows AS row_count,
  last_modified_time AS last_write
FROM `interlock-local.raw`.INFORMATION_SCHEMA.PARTITIONS
WHERE table_name = "lines" AND last_modified_time >= TIMESTAMP "2026-03-09 14:30:00+00"
ORDER BY partition_id DESC'
