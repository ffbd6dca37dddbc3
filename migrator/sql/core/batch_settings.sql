-- Tells the statement of a batch how many rows to take, and after which key.
SET LOCAL transaction_isolation TO %(isolation)s;
SET LOCAL lock_timeout TO %(lock_timeout)s;
SELECT
    set_config('migrator.batch_rows', %(rows)s, TRUE) AS batch_rows,
    set_config('migrator.batch_after', %(after)s, TRUE) AS batch_after;
