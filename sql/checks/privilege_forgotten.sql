-- Where the roles of sql/roles/ are in use, its scripts forgot nothing: each table is granted to one
-- of them; where one reads a table by columns, because of what is secret in it, each column is
-- granted to one by name; and app may execute what checks and defaults call. docs/roles.md shows how
-- a migration grants what it adds.
WITH roles AS (
    SELECT
        r.oid AS role_id,
        d.description LIKE 'GestorLead Studio, app:%' AS is_app
    FROM pg_roles AS r
    INNER JOIN pg_shdescription AS d ON r.oid = d.objoid
    WHERE
        d.classoid = 'pg_authid'::regclass
        AND d.description ~ '^GestorLead Studio, (app|worker|readonly):'
),

tables AS (
    SELECT
        c.oid AS table_id,
        c.relacl AS acl
    FROM pg_class AS c
    WHERE
        c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p')
),

-- Column number 0 is the whole table.
granted AS (
    SELECT
        t.table_id,
        0 AS column_number,
        x.grantee,
        x.privilege_type
    FROM tables AS t
    CROSS JOIN LATERAL aclexplode(t.acl) AS x
    INNER JOIN roles AS r ON x.grantee = r.role_id
    UNION ALL
    SELECT
        a.attrelid,
        a.attnum,
        x.grantee,
        x.privilege_type
    FROM tables AS t
    INNER JOIN pg_attribute AS a ON t.table_id = a.attrelid
    CROSS JOIN LATERAL aclexplode(a.attacl) AS x
    INNER JOIN roles AS r ON x.grantee = r.role_id
),

read_by_columns AS (
    SELECT g.table_id
    FROM granted AS g
    WHERE g.privilege_type = 'SELECT'
    GROUP BY g.table_id, g.grantee
    HAVING min(g.column_number) > 0
),

forgotten AS (
    SELECT
        'pg_class'::regclass AS class_id,
        t.table_id AS object_id,
        0 AS column_number
    FROM tables AS t
    WHERE t.table_id NOT IN (SELECT g.table_id FROM granted AS g)
    UNION ALL
    SELECT
        'pg_class'::regclass AS class_id,
        a.attrelid,
        a.attnum
    FROM pg_attribute AS a
    WHERE
        a.attrelid IN (SELECT b.table_id FROM read_by_columns AS b)
        AND a.attnum > 0
        AND NOT a.attisdropped
        AND a.attacl IS NULL
    UNION
    SELECT
        'pg_proc'::regclass AS class_id,
        p.oid,
        0 AS column_number
    FROM pg_proc AS p
    INNER JOIN pg_depend AS d ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
    INNER JOIN roles AS r ON r.is_app
    WHERE
        p.pronamespace = 'public'::regnamespace
        AND d.classid IN (
            'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_proc'::regclass
        )
        AND NOT has_function_privilege(r.role_id, p.oid, 'EXECUTE')
)

SELECT pg_describe_object(f.class_id, f.object_id, f.column_number) AS object_name
FROM forgotten AS f
WHERE EXISTS (SELECT FROM granted)
ORDER BY object_name;
