-- That a migration was applied: yoyo's log and mark, and the checksum of its file. How long it ran, if
-- that is not known, is how long its transaction has lasted.
INSERT INTO yoyo._yoyo_log (
    id, migration_hash, migration_id, operation, username, hostname, created_at_utc
)
VALUES (
    gen_random_uuid()::text, %(hash)s, %(id)s, %(operation)s, coalesce(%(username)s, current_user),
    %(hostname)s, now() AT TIME ZONE 'UTC'
);
INSERT INTO yoyo._yoyo_migration (migration_hash, migration_id, applied_at_utc)
VALUES (%(hash)s, %(id)s, clock_timestamp() AT TIME ZONE 'UTC');
INSERT INTO yoyo.migration_checksum (migration_hash, algorithm, checksum, duration_ms)
VALUES (
    %(hash)s, %(algorithm)s, %(checksum)s,
    coalesce(%(duration_ms)s, 1000 * extract(EPOCH FROM clock_timestamp() - now()))
);
