-- Waits until the target has copied all rows, and received all changes so far. The tenant is open on the
-- source meanwhile.
\set ON_ERROR_STOP on
\ir both.sql
SELECT :'phase' = 'copying' AS copies \gset
\if :copies
    SELECT pg_current_wal_insert_lsn() AS goal \gset
    \connect :target
    SELECT
        set_config('tenants.move', :'name', FALSE),
        set_config('tenants.goal', :'goal', FALSE)
    \g /dev/null
    SET stats_fetch_consistency = 'none';
    DO $$
    DECLARE
        move text := current_setting('tenants.move');
        errors bigint;
        errors_before bigint;
    BEGIN
        LOOP
            SELECT s.apply_error_count + s.sync_error_count
            INTO errors
            FROM pg_stat_subscription_stats AS s
            WHERE s.subname = move;
            errors_before := coalesce(errors_before, errors);
            IF errors >= errors_before + 5 THEN
                RAISE 'The subscription % fails again and again.', move
                    USING HINT = 'The log of the target''s server says why. Correct it and run the command '
                    'again, or cancel.';
            END IF;
            EXIT WHEN NOT EXISTS (
                SELECT FROM pg_subscription AS s
                INNER JOIN pg_subscription_rel AS r ON s.oid = r.srsubid
                WHERE
                    s.subname = move
                    AND r.srsubstate <> 'r'
            ) AND EXISTS (
                SELECT FROM pg_stat_subscription AS s
                WHERE
                    s.subname = move
                    AND s.received_lsn >= current_setting('tenants.goal')::pg_lsn
            );
            COMMIT;
            PERFORM pg_sleep(0.2);
        END LOOP;
    END
    $$;
    \echo The target has what the source has, and follows it.
\endif
