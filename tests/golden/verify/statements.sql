-- by its partition column
SELECT
  CAST(`game_date` AS DATE) AS day,
  COUNT(*) AS row_count,
  MAX(`created_at`) AS last_insert
FROM `shop-data.shop_raw.order_lines`
WHERE `game_date` >= "2026-01-05"
GROUP BY day
ORDER BY day DESC;

-- without a time of insertion
SELECT
  CAST(`game_date` AS DATE) AS day,
  COUNT(*) AS row_count
FROM `shop-data.shop_raw.order_lines`
WHERE `game_date` >= "2026-01-05"
GROUP BY day
ORDER BY day DESC;

-- partitioned by ingestion time
SELECT
  CAST(`_PARTITIONTIME` AS DATE) AS day,
  COUNT(*) AS row_count,
  MAX(`loaded_at`) AS last_insert
FROM `shop-data.d.t`
WHERE `_PARTITIONTIME` >= "2026-01-05" OR `_PARTITIONTIME` IS NULL
GROUP BY day
ORDER BY day DESC;

-- whatever its columns are
SELECT
  partition_id,
  total_rows AS row_count,
  last_modified_time AS last_write
FROM `shop-data.shop_raw`.INFORMATION_SCHEMA.PARTITIONS
WHERE table_name = "order_lines" AND last_modified_time >= TIMESTAMP "2026-01-06 10:25:43+00"
ORDER BY partition_id DESC;

-- columns, 1
SELECT
  table_name,
  column_name,
  data_type,
  is_partitioning_column
FROM `shop-data.mart`.INFORMATION_SCHEMA.COLUMNS
WHERE table_name IN ("c")
  AND (is_partitioning_column = "YES" OR data_type IN ("DATETIME", "TIMESTAMP"))
ORDER BY table_name, ordinal_position;

-- columns, 2
SELECT
  table_name,
  column_name,
  data_type,
  is_partitioning_column
FROM `shop-data.shop_raw`.INFORMATION_SCHEMA.COLUMNS
WHERE table_name IN ("b", "order_lines")
  AND (is_partitioning_column = "YES" OR data_type IN ("DATETIME", "TIMESTAMP"))
ORDER BY table_name, ordinal_position;

