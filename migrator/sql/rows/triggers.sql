-- The code of the triggers that look at rows which are written.
SELECT
    t.tgrelid::bigint AS relation,
    p.prosrc AS body
FROM pg_trigger AS t
INNER JOIN pg_proc AS p ON t.tgfoid = p.oid
WHERE
    NOT t.tgisinternal
    AND t.tgtype & 20 <> 0
ORDER BY t.tgrelid, t.tgname;
