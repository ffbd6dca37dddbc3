-- noqa: disable=AL03
-- Privileges on PostgreSQL's own objects and on members of extensions, where they are others than
-- those they were made with; a dump holds them, too. A part of objects.sql, which names the columns.
SELECT
    'pg_init_privs'::regclass,
    o.id,
    0,
    NULL::oid,
    NULL::oid,
    'privileges on',
    k.type || ' ' || k.identity,
    o.acl,
    NULL,
    ''
FROM (
    SELECT
        'pg_proc'::regclass AS class,
        p.oid AS id,
        p.proacl AS acl,
        acldefault('f', p.proowner) AS usual
    FROM pg_proc AS p
    UNION ALL
    SELECT
        'pg_class'::regclass,
        c.oid,
        c.relacl,
        CASE c.relkind
            WHEN 'S' THEN acldefault('s', c.relowner) ELSE acldefault('r', c.relowner)
        END
    FROM pg_class AS c
    WHERE c.relnamespace <> 'information_schema'::regnamespace
    UNION ALL
    SELECT
        'pg_namespace'::regclass,
        n.oid,
        n.nspacl,
        acldefault('n', n.nspowner)
    FROM pg_namespace AS n
    WHERE n.nspname NOT IN ('public', 'information_schema')
    UNION ALL
    SELECT
        'pg_language'::regclass,
        l.oid,
        l.lanacl,
        acldefault('l', l.lanowner)
    FROM pg_language AS l
    UNION ALL
    SELECT
        'pg_type'::regclass,
        t.oid,
        t.typacl,
        acldefault('T', t.typowner)
    FROM pg_type AS t
) AS o
CROSS JOIN LATERAL pg_identify_object(o.class, o.id, 0) AS k
LEFT JOIN pg_init_privs AS i ON o.class = i.classoid AND o.id = i.objoid AND i.objsubid = 0
LEFT JOIN members AS m ON o.class = m.classid AND o.id = m.objid
WHERE
    o.acl IS NOT NULL
    AND (o.id < 16384 OR m.objid IS NOT NULL)
    AND NOT (
        o.acl::text[] @> coalesce(i.initprivs, o.usual)::text[]
        AND o.acl::text[] <@ coalesce(i.initprivs, o.usual)::text[]
    )
