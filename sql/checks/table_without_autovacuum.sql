-- No table has autovacuum turned off: what was meant for one bulk load stays until the table is
-- bloated and its statistics are years old.
SELECT
    r.oid::regclass::text AS table_name,
    o.option_name
FROM pg_class AS r
CROSS JOIN LATERAL pg_options_to_table(r.reloptions) AS o
WHERE
    r.relnamespace = 'public'::regnamespace
    AND o.option_name = 'autovacuum_enabled'
    AND NOT o.option_value::boolean;
