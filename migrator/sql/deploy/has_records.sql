-- Whether the database keeps a history of deploys, and whether that has this release's shape.
SELECT
    count(*) > 0 AS has_records,
    coalesce(
        bool_or(
            EXISTS (
                SELECT FROM pg_attribute AS a
                WHERE
                    a.attrelid = c.oid
                    AND a.attname = 'before'
            )
        ),
        FALSE
    ) AS is_current
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    n.nspname = 'yoyo'
    AND c.relname = 'deploy'
    AND c.relkind = 'r';
