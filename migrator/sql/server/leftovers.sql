-- Scratch databases of one kind whose run is over: nobody holds the lock that their name tells, in
-- whatever database of the server.
SELECT
    d.datname AS name,
    (regexp_match(d.datname, '^' || %(kind)s || '_(\d+)_'))[1]::integer AS key
FROM pg_database AS d
WHERE
    d.datname ~ ('^' || %(kind)s || '_\d+_')
    AND NOT d.datistemplate
    AND NOT EXISTS (
        SELECT FROM pg_locks AS l
        WHERE
            l.locktype = 'advisory'
            AND l.classid::bigint = %(lock_class)s
            AND l.objid::bigint = (regexp_match(d.datname, '^' || %(kind)s || '_(\d+)_'))[1]::bigint
    );
