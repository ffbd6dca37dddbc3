-- What a session waits for: a lock, with the relation or the kind of thing that it is on; else the name
-- of the event; no row where it works.
SELECT
    a.wait_event,
    l.mode,
    CASE
        WHEN l.relation IS NOT NULL THEN l.relation::regclass::text
        WHEN l.locktype IN ('transactionid', 'virtualxid') THEN 'a transaction'
        ELSE l.locktype
    END AS locked
FROM pg_stat_activity AS a
LEFT JOIN pg_locks AS l
    ON
        a.pid = l.pid
        AND NOT l.granted
WHERE
    a.pid = %(pid)s
    AND a.state = 'active'
    AND a.wait_event IS NOT NULL;
