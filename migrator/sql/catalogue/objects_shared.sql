-- noqa: disable=AL03
-- What belongs to no schema, and what the database has of the server's: the roles that own
-- something here or may do something, the tablespaces that are used, who may set parameters. A part
-- of objects.sql, which names the columns.
SELECT
    'pg_extension'::regclass,
    e.oid,
    NULL::aclitem[],
    NULL::text[],
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(e.extowner),
        'version: ' || e.extversion,
        'schema: ' || e.extnamespace::regnamespace
    )
FROM pg_extension AS e
UNION ALL
SELECT
    'pg_event_trigger'::regclass,
    e.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(e.evtowner),
        'event: ' || e.evtevent,
        'function: ' || e.evtfoid::regproc,
        'tags: ' || (
            SELECT string_agg(t.tag, ', ' ORDER BY t.tag COLLATE "C")
            FROM unnest(e.evttags) AS t (tag)
        ),
        CASE e.evtenabled
            WHEN 'D' THEN 'enabled: no'
            WHEN 'R' THEN 'enabled: on a replica'
            WHEN 'A' THEN 'enabled: always'
        END
    )
FROM pg_event_trigger AS e
UNION ALL
SELECT
    'pg_default_acl'::regclass,
    d.oid,
    d.defaclacl,
    NULL,
    ''
FROM pg_default_acl AS d
UNION ALL
-- Large objects are data. Told are those that somebody was granted, or that have a comment.
SELECT
    'pg_largeobject'::regclass,
    l.oid,
    coalesce(l.lomacl, acldefault('L', l.lomowner)),
    NULL,
    'owner: ' || pg_get_userbyid(l.lomowner)
FROM pg_largeobject_metadata AS l
LEFT JOIN pg_description AS c ON c.classoid = 'pg_largeobject'::regclass AND l.oid = c.objoid
WHERE
    l.lomacl IS NOT NULL
    OR c.objoid IS NOT NULL
UNION ALL
SELECT
    'pg_authid'::regclass,
    r.oid,
    NULL,
    r.rolconfig,
    concat_ws(
        chr(30),
        'attributes: ' || concat_ws(
            ', ',
            CASE WHEN r.rolsuper THEN 'superuser' END,
            CASE WHEN NOT r.rolinherit THEN 'no inherit' END,
            CASE WHEN r.rolcreaterole THEN 'create roles' END,
            CASE WHEN r.rolcreatedb THEN 'create databases' END,
            CASE WHEN r.rolcanlogin THEN 'log in' END,
            CASE WHEN r.rolreplication THEN 'replicate' END,
            CASE WHEN r.rolbypassrls THEN 'bypass row security' END
        ),
        'connection limit: ' || nullif(r.rolconnlimit, -1),
        'valid until: ' || r.rolvaliduntil,
        'member of: ' || (
            SELECT
                string_agg(
                    concat(
                        quote_ident(g.rolname),
                        CASE WHEN m.admin_option THEN ' with admin' END,
                        CASE to_jsonb(m) ->> 'set_option' WHEN 'false' THEN ' without set' END,
                        CASE coalesce(to_jsonb(m) ->> 'inherit_option', r.rolinherit::text)
                            WHEN 'false' THEN ' without inherit'
                        END
                    ),
                    ', ' ORDER BY g.rolname, m.grantor
                )
            FROM pg_auth_members AS m
            INNER JOIN pg_roles AS g ON m.roleid = g.oid
            WHERE m.member = r.oid
        )
    )
FROM pg_roles AS r
WHERE
    EXISTS (
        SELECT
        FROM pg_shdepend AS d
        INNER JOIN pg_database AS b ON b.oid IN (d.dbid, d.objid)
        LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
        LEFT JOIN spaces AS s
            ON
                s.oid
                = CASE d.classid
                    WHEN 'pg_namespace'::regclass THEN d.objid ELSE c.relnamespace
                END
        WHERE
            d.refclassid = 'pg_authid'::regclass
            AND d.refobjid = r.oid
            AND b.datname = current_database()
            AND (d.dbid <> 0 OR d.classid = 'pg_database'::regclass)
            AND (
                s.oid IS NOT NULL
                OR d.classid NOT IN ('pg_class'::regclass, 'pg_namespace'::regclass)
            )
    )
UNION ALL
SELECT
    'pg_tablespace'::regclass,
    t.oid,
    coalesce(t.spcacl, acldefault('t', t.spcowner)),
    t.spcoptions,
    'owner: ' || pg_get_userbyid(t.spcowner)
FROM pg_tablespace AS t
WHERE
    t.oid IN (
        SELECT c.reltablespace
        FROM pg_class AS c
        INNER JOIN spaces AS s ON c.relnamespace = s.oid
    )
UNION ALL
SELECT
    'pg_parameter_acl'::regclass,
    p.oid,
    p.paracl,
    NULL,
    ''
FROM pg_parameter_acl AS p
