-- Whether the database keeps a history of deploys, and the account of what they wrote.
SELECT count(*) = 2 AS has_records
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    n.nspname = 'yoyo'
    AND c.relname IN ('deploy', 'deploy_write')
    AND c.relkind = 'r';
