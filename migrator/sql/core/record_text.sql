-- What the files of a migration say, for `status --diff` and `realign`.
INSERT INTO yoyo.migration_text (migration_hash, applied_text, rollback_text)
VALUES (%(hash)s, %(applied_text)s, %(rollback_text)s)
ON CONFLICT (migration_hash) DO UPDATE
    SET
        applied_text = excluded.applied_text,
        rollback_text = excluded.rollback_text;
