-- Every constraint is validated: one that was added NOT VALID says nothing of the rows before it,
-- and the planner does not rely on it. Those that 18 calls NOT ENFORCED are not validated either.
SELECT
    c.conname AS constraint_name,
    coalesce(t.relname, d.typname) AS table_or_domain
FROM pg_constraint AS c
LEFT JOIN pg_class AS t ON c.conrelid = t.oid
LEFT JOIN pg_type AS d ON c.contypid = d.oid
WHERE
    c.connamespace = 'public'::regnamespace
    AND NOT c.convalidated;
