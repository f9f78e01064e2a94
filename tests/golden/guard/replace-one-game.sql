-- merge
MERGE INTO `acme.nba_raw.nbac_gamebook_player_stats` AS T
USING `acme.nba_raw.interlock_staging_nbac_gamebook_player_stats_0123456789abcdef` AS S
ON FALSE
WHEN NOT MATCHED BY SOURCE AND T.`game_date` IN (@partition_0) AND T.`game_id` IN UNNEST(@keys) THEN
  DELETE
WHEN NOT MATCHED THEN
  INSERT (`game_id`, `game_date`, `player`, `points`)
  VALUES (S.`game_id`, S.`game_date`, S.`player`, S.`points`);

-- delete_append
BEGIN TRANSACTION;
DELETE FROM `acme.nba_raw.nbac_gamebook_player_stats` AS T
WHERE T.`game_date` IN (@partition_0) AND T.`game_id` IN UNNEST(@keys);
INSERT INTO `acme.nba_raw.nbac_gamebook_player_stats` (`game_id`, `game_date`, `player`, `points`)
SELECT S.`game_id`, S.`game_date`, S.`player`, S.`points`
FROM `acme.nba_raw.interlock_staging_nbac_gamebook_player_stats_0123456789abcdef` AS S;
COMMIT TRANSACTION;

-- the count after either
SELECT COUNT(*) AS found
FROM `acme.nba_raw.nbac_gamebook_player_stats` AS T
WHERE T.`game_date` IN (@partition_0) AND T.`game_id` IN UNNEST(@keys);
