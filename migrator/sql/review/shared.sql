-- The catalogues of the whole server that this transaction has written: roles, databases and the
-- like. What depends on what is noted for ordinary objects, too.
SELECT DISTINCT c.relname::text AS name
FROM pg_locks AS l
INNER JOIN pg_class AS c ON l.relation = c.oid
WHERE
    l.pid = pg_backend_pid()
    AND l.database = 0
    AND l.mode = 'RowExclusiveLock'
    AND c.relisshared
    AND c.relkind = 'r'
    AND c.relname <> 'pg_shdepend'
ORDER BY name;
