-- Indexes that nothing has used since the statistics were reset, and whether a constraint needs each.
SELECT
    i.indexname,
    i.backs_constraint
FROM index_usage_stats AS i
WHERE
    i.schemaname = 'public'
    AND i.usage_level = 'never used'
ORDER BY i.indexname;
