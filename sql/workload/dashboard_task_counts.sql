-- group: dashboard
-- budget_ms: 50
-- index: idx_tasks_user_newest
-- params: user_id bigint
--
-- Visits the user's rows: an index that held the status would answer alone, and would make every
-- status update of every task write to every index.
SELECT
    t.status,
    count(*) AS task_count
FROM tasks AS t
WHERE t.user_id = $1
GROUP BY t.status
ORDER BY t.status;
