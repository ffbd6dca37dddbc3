-- A CHECK calls functions that are IMMUTABLE alone: of any other, a row that was accepted can be
-- refused later, when it is updated or, which is worse, when a backup is restored.
SELECT
    c.conname AS constraint_name,
    p.oid::regprocedure::text AS function_name,
    coalesce(t.relname, d.typname) AS table_or_domain
FROM pg_constraint AS c
INNER JOIN pg_depend AS e
    ON
        e.classid = 'pg_constraint'::regclass
        AND c.oid = e.objid
        AND e.refclassid = 'pg_proc'::regclass
INNER JOIN pg_proc AS p ON e.refobjid = p.oid
LEFT JOIN pg_class AS t ON c.conrelid = t.oid
LEFT JOIN pg_type AS d ON c.contypid = d.oid
WHERE
    c.connamespace = 'public'::regnamespace
    AND c.contype = 'c'
    AND p.provolatile <> 'i';
