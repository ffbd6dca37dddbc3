-- Every trigger fires, those behind references included: a bulk load that disabled them and was cut
-- short leaves a table that accepts anything.
SELECT
    g.tgrelid::regclass::text AS table_name,
    coalesce(c.conname, g.tgname) AS trigger_or_reference
FROM pg_trigger AS g
INNER JOIN pg_class AS r ON g.tgrelid = r.oid
LEFT JOIN pg_constraint AS c ON g.tgconstraint = c.oid
WHERE
    r.relnamespace = 'public'::regnamespace
    AND g.tgenabled NOT IN ('O', 'A');
