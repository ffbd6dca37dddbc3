-- group: worker
-- budget_ms: 50
-- index: idx_tasks_queue
-- params: started_before timestamptz, page_size integer
--
-- No index holds started_at, so that a claim is a HOT update. What started before a time was due
-- before it, or at most the 5 minutes later by which clocks may differ; the queue's own index finds
-- the few unfinished tasks that were.
SELECT
    t.id,
    t.user_id,
    t.retry_count,
    t.started_at
FROM unfinished_tasks AS t
WHERE
    t.status = 'processing'
    AND t.started_at < $1
    AND t.due_at < $1 + interval '5 minutes'
ORDER BY t.started_at, t.id
LIMIT $2;
