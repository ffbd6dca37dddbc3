-- The statements that are slow on average: a deploy tells which are new, and which slower.
SELECT
    query,
    calls,
    round(mean_time::numeric, 1) AS mean_ms
FROM slow_queries_analysis;
