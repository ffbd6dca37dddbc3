-- A policy of row security decides by the row and by settings: Citus takes none with a subquery.
SELECT
    p.polrelid::regclass::text AS table_name,
    p.polname AS policy_name
FROM pg_policy AS p
INNER JOIN pg_class AS r ON p.polrelid = r.oid
WHERE
    r.relnamespace = 'public'::regnamespace
    AND concat_ws(
        ' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    ) ~ '\mSELECT\M';
