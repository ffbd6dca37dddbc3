-- No index is left half built: a failed CREATE INDEX CONCURRENTLY leaves one that every write pays
-- for and no query uses, and CREATE INDEX IF NOT EXISTS takes it for done.
SELECT
    i.indexrelid::regclass::text AS index_name,
    i.indrelid::regclass::text AS table_name
FROM pg_index AS i
INNER JOIN pg_class AS r ON i.indexrelid = r.oid
WHERE
    r.relnamespace = 'public'::regnamespace
    AND NOT (i.indisvalid AND i.indisready AND i.indislive);
