-- Checks that the tenant can be moved, and changes nothing.
\set ON_ERROR_STOP on
\ir both.sql
SELECT :'phase' = 'none' AS begins \gset
\if :begins
SELECT
    tenants.facts() AS facts,
    coalesce(
        (
            SELECT jsonb_build_object('email', u.email, 'google_id', u.google_id)
            FROM public.users AS u
            WHERE u.id = :tenant
        ),
        'null'
    ) AS person
\gset
-- What the switch will compare can be computed.
SELECT tenants.account(:tenant) \g /dev/null
CREATE TEMPORARY TABLE problems (problem text);
INSERT INTO problems
SELECT 'the source has no user ' || :tenant
WHERE :'person'::jsonb = 'null'
UNION ALL
SELECT 'the source has wal_level = ' || setting || ', and must have logical (restart it)'
FROM pg_settings
WHERE
    name = 'wal_level'
    AND setting <> 'logical'
UNION ALL
SELECT format('the source has %s of %s %s in use, and a move takes 3', u.used, s.setting, s.name)
FROM pg_settings AS s
INNER JOIN (
    SELECT 'max_replication_slots' AS name, count(*) AS used FROM pg_replication_slots
    UNION ALL
    SELECT 'max_wal_senders', count(*) FROM pg_stat_replication
) AS u ON s.name = u.name
WHERE u.used + 3 > s.setting::integer
UNION ALL
SELECT 'an earlier move of the tenant, into the source, has not ended: finish it'
FROM pg_subscription AS s
INNER JOIN pg_database AS d ON s.subdbid = d.oid
WHERE
    d.datname = current_database()
    AND s.subname LIKE format('tenant\_%s\_%%', :tenant)
UNION ALL
SELECT format('%s is no superuser of the source, and a move needs one', current_user)
FROM pg_roles
WHERE
    rolname = current_user
    AND NOT rolsuper
UNION ALL
-- Otherwise every UPDATE and DELETE of that table would fail once it is published.
SELECT
    format(
        'the replica identity of table %s of the source does not contain %s',
        t.table_id, t.tenant_column
    )
FROM tenants.tables AS t
INNER JOIN pg_class AS r ON r.oid = t.table_id OR r.oid IN (
    SELECT p.relid FROM pg_partition_tree(t.table_id) AS p WHERE p.isleaf
)
WHERE
    r.relkind = 'r'
    AND r.relreplident <> 'f'
    AND NOT EXISTS (
        SELECT FROM pg_index AS i
        INNER JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND a.attnum = ANY (i.indkey)
        WHERE
            i.indrelid = r.oid
            AND CASE r.relreplident WHEN 'i' THEN i.indisreplident WHEN 'd' THEN i.indisprimary END
            AND a.attname = t.tenant_column
    );
SELECT coalesce(jsonb_agg(problem), '[]') AS problems FROM problems \gset

\connect :target
CREATE TEMPORARY VIEW here AS SELECT tenants.facts() AS facts;
CREATE TEMPORARY TABLE problems AS
SELECT p.problem FROM jsonb_array_elements_text(:'problems') AS p (problem);
INSERT INTO problems
SELECT format('table %s does not have the same columns in both databases', coalesce(s.key, t.key))
FROM jsonb_each((:'facts'::jsonb) -> 'columns') AS s
FULL JOIN (SELECT c.* FROM here AS h CROSS JOIN jsonb_each(h.facts -> 'columns') AS c) AS t
    ON s.key = t.key
WHERE s.value IS DISTINCT FROM t.value
UNION ALL
SELECT format('table %s: %s has the row %s alone', d.line ->> 0, d.place, d.line -> 1)
FROM (
    SELECT 'source' AS place, s.line
    FROM jsonb_array_elements((:'facts'::jsonb) -> 'rows') AS s (line)
    WHERE s.line NOT IN (SELECT jsonb_array_elements(h.facts -> 'rows') FROM here AS h)
    UNION ALL
    SELECT 'target', t.line
    FROM here AS h
    CROSS JOIN jsonb_array_elements(h.facts -> 'rows') AS t (line)
    WHERE t.line NOT IN (SELECT jsonb_array_elements((:'facts'::jsonb) -> 'rows'))
) AS d
UNION ALL
SELECT format('the target has a user %s, too: %s', u.id, u.email)
FROM public.users AS u
WHERE u.id = :tenant
UNION ALL
SELECT format('the e-mail address of the tenant is that of user %s of the target', u.id)
FROM public.users AS u
WHERE u.email = (:'person'::jsonb) ->> 'email'
UNION ALL
SELECT format('the Google account of the tenant is that of user %s of the target', u.id)
FROM public.users AS u
WHERE u.google_id = (:'person'::jsonb) ->> 'google_id'
UNION ALL
SELECT
    format(
        'the last user of the target has the id %s: a later one would get %s. Run sql/tenant/ids.sql on it',
        s.last_id, :tenant
    )
FROM (
    SELECT coalesce(pg_sequence_last_value(q.sequence_id), 0) AS last_id
    FROM (SELECT pg_get_serial_sequence('public.users', 'id')::regclass AS sequence_id) AS q
) AS s
WHERE
    :tenant > s.last_id
    AND :tenant / 1000000000000 = s.last_id / 1000000000000
UNION ALL
SELECT format('%s of the target fires for rows that a subscription writes', g.tgname)
FROM pg_trigger AS g
INNER JOIN tenants.tables AS t ON g.tgrelid = t.table_id
WHERE g.tgenabled IN ('A', 'R')
UNION ALL
SELECT
    format(
        'row security of table %s of the target binds its owner, too: ALTER ROLE %I BYPASSRLS',
        c.oid::regclass, r.rolname
    )
FROM pg_class AS c
INNER JOIN tenants.tables AS t ON c.oid = t.table_id
INNER JOIN pg_roles AS r ON c.relowner = r.oid
WHERE
    c.relforcerowsecurity
    AND NOT r.rolbypassrls
    AND NOT r.rolsuper
    AND current_setting('server_version_num')::integer >= 160000
UNION ALL
SELECT format('the target has %s of %s %s in use, and a move takes 2', u.used, s.setting, s.name)
FROM pg_settings AS s
CROSS JOIN (SELECT count(*) AS used FROM pg_stat_subscription WHERE pid IS NOT NULL) AS u
WHERE
    s.name = 'max_logical_replication_workers'
    AND u.used + 2 > s.setting::integer
UNION ALL
SELECT format('%s is no superuser of the target, and a move needs one', current_user)
FROM pg_roles
WHERE
    rolname = current_user
    AND NOT rolsuper;

SELECT count(*) > 0 AS refused FROM problems \gset
\if :refused
    SELECT problem AS "what is in the way" FROM problems ORDER BY problem LIMIT 50;
    DO $$ BEGIN RAISE 'Nothing was changed: see what is in the way above.'; END $$;
\endif
\echo Nothing is in the way.
\endif
