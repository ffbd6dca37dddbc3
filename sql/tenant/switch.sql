-- Closes the tenant on the source, waits until the target has everything, compares, and opens the
-- target: from that moment on, the target is the tenant's home. If the target needs longer than `patience`
-- (by default 30 seconds), or something differs, the source is opened again.
--
-- The target's row in tenants.moves decides. An attempt has a number, and a later one makes it void: a
-- switch opens the target only if its number is still the last one there, and whoever opens the source
-- again has made the attempt that closed it void before. So both are never open, whatever is killed.
\set ON_ERROR_STOP on
\ir both.sql
\if :{?patience}
\else
    \set patience 30s
\endif
SELECT :'phase' = 'copying' AS switches \gset
\if :switches
    \connect :target
    SET synchronous_commit = on;
    UPDATE tenants.moves SET attempt = attempt + 1
    WHERE
        user_id = :tenant
        AND state = 'arriving'
    RETURNING attempt
    \gset

    \connect :source
    SET synchronous_commit = on;
    -- Who does not see the move yet could write for the tenant when it is closed.
    CALL tenants.wait_for_older(:tenant);
    CALL tenants.close(:tenant, :attempt);
    SELECT clock_timestamp() AS closed \gset
    \set ON_ERROR_STOP off
    CALL tenants.wait_for_target(:'name', :'patience');
    \set behind :ERROR
    \set ON_ERROR_STOP on
    SELECT tenants.account(:tenant) AS source_account \gset

    \connect :target
    SET synchronous_commit = on;
    SELECT tenants.account(:tenant) AS target_account \gset
    SELECT
        :'source_account'::jsonb <> :'target_account'::jsonb AS differ,
        count(*) > 0 AS breaks,
        :'behind'::boolean OR :'source_account'::jsonb <> :'target_account'::jsonb OR count(*) > 0 AS fails
    FROM tenants.orphans(:tenant)
    \gset
    \if :differ
        SELECT
            s.key AS "table",
            s.value AS "source: rows, checksum",
            t.value AS "target: rows, checksum"
        FROM jsonb_each(:'source_account') AS s
        FULL JOIN jsonb_each(:'target_account') AS t ON s.key = t.key
        WHERE s.value IS DISTINCT FROM t.value;
    \endif
    \if :breaks
        SELECT * FROM tenants.orphans(:tenant);
    \endif
    \if :fails
        UPDATE tenants.moves SET attempt = attempt + 1
        WHERE
            user_id = :tenant
            AND state = 'arriving'
            AND attempt = :attempt;
        SELECT :ROW_COUNT = 1 AS is_void \gset
        \if :is_void
            \connect :source
            UPDATE tenants.moves SET state = 'leaving'
            WHERE
                user_id = :tenant
                AND state = 'closed'
                AND attempt = :attempt;
            DO $$ BEGIN RAISE 'The tenant was not moved: see above. The source is open again.'; END $$;
        \else
            DO $$ BEGIN RAISE 'Somebody else has taken over the move: nothing was opened.'; END $$;
        \endif
    \endif

    UPDATE tenants.moves
    SET
        state = 'arrived',
        since = clock_timestamp()
    WHERE
        user_id = :tenant
        AND state = 'arriving'
        AND attempt = :attempt;
    SELECT :ROW_COUNT = 0 AS is_void \gset
    \if :is_void
        DO $$ BEGIN RAISE 'Somebody else has taken over the move: nothing was opened.'; END $$;
    \endif
    \connect :source
    SELECT round(extract(EPOCH FROM clock_timestamp() - :'closed')::numeric, 2) AS seconds \gset
    SELECT
        s.key AS "table",
        s.value ->> 0 AS "rows",
        s.value ->> 1 AS checksum
    FROM jsonb_each(:'source_account') AS s;
    \echo The target is the home of the tenant, who was closed for writes for :seconds s.
\endif
