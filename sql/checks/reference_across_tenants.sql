-- The tenant is the user. A reference between two tables of the users' own rows includes user_id on
-- both sides, or one user's row could refer to another's.
SELECT
    c.conrelid::regclass::text AS referencing_table,
    c.conname AS reference
FROM pg_constraint AS c
INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND a.attname = 'user_id'
INNER JOIN pg_attribute AS b ON c.confrelid = b.attrelid AND b.attname = 'user_id'
WHERE
    c.contype = 'f'
    AND c.connamespace = 'public'::regnamespace
    AND NOT EXISTS (
        SELECT 1
        FROM unnest(c.conkey, c.confkey) AS k (own, referenced)
        WHERE
            k.own = a.attnum
            AND k.referenced = b.attnum
    );
