-- Makes a role the owner of all that another one owns in the schemas of the migrations: the variables
-- giver and heir name them. owner.sql uses it, and take_back.sql.
WITH owned AS (
    SELECT
        'pg_class'::regclass AS class_id,
        c.oid AS object_id,
        c.relowner AS owner_id,
        CASE c.relkind
            WHEN 'v' THEN 'VIEW'
            WHEN 'm' THEN 'MATERIALIZED VIEW'
            WHEN 'S' THEN 'SEQUENCE'
            ELSE 'TABLE'
        END AS kind,
        c.relnamespace AS schema_id,
        c.oid::regclass::text AS object_name
    FROM pg_class AS c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL
    SELECT
        'pg_proc'::regclass,
        p.oid,
        p.proowner,
        'ROUTINE',
        p.pronamespace,
        p.oid::regprocedure::text
    FROM pg_proc AS p
    UNION ALL
    SELECT
        'pg_type'::regclass,
        t.oid,
        t.typowner,
        'TYPE',
        t.typnamespace,
        t.oid::regtype::text
    FROM pg_type AS t
    WHERE t.typtype IN ('d', 'e', 'r')
    UNION ALL
    SELECT
        'pg_statistic_ext'::regclass,
        s.oid,
        s.stxowner,
        'STATISTICS',
        s.stxnamespace,
        format('%s.%I', s.stxnamespace::regnamespace, s.stxname)
    FROM pg_statistic_ext AS s
    UNION ALL
    SELECT
        'pg_namespace'::regclass,
        n.oid,
        n.nspowner,
        'SCHEMA',
        n.oid,
        n.oid::regnamespace::text
    FROM pg_namespace AS n
)

SELECT format('ALTER %s %s OWNER TO %I', o.kind, o.object_name, :'heir')
FROM owned AS o
INNER JOIN pg_namespace AS n ON o.schema_id = n.oid
INNER JOIN pg_roles AS r ON o.owner_id = r.oid
WHERE
    n.nspname IN ('public', 'yoyo', 'partitions', 'partitioning')
    AND r.rolname = :'giver'
    -- Not what an extension brought, nor the sequence of a column: it goes with its table.
    AND NOT EXISTS (
        SELECT
        FROM pg_depend AS d
        WHERE
            o.class_id = d.classid
            AND o.object_id = d.objid
            AND (d.deptype = 'e' OR (o.kind = 'SEQUENCE' AND d.deptype IN ('a', 'i')))
    )
-- A table's new owner needs its schema.
ORDER BY o.kind <> 'SCHEMA'
\gexec
