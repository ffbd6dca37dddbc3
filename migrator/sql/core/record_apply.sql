-- That a migration was applied: yoyo's log and mark.
INSERT INTO yoyo._yoyo_log (
    id, migration_hash, migration_id, operation, username, hostname, created_at_utc
)
VALUES (
    gen_random_uuid()::text, %(hash)s, %(id)s, %(operation)s, coalesce(%(username)s, current_user),
    %(hostname)s, now() AT TIME ZONE 'UTC'
);
INSERT INTO yoyo._yoyo_migration (migration_hash, migration_id, applied_at_utc)
VALUES (%(hash)s, %(id)s, clock_timestamp() AT TIME ZONE 'UTC');
