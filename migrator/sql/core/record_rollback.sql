-- The history of one file rolled back, for a script that psql runs; it stops where the mark is not there.
INSERT INTO yoyo._yoyo_log (
    id, migration_hash, migration_id, operation, username, hostname, created_at_utc
)
VALUES (
    gen_random_uuid()::text, %(hash)s, %(id)s, 'rollback', current_user, 'psql',
    now() AT TIME ZONE 'UTC'
);
DO $$
BEGIN
    DELETE FROM yoyo._yoyo_migration WHERE migration_hash = %(hash)s;
    IF NOT found THEN
        RAISE EXCEPTION 'the history has changed since this script was written';
    END IF;
END
$$;
DELETE FROM yoyo.seed_checksum;
DELETE FROM yoyo.intent
WHERE migration_hash = %(hash)s;
