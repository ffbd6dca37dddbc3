-- Every reference is backed by an index that starts with its columns: without one, a delete of the
-- referenced row scans the whole referencing table while it holds its locks. A partial index serves
-- as well if all that it leaves out is NULL in one of those columns.
SELECT
    c.conrelid::regclass::text AS referencing_table,
    c.conname AS reference
FROM pg_constraint AS c
INNER JOIN pg_class AS r ON c.conrelid = r.oid -- where Citus leaves its shards out
WHERE
    c.contype = 'f'
    AND c.connamespace = 'public'::regnamespace
    AND NOT EXISTS (
        SELECT 1
        FROM pg_index AS i
        INNER JOIN pg_class AS x ON i.indexrelid = x.oid
        INNER JOIN pg_am AS m ON x.relam = m.oid
        WHERE
            i.indrelid = c.conrelid
            AND i.indisvalid
            AND m.amname = 'btree'
            AND i.indnkeyatts >= cardinality(c.conkey)
            AND (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] @> c.conkey
            AND (
                i.indpred IS NULL
                OR pg_get_expr(i.indpred, i.indrelid) IN (
                    SELECT format('(%I IS NOT NULL)', a.attname)
                    FROM pg_attribute AS a
                    WHERE
                        a.attrelid = c.conrelid
                        AND c.conkey @> ARRAY[a.attnum]
                )
            )
    );
