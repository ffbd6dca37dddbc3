-- purpose: the statements that are slow on average, where pg_stat_statements is there
-- locks: none
-- reversible: yes
--
-- The view cannot name pg_stat_statements itself: it would not be created without the extension,
-- and would then stand in the way of ALTER EXTENSION UPDATE and DROP EXTENSION. So functions look
-- the extension up by name at each call, in whatever schema it is. They name the roles, too: Citus
-- would bring a view that names pg_roles to its workers together with pg_roles, which only a
-- superuser may write, and the functions of the same transaction would wait for it for ever.

CREATE FUNCTION statement_statistics_status() RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    extension_schema regnamespace;
BEGIN
    SELECT e.extnamespace
    INTO extension_schema
    FROM pg_catalog.pg_extension AS e
    WHERE e.extname = 'pg_stat_statements';

    IF NOT FOUND THEN
        RETURN 'absent';
    END IF;

    EXECUTE pg_catalog.format('SELECT FROM %s.pg_stat_statements LIMIT 1', extension_schema);
    RETURN 'ok';
EXCEPTION
    WHEN object_not_in_prerequisite_state THEN
        RETURN 'not preloaded';
    WHEN insufficient_privilege THEN
        RETURN 'not permitted';
END
$$;

COMMENT ON FUNCTION statement_statistics_status() IS
'Why slow_queries_analysis may be empty: absent (CREATE EXTENSION pg_stat_statements is missing), '
'not preloaded (shared_preload_libraries does not name it), not permitted (the role may not use '
'the extension''s schema or view), or ok (nothing was slow).';
REVOKE EXECUTE ON FUNCTION statement_statistics_status() FROM PUBLIC;

CREATE FUNCTION statement_statistics() RETURNS TABLE (
    role_name name,
    query_id bigint,
    query text,
    calls bigint,
    total_time double precision,
    mean_time double precision,
    stddev_time double precision,
    max_time double precision,
    rows bigint,
    hit_percent numeric
)
LANGUAGE plpgsql
AS $$
BEGIN
    IF public.statement_statistics_status() <> 'ok' THEN
        RETURN;
    END IF;

    -- By way of a document, a column is read by the name that the installed version has for it:
    -- 1.8 renamed total_time and its like to total_exec_time.
    RETURN QUERY EXECUTE (
        SELECT pg_catalog.format(
            $query$
            SELECT
                r.rolname,
                s.queryid,
                s.query,
                s.calls,
                coalesce(d.doc ->> 'total_exec_time', d.doc ->> 'total_time')::double precision,
                coalesce(d.doc ->> 'mean_exec_time', d.doc ->> 'mean_time')::double precision,
                coalesce(d.doc ->> 'stddev_exec_time', d.doc ->> 'stddev_time')::double precision,
                coalesce(d.doc ->> 'max_exec_time', d.doc ->> 'max_time')::double precision,
                s.rows,
                round(
                    100.0 * s.shared_blks_hit / nullif(s.shared_blks_hit + s.shared_blks_read, 0),
                    2
                )
            FROM %s.pg_stat_statements AS s
            INNER JOIN pg_catalog.pg_database AS b ON s.dbid = b.oid
            LEFT JOIN pg_catalog.pg_roles AS r ON s.userid = r.oid
            CROSS JOIN LATERAL to_jsonb(s) AS d (doc)
            WHERE b.datname = current_database()
            $query$,
            e.extnamespace::regnamespace
        )
        FROM pg_catalog.pg_extension AS e
        WHERE e.extname = 'pg_stat_statements'
    );
END
$$;

COMMENT ON FUNCTION statement_statistics() IS
'What pg_stat_statements has counted in this database, under names that stay the same over its '
'versions; times in milliseconds. Empty, not an error, where it cannot be read: '
'statement_statistics_status() tells.';
REVOKE EXECUTE ON FUNCTION statement_statistics() FROM PUBLIC;

CREATE VIEW slow_queries_analysis WITH (security_invoker = TRUE) AS
SELECT
    s.query,
    s.calls,
    s.total_time,
    s.mean_time,
    s.stddev_time,
    s.max_time,
    s.rows,
    s.hit_percent,
    s.role_name,
    s.query_id
FROM statement_statistics() AS s
WHERE s.mean_time > 100
ORDER BY s.mean_time DESC;

COMMENT ON VIEW slow_queries_analysis IS
'Statements of this database that take more than 100 ms on average, slowest first, since '
'pg_stat_statements was last reset. If it is empty, SELECT statement_statistics_status() says '
'whether anything is measured. Other roles'' texts need membership in pg_read_all_stats.';
COMMENT ON COLUMN slow_queries_analysis.query IS
'Text of the statement with its constants replaced, or <insufficient privilege>.';
COMMENT ON COLUMN slow_queries_analysis.calls IS 'How often the statement was executed.';
COMMENT ON COLUMN slow_queries_analysis.total_time IS
'Time spent executing it, planning left out, in milliseconds.';
COMMENT ON COLUMN slow_queries_analysis.mean_time IS 'Average time of a call, in milliseconds.';
COMMENT ON COLUMN slow_queries_analysis.stddev_time IS
'Standard deviation of the time of a call, in milliseconds; high where parameters or waits decide.';
COMMENT ON COLUMN slow_queries_analysis.max_time IS 'Time of the longest call, in milliseconds.';
COMMENT ON COLUMN slow_queries_analysis.rows IS 'Rows returned or changed by all calls.';
COMMENT ON COLUMN slow_queries_analysis.hit_percent IS
'How many of the table and index blocks that it asked for were in shared buffers, in percent; '
'NULL where it asked for none.';
COMMENT ON COLUMN slow_queries_analysis.role_name IS
'The role that executed it; each has its own row. NULL if the role was dropped since.';
COMMENT ON COLUMN slow_queries_analysis.query_id IS
'The statement''s number, as in pg_stat_activity.query_id; NULL where its text may not be seen.';
