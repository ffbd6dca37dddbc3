-- Reads every table and index of the schema into the server's buffers.
SELECT sum(pg_prewarm(c.oid)) AS pages
FROM pg_class AS c
WHERE
    c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'i');
