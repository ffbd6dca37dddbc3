-- How often each index was used: a deploy tells what changed meanwhile.
SELECT
    schemaname || '.' || indexname AS index_name,
    scans
FROM index_usage_stats
WHERE schemaname <> 'yoyo';
