-- How far the files are that run in batches.
SELECT
    i.migration_id AS id,
    i.direction,
    i.checksum,
    p.rows_done,
    p.rows_expected,
    p.batches,
    p.batch_rows,
    p.batch_after,
    p.worked_ms,
    p.deleted_before,
    i.started_at,
    p.updated_at,
    p.run_pid,
    (p.rows_done - p.run_rows_before)
    / nullif(extract(EPOCH FROM p.updated_at - p.run_started_at), 0)::float8 AS rows_per_second
FROM yoyo.batch_progress AS p
INNER JOIN yoyo.intent AS i ON p.migration_hash = i.migration_hash
ORDER BY i.started_at;
