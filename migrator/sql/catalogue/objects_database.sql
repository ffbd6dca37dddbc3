-- noqa: disable=AL03
-- The database itself, with its settings and those of roles in it, and its schemas. A part of
-- objects.sql, which names the columns.
SELECT
    'pg_database'::regclass,
    d.oid,
    0,
    NULL::oid,
    NULL::oid,
    'database',
    '',
    coalesce(d.datacl, acldefault('d', d.datdba)),
    g.setconfig,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(d.datdba),
        'encoding: ' || pg_encoding_to_char(d.encoding),
        'collation: ' || d.datcollate,
        'character type: ' || d.datctype,
        'locale provider: ' || d.datlocprovider::text,
        'locale: ' || coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
        'rules: ' || (to_jsonb(d) ->> 'daticurules'),
        CASE WHEN d.datistemplate THEN 'template: yes' END,
        CASE WHEN NOT d.datallowconn THEN 'connections: none' END,
        'connection limit: ' || nullif(d.datconnlimit, -1),
        'tablespace: ' || t.spcname
    )
FROM pg_database AS d
INNER JOIN pg_tablespace AS t ON d.dattablespace = t.oid
LEFT JOIN pg_db_role_setting AS g ON d.oid = g.setdatabase AND g.setrole = 0
WHERE d.datname = current_database()
UNION ALL
SELECT
    'pg_db_role_setting'::regclass,
    g.setrole,
    0,
    'pg_database'::regclass,
    d.oid,
    'setting of role',
    quote_ident(pg_get_userbyid(g.setrole)),
    NULL,
    g.setconfig,
    ''
FROM pg_db_role_setting AS g
INNER JOIN pg_database AS d ON g.setdatabase = d.oid
WHERE
    d.datname = current_database()
    AND g.setrole <> 0
UNION ALL
SELECT
    'pg_namespace'::regclass,
    n.oid,
    0,
    NULL,
    NULL,
    'schema',
    quote_ident(n.nspname),
    coalesce(n.nspacl, acldefault('n', n.nspowner)),
    NULL,
    'owner: ' || pg_get_userbyid(n.nspowner)
FROM pg_namespace AS n
INNER JOIN spaces AS s ON n.oid = s.oid
