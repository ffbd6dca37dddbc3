DROP VIEW index_usage_stats;
