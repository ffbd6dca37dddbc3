-- Every reference says what a delete of the referenced row does: RESTRICT, CASCADE or SET NULL.
-- What says nothing gets NO ACTION, which looks like a decision and is none.
SELECT
    c.conrelid::regclass::text AS referencing_table,
    c.conname AS reference
FROM pg_constraint AS c
WHERE
    c.contype = 'f'
    AND c.connamespace = 'public'::regnamespace
    AND c.confdeltype = 'a';
