-- Pages of a table and its indexes that this transaction has touched, in triggers too.
SELECT sum(pg_stat_get_xact_blocks_fetched(c.oid)) AS pages
FROM pg_class AS c
WHERE
    c.oid = %(table)s::regclass
    OR c.oid IN (
        SELECT i.indexrelid
        FROM pg_index AS i
        WHERE i.indrelid = %(table)s::regclass
    );
