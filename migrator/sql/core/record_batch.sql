-- That a batch was done, in its own transaction.
UPDATE yoyo.batch_progress
SET
    rows_done = rows_done + %(rows)s,
    batches = batches + 1,
    batch_rows = %(batch_rows)s,
    batch_after = %(batch_after)s,
    worked_ms = worked_ms + %(worked_ms)s,
    updated_at = clock_timestamp()
WHERE migration_hash = %(hash)s;
