-- Every table, view, column, type, function and trigger, and every index that backs no constraint,
-- says in a comment what it is for: whoever meets it in the database has no other documentation
-- there.
WITH objects AS (
    SELECT
        'pg_class'::regclass AS class_id,
        r.oid AS object_id,
        0 AS column_number
    FROM pg_class AS r
    WHERE
        r.relnamespace = 'public'::regnamespace
        AND r.relkind IN ('r', 'p', 'v', 'm', 'f', 'i', 'I')
        AND r.oid NOT IN (SELECT c.conindid FROM pg_constraint AS c)
    UNION ALL
    SELECT
        'pg_class'::regclass AS class_id,
        a.attrelid,
        a.attnum
    FROM pg_attribute AS a
    INNER JOIN pg_class AS r ON a.attrelid = r.oid
    WHERE
        r.relnamespace = 'public'::regnamespace
        AND r.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND a.attnum > 0
        AND NOT a.attisdropped
    UNION ALL
    SELECT
        'pg_type'::regclass AS class_id,
        t.oid,
        0 AS column_number
    FROM pg_type AS t
    WHERE
        t.typnamespace = 'public'::regnamespace
        AND t.typtype IN ('d', 'e', 'r')
    UNION ALL
    SELECT
        'pg_proc'::regclass AS class_id,
        p.oid,
        0 AS column_number
    FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT
        'pg_trigger'::regclass AS class_id,
        g.oid,
        0 AS column_number
    FROM pg_trigger AS g
    INNER JOIN pg_class AS r ON g.tgrelid = r.oid
    WHERE
        r.relnamespace = 'public'::regnamespace
        AND NOT g.tgisinternal
)

SELECT pg_describe_object(o.class_id, o.object_id, o.column_number) AS object_name
FROM objects AS o
LEFT JOIN pg_description AS d
    ON
        o.class_id = d.classoid
        AND o.object_id = d.objoid
        AND o.column_number = d.objsubid
LEFT JOIN pg_depend AS e
    ON
        o.class_id = e.classid
        AND o.object_id = e.objid
        AND e.deptype = 'e'
WHERE
    d.objoid IS NULL
    AND e.objid IS NULL;
