-- Fails unless the two accounts say the same; included by distribute.sql and undistribute.sql.
SELECT
    coalesce(b.what, a.what) AS what,
    coalesce(b.name, a.name) AS name,
    b.value AS before,
    a.value AS after
FROM (SELECT * FROM account WHERE moment = 'before') AS b
FULL JOIN (SELECT * FROM account WHERE moment = 'after') AS a ON b.what = a.what AND b.name = a.name
WHERE b.value IS DISTINCT FROM a.value
ORDER BY what, name;
SELECT :ROW_COUNT > 0 AS differ \gset
\if :differ
    DO $$ BEGIN RAISE 'What is listed above would differ: nothing was changed.'; END $$;
\endif
SELECT
    what,
    count(*),
    'as before' AS verdict
FROM account
WHERE moment = 'after'
GROUP BY what
ORDER BY what;
