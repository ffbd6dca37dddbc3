-- All that the runner knows of a database's past: one row a fact, in the order of application.
SELECT
    'migration' AS kind,
    m.migration_id AS id,
    c.checksum,
    c.algorithm AS detail,
    m.applied_at_utc AT TIME ZONE 'UTC' AS at_time
FROM yoyo._yoyo_migration AS m
LEFT JOIN yoyo.migration_checksum AS c ON m.migration_hash = c.migration_hash
UNION ALL
SELECT
    'seed' AS kind,
    s.seed_id AS id,
    s.checksum,
    s.algorithm AS detail,
    s.applied_at AS at_time
FROM yoyo.seed_checksum AS s
UNION ALL
SELECT
    'intent' AS kind,
    i.migration_id AS id,
    i.checksum,
    i.direction AS detail,
    i.started_at AS at_time
FROM yoyo.intent AS i
ORDER BY at_time, id;
