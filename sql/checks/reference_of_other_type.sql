-- A referencing column has the type of the column that it references (a domain counts as its base):
-- a narrower one overflows first, and any other costs a cast in every join.
SELECT
    c.conrelid::regclass::text AS referencing_table,
    c.conname AS reference,
    format_type(t.oid, NULL) AS column_type,
    format_type(u.oid, NULL) AS referenced_type
FROM pg_constraint AS c
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (own, referenced)
INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND k.own = a.attnum
INNER JOIN pg_attribute AS b ON c.confrelid = b.attrelid AND k.referenced = b.attnum
INNER JOIN pg_type AS t ON a.atttypid = t.oid
INNER JOIN pg_type AS u ON b.atttypid = u.oid
WHERE
    c.contype = 'f'
    AND c.connamespace = 'public'::regnamespace
    AND CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
    <> CASE u.typtype WHEN 'd' THEN u.typbasetype ELSE u.oid END;
