-- That a squashed pair stands in the place of migrations that were applied: one mark, with the time
-- of the last of theirs. It fails where these are not there.
INSERT INTO yoyo._yoyo_log (
    id, migration_hash, migration_id, operation, username, hostname, created_at_utc
)
VALUES (
    gen_random_uuid()::text, %(hash)s, %(id)s, 'mark', coalesce(%(username)s, current_user),
    %(hostname)s, now() AT TIME ZONE 'UTC'
);
INSERT INTO yoyo._yoyo_migration (migration_hash, migration_id, applied_at_utc)
SELECT
    %(hash)s AS migration_hash,
    %(id)s AS migration_id,
    max(m.applied_at_utc) AS applied_at_utc
FROM yoyo._yoyo_migration AS m
WHERE m.migration_id = any(%(replaced)s); -- noqa: references.qualification
DO $$
DECLARE
    removed bigint;
BEGIN
    DELETE FROM yoyo._yoyo_migration WHERE migration_id = any(%(replaced)s);
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed <> %(count)s THEN
        RAISE EXCEPTION 'the history has changed since this was planned';
    END IF;
END
$$;
