-- How many rows were ever inserted, updated and deleted in each table, whoever did it. The counters
-- are lost in a crash, and then have another birth.
SELECT
    s.relid,
    CASE s.schemaname
        WHEN 'public' THEN quote_ident(s.relname)
        ELSE format('%I.%I', s.schemaname, s.relname)
    END AS name,
    s.n_tup_ins AS inserted,
    s.n_tup_upd AS updated,
    s.n_tup_del AS deleted
FROM pg_stat_user_tables AS s
WHERE
    s.schemaname <> 'yoyo'
    AND s.schemaname NOT LIKE 'pg\_%'
ORDER BY s.relid;
