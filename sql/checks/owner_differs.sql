-- One role owns everything: what someone created or altered by hand under another role stops the
-- next migration with "must be owner".
WITH owned AS (
    SELECT
        'pg_class'::regclass AS class_id,
        r.oid AS object_id,
        r.relowner AS owner_id
    FROM pg_class AS r
    WHERE
        r.relnamespace = 'public'::regnamespace
        AND r.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT
        'pg_type'::regclass,
        t.oid,
        t.typowner
    FROM pg_type AS t
    WHERE
        t.typnamespace = 'public'::regnamespace
        AND t.typtype IN ('d', 'e', 'r')
    UNION ALL
    SELECT
        'pg_proc'::regclass,
        p.oid,
        p.proowner
    FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace
),

ours AS (
    SELECT
        o.owner_id,
        pg_describe_object(o.class_id, o.object_id, 0) AS object_name
    FROM owned AS o
    LEFT JOIN pg_depend AS e
        ON
            o.class_id = e.classid
            AND o.object_id = e.objid
            AND e.deptype = 'e'
    WHERE e.objid IS NULL
)

SELECT
    o.object_name,
    o.owner_id::regrole::text AS owner_name
FROM ours AS o
WHERE
    o.owner_id <> (
        SELECT mode() WITHIN GROUP (ORDER BY m.owner_id)
        FROM ours AS m
    );
