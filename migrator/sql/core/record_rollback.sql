-- That a migration was rolled back; it fails where the mark is not there. The rows that seeds wrote
-- may be gone: the next migrate applies them all.
INSERT INTO yoyo._yoyo_log (
    id, migration_hash, migration_id, operation, username, hostname, created_at_utc
)
VALUES (
    gen_random_uuid()::text, %(hash)s, %(id)s, 'rollback', coalesce(%(username)s, current_user),
    %(hostname)s, now() AT TIME ZONE 'UTC'
);
DO $$
BEGIN
    DELETE FROM yoyo._yoyo_migration WHERE migration_hash = %(hash)s;
    IF NOT found THEN
        RAISE EXCEPTION 'the history has changed since this was planned';
    END IF;
END
$$;
DELETE FROM yoyo.seed_checksum;
