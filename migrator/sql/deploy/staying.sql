-- Sessions of a database that this role may not end.
SELECT
    a.pid,
    format('pid %%s, user %%s, from %%s', a.pid, a.usename, a.application_name) AS words
FROM pg_stat_activity AS a
INNER JOIN pg_roles AS me ON me.rolname = current_user
LEFT JOIN pg_roles AS r ON a.usesysid = r.oid
WHERE
    a.datname = %(database)s
    AND coalesce(a.backend_type, '') NOT IN ('autovacuum worker', 'parallel worker')
    AND NOT me.rolsuper
    AND NOT coalesce(
        NOT r.rolsuper
        AND (pg_has_role(r.oid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')),
        FALSE
    );
