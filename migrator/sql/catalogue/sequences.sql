-- Where each sequence stands.
SELECT
    format('%I.%I', s.schemaname, s.sequencename) AS name,
    s.last_value
FROM pg_sequences AS s;
