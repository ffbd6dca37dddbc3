-- Where each sequence stands, and which way it goes.
SELECT
    format('%I.%I', s.schemaname, s.sequencename) AS name,
    s.last_value AS value,
    s.increment_by AS step,
    s.cycle AS cycles
FROM pg_sequences AS s;
