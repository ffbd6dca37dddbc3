-- The kept texts of applied migrations.
SELECT
    m.migration_id,
    t.applied_text,
    t.rollback_text
FROM yoyo._yoyo_migration AS m
INNER JOIN yoyo.migration_text AS t ON m.migration_hash = t.migration_hash
WHERE m.migration_id = any(%(ids)s); -- noqa: references.qualification
