-- Nothing of the tenants' is open to every role of the server, and not every role may create
-- objects here: the grants of a table, of a single column, of a sequence and of the schema itself.
WITH granted AS (
    SELECT
        r.oid::regclass::text AS object_name,
        r.relacl AS acl,
        r.oid AS relation_id
    FROM pg_class AS r
    WHERE
        r.relnamespace = 'public'::regnamespace
        AND r.relkind IN ('r', 'p', 'S')
    UNION ALL
    SELECT
        format('%s.%I', a.attrelid::regclass, a.attname) AS object_name,
        a.attacl,
        a.attrelid
    FROM pg_attribute AS a
    INNER JOIN pg_class AS r ON a.attrelid = r.oid
    WHERE
        r.relnamespace = 'public'::regnamespace
        AND r.relkind IN ('r', 'p')
    UNION ALL
    SELECT
        'schema public' AS object_name,
        n.nspacl,
        NULL AS relation_id
    FROM pg_namespace AS n
    WHERE n.nspname = 'public'
)

SELECT
    g.object_name,
    x.privilege_type
FROM granted AS g
CROSS JOIN LATERAL aclexplode(g.acl) AS x
WHERE
    x.grantee = 0
    AND (g.relation_id IS NOT NULL OR x.privilege_type = 'CREATE');
