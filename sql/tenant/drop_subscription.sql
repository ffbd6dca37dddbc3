-- Target: no subscription of the move any more; included by finish.sql and cancel.sql.
SELECT
    format('ALTER SUBSCRIPTION %I DISABLE', s.subname),
    format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s.subname),
    format('DROP SUBSCRIPTION %I', s.subname)
FROM pg_subscription AS s
INNER JOIN pg_database AS d ON s.subdbid = d.oid
WHERE
    d.datname = current_database()
    AND s.subname = :'name'
\gexec
SELECT coalesce(string_agg(s.oid::text, ' '), '') AS subscriptions FROM pg_subscription AS s \gset
