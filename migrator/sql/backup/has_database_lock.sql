-- Whether a session holds a database closed: nobody can connect until it commits or ends.
SELECT count(*) > 0 AS is_closed
FROM pg_locks AS l
INNER JOIN pg_database AS d ON l.objid = d.oid
WHERE
    l.locktype = 'object'
    AND l.classid = 'pg_database'::regclass
    AND d.datname = %(database)s
    AND l.mode = 'AccessExclusiveLock'
    AND l.granted
    AND l.pid = %(pid)s;
