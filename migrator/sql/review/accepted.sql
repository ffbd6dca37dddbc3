-- What each view accepts of statements that write: by itself, by its triggers, and by its rules.
SELECT
    c.oid,
    array(
        SELECT x.words
        FROM (
            VALUES (8, 'INSERT'), (4, 'UPDATE'), (16, 'DELETE')
        ) AS x (bit, words)
        WHERE pg_relation_is_updatable(c.oid, TRUE) & x.bit > 0
        UNION ALL
        SELECT format('UPDATE of column %I', a.attname)
        FROM pg_attribute AS a
        WHERE
            a.attrelid = c.oid
            AND a.attnum > 0
            AND pg_column_is_updatable(c.oid, a.attnum, TRUE)
    ) AS accepted
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relkind = 'v'
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema';
