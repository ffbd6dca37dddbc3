-- Every relation of the application's, where it is stored, and what this transaction read and wrote.
-- Asked of the session that is measured: only it sees what it has not committed. Catalogues alone
-- are read, so no lock is taken that would be taken for the migration's.
SELECT
    c.oid,
    CASE n.nspname
        WHEN 'public' THEN quote_ident(c.relname)
        ELSE format('%I.%I', n.nspname, c.relname)
    END AS name,
    c.relkind::text AS kind,
    coalesce(i.indrelid, c.oid) AS table_oid,
    coalesce(pg_partition_root(coalesce(i.indrelid, c.oid))::oid, i.indrelid, c.oid) AS root_oid,
    c.relfilenode AS filenode,
    -- What an index returned are entries; the rows that they led to are counted.
    CASE
        WHEN i.indexrelid IS NULL
            THEN pg_stat_get_xact_tuples_fetched(c.oid) + pg_stat_get_xact_tuples_returned(c.oid)
        ELSE pg_stat_get_xact_tuples_fetched(c.oid)
    END AS rows_read,
    pg_stat_get_xact_numscans(c.oid) AS scans,
    pg_stat_get_xact_tuples_inserted(c.oid) AS rows_inserted,
    pg_stat_get_xact_tuples_updated(c.oid) AS rows_updated,
    pg_stat_get_xact_tuples_deleted(c.oid) AS rows_deleted
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_index AS i ON c.oid = i.indexrelid
WHERE
    c.relkind IN ('r', 'p', 'm', 'v', 'S', 'f', 'i', 'I')
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
ORDER BY c.oid;
