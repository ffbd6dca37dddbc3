-- The locks on relations that a session has, or waits for and will have.
SELECT
    l.relation,
    l.mode,
    l.granted
FROM pg_locks AS l
WHERE
    l.pid = %(pid)s
    AND (l.relation IS NOT NULL OR NOT l.granted);
