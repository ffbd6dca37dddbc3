-- A view reads its tables with the rights of whoever asks it: with its owner's, it would show rows that
-- row security keeps from that role, and columns that are not granted to it.
SELECT r.oid::regclass::text AS view_name
FROM pg_class AS r
WHERE
    r.relnamespace = 'public'::regnamespace
    AND r.relkind = 'v'
    AND NOT EXISTS (
        SELECT
        FROM pg_options_to_table(r.reloptions) AS o
        WHERE
            o.option_name = 'security_invoker'
            AND o.option_value::boolean
    )
    AND NOT EXISTS (
        SELECT
        FROM pg_depend AS e
        WHERE
            e.classid = 'pg_class'::regclass
            AND e.objid = r.oid
            AND e.deptype = 'e'
    );
