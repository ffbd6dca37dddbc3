-- No sequence has used up three quarters of its numbers: changing the type of a key rewrites its
-- table and all that refer to it, which wants to be planned before inserts fail.
SELECT
    q.sequencename AS sequence_name,
    q.last_value,
    q.max_value
FROM pg_sequences AS q
WHERE
    q.schemaname = 'public'
    AND NOT q.cycle
    AND q.last_value > q.max_value * 0.75;
