-- That a session begins with the batches of a file that is recorded as started, or goes on with them.
INSERT INTO yoyo.batch_progress AS p (
    migration_hash, rows_expected, batch_rows, batch_after, deleted_before, run_pid
)
VALUES (
    %(hash)s, %(expected)s, %(batch_rows)s, %(batch_after)s, %(deleted)s, pg_backend_pid()
)
ON CONFLICT (migration_hash) DO UPDATE
    SET
        rows_expected = p.rows_done + excluded.rows_expected,
        run_pid = excluded.run_pid,
        run_started_at = now(),
        run_rows_before = p.rows_done,
        is_to_pause = FALSE;
