-- Roles that own something here which this role could not give them again.
SELECT DISTINCT o.owner::regrole::text AS owner_name
FROM (
    SELECT
        c.relowner AS owner,
        c.relnamespace AS namespace
    FROM pg_class AS c
    UNION ALL
    SELECT
        p.proowner,
        p.pronamespace
    FROM pg_proc AS p
    UNION ALL
    SELECT
        t.typowner,
        t.typnamespace
    FROM pg_type AS t
    UNION ALL
    SELECT
        s.nspowner,
        s.oid
    FROM pg_namespace AS s
    WHERE s.oid >= 16384
) AS o
INNER JOIN pg_namespace AS n ON o.namespace = n.oid
WHERE
    n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
    AND NOT pg_has_role(o.owner, 'MEMBER')
    AND NOT EXISTS (
        -- What belongs to an extension comes with it.
        SELECT FROM pg_extension AS e
        WHERE e.extowner = o.owner
    )
ORDER BY owner_name;
