-- Nothing of ours is open to every role of the server: no table, view, column, sequence, function or
-- type; and not every role may create objects here. A function is, unless EXECUTE is revoked: whoever
-- may connect could hang a trigger function on a table of his own. So is a type: a stranger's column
-- of it would stop its next change.
WITH granted AS (
    SELECT
        'pg_class'::regclass AS class_id,
        r.oid AS object_id,
        0 AS column_number,
        r.relacl AS acl
    FROM pg_class AS r
    WHERE
        r.relnamespace = 'public'::regnamespace
        AND r.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT
        'pg_class'::regclass AS class_id,
        a.attrelid,
        a.attnum,
        a.attacl
    FROM pg_attribute AS a
    INNER JOIN pg_class AS r ON a.attrelid = r.oid
    WHERE r.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT
        'pg_proc'::regclass AS class_id,
        p.oid,
        0 AS column_number,
        coalesce(p.proacl, acldefault('f', p.proowner)) AS acl
    FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT
        'pg_type'::regclass AS class_id,
        t.oid,
        0 AS column_number,
        coalesce(t.typacl, acldefault('T', t.typowner)) AS acl
    FROM pg_type AS t
    WHERE
        t.typnamespace = 'public'::regnamespace
        AND t.typtype IN ('d', 'e', 'r')
    UNION ALL
    SELECT
        'pg_namespace'::regclass AS class_id,
        n.oid,
        0 AS column_number,
        n.nspacl
    FROM pg_namespace AS n
    WHERE n.nspname = 'public'
)

SELECT
    pg_describe_object(g.class_id, g.object_id, g.column_number) AS object_name,
    x.privilege_type
FROM granted AS g
CROSS JOIN LATERAL aclexplode(g.acl) AS x
LEFT JOIN pg_depend AS e
    ON
        g.class_id = e.classid
        AND g.object_id = e.objid
        AND e.deptype = 'e'
WHERE
    x.grantee = 0
    AND e.objid IS NULL
    AND (g.class_id <> 'pg_namespace'::regclass OR x.privilege_type = 'CREATE');
