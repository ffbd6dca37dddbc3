-- Who is building on a table, or vacuuming it: nobody else can meanwhile.
SELECT DISTINCT l.pid
FROM pg_locks AS l
INNER JOIN pg_database AS d ON l.database = d.oid
WHERE
    l.locktype = 'relation'
    AND l.mode = 'ShareUpdateExclusiveLock'
    AND l.granted
    AND l.relation = to_regclass(%(table)s)
    AND d.datname = current_database()
    AND l.pid <> pg_backend_pid();
