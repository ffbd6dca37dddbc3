-- Fails, by a name that the error tells, if a file has ended the transaction that it ran in, or has
-- released the runner's lock. The runner holds that twice: giving one back shows whether it does. All
-- locks of the file are released, while the transaction holds the runner's.
SELECT pg_catalog.current_setting(
    CASE
        WHEN NOT pg_catalog.current_setting('transaction_deferrable')::pg_catalog.bool
            THEN 'migrator.transaction_ended'
        WHEN
            pg_catalog.pg_try_advisory_xact_lock(%(key)s)
            AND pg_catalog.pg_advisory_unlock(%(key)s)
            AND pg_catalog.pg_advisory_unlock_all() IS NOT NULL
            AND pg_catalog.pg_try_advisory_lock(%(key)s)
            AND pg_catalog.pg_try_advisory_lock(%(key)s)
            THEN 'server_version'
        ELSE 'migrator.lock_released'
    END
) AS migrator_file_end;
