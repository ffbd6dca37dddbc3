-- group: analytics
-- budget_ms: 1000
-- index: idx_generated_content_quality
-- params: content_type text, page_size integer
SELECT
    gc.id,
    gc.task_id,
    gc.user_id,
    gc.quality_score,
    gc.created_at
FROM generated_content AS gc
WHERE
    gc.content_type = $1
    AND gc.quality_score IS NOT NULL
ORDER BY gc.quality_score DESC, gc.id DESC
LIMIT $2;
