-- Every table says when a row was created and last changed, and the server says it, not its
-- clients: created_at and updated_at with the time zone, never NULL, now() by default, and the
-- trigger row_times.
SELECT r.oid::regclass::text AS table_name
FROM pg_class AS r
WHERE
    r.relnamespace = 'public'::regnamespace
    AND r.relkind IN ('r', 'p')
    AND (
        (
            SELECT count(*)
            FROM pg_attribute AS a
            INNER JOIN pg_attrdef AS f ON a.attrelid = f.adrelid AND a.attnum = f.adnum
            WHERE
                a.attrelid = r.oid
                AND a.attname IN ('created_at', 'updated_at')
                AND a.atttypid = 'timestamptz'::regtype
                AND a.attnotnull
                AND pg_get_expr(f.adbin, f.adrelid) = 'now()'
        ) < 2
        OR NOT EXISTS (
            SELECT 1
            FROM pg_trigger AS g
            WHERE
                g.tgrelid = r.oid
                AND g.tgfoid = 'public.row_times'::regproc
                AND g.tgqual IS NULL
                -- BEFORE INSERT OR UPDATE ... FOR EACH ROW, of whatever columns
                AND g.tgtype & 31 = 23
                AND cardinality(g.tgattr::smallint[]) = 0
        )
    );
