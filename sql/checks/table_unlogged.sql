-- No table is UNLOGGED: a crash would empty it, and no standby or backup from one has its rows.
SELECT r.oid::regclass::text AS table_name
FROM pg_class AS r
WHERE
    r.relnamespace = 'public'::regnamespace
    AND r.relkind IN ('r', 'p')
    AND r.relpersistence = 'u';
