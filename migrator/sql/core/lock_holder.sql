-- Who holds the runner's advisory lock in this database.
SELECT l.pid
FROM pg_locks AS l
INNER JOIN pg_database AS d ON l.database = d.oid
WHERE
    l.locktype = 'advisory'
    AND l.granted
    AND d.datname = current_database()
    AND (l.classid::bigint << 32) + l.objid::bigint = %(key)s;
