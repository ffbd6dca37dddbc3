-- The same shape as history.sql, where only stock yoyo has kept the history so far.
SELECT
    'migration' AS kind,
    m.migration_hash AS hash,
    m.migration_id AS id,
    NULL AS checksum,
    NULL AS detail,
    m.applied_at_utc AT TIME ZONE 'UTC' AS at_time
FROM yoyo._yoyo_migration AS m;
