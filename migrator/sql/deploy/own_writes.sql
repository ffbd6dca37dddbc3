-- What deploys wrote, since one of them.
SELECT
    w.table_id,
    sum(w.inserted)::bigint AS inserted,
    sum(w.updated)::bigint AS updated,
    sum(w.deleted)::bigint AS deleted,
    bool_or(NOT w.was_rolled_back) AS is_kept,
    coalesce(sum(w.inserted - w.deleted) FILTER (WHERE NOT w.was_rolled_back), 0)::bigint AS more
FROM yoyo.deploy_write AS w
WHERE w.deploy_id >= %(deploy)s
GROUP BY w.table_id;
