-- Roles that own something here which this role could not give them again. What is a part of
-- something else, such as of an extension or of a range type, comes with that. From 16 on, a member
-- may be granted without the right to SET ROLE.
WITH membership AS (
    SELECT
        CASE
            WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER'
        END AS needed
)

SELECT DISTINCT o.owner::regrole::text AS owner_name
FROM (
    SELECT
        'pg_class'::regclass AS catalogue,
        c.oid,
        c.relowner AS owner,
        c.relnamespace AS namespace
    FROM pg_class AS c
    UNION ALL
    SELECT
        'pg_proc'::regclass,
        p.oid,
        p.proowner,
        p.pronamespace
    FROM pg_proc AS p
    UNION ALL
    SELECT
        'pg_type'::regclass,
        t.oid,
        t.typowner,
        t.typnamespace
    FROM pg_type AS t
    WHERE t.typrelid = 0 AND t.typelem = 0
    UNION ALL
    SELECT
        'pg_namespace'::regclass,
        s.oid,
        s.nspowner,
        s.oid AS namespace
    FROM pg_namespace AS s
    WHERE s.oid >= 16384
) AS o
CROSS JOIN membership AS m
INNER JOIN pg_namespace AS n ON o.namespace = n.oid
LEFT JOIN pg_depend AS d
    ON
        o.catalogue = d.classid
        AND o.oid = d.objid
        AND d.deptype IN ('e', 'i')
WHERE
    n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
    AND NOT pg_has_role(o.owner, m.needed)
    AND d.objid IS NULL
UNION
SELECT l.lomowner::regrole::text AS owner_name
FROM pg_largeobject_metadata AS l
CROSS JOIN membership AS m
WHERE NOT pg_has_role(l.lomowner, m.needed)
ORDER BY owner_name;
