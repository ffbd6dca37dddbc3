-- All that the runner knows of a database's past: one row a fact, put together by the reader, because a join and
-- an order cost a new session more than the tables do.
SELECT
    'migration' AS kind,
    m.migration_hash AS hash,
    m.migration_id AS id,
    NULL AS checksum,
    NULL AS detail,
    m.applied_at_utc AT TIME ZONE 'UTC' AS at_time
FROM yoyo._yoyo_migration AS m
UNION ALL
SELECT
    'checksum' AS kind,
    c.migration_hash AS hash,
    NULL AS id,
    c.checksum,
    c.algorithm AS detail,
    NULL AS at_time
FROM yoyo.migration_checksum AS c
UNION ALL
SELECT
    'seed' AS kind,
    NULL AS hash,
    s.seed_id AS id,
    s.checksum,
    s.algorithm AS detail,
    s.applied_at AS at_time
FROM yoyo.seed_checksum AS s
UNION ALL
SELECT
    'intent' AS kind,
    NULL AS hash,
    i.migration_id AS id,
    i.checksum,
    i.direction AS detail,
    i.started_at AS at_time
FROM yoyo.intent AS i;
