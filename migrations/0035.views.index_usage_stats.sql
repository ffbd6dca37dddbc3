-- purpose: how often each index is used, for the search for unused and missing ones
-- locks: none
-- reversible: yes

CREATE VIEW index_usage_stats WITH (security_invoker = TRUE) AS
SELECT
    s.schemaname,
    s.relname AS tablename,
    s.indexrelname AS indexname,
    s.idx_scan AS scans,
    s.idx_tup_read AS tuples_read,
    s.idx_tup_fetch AS tuples_fetched,
    i.indisunique AS is_unique,
    i.indisvalid AS is_valid,
    i.indexrelid IN (SELECT c.conindid FROM pg_constraint AS c) AS backs_constraint,
    pg_relation_size(i.indexrelid) AS size_bytes,
    CASE
        WHEN s.idx_scan = 0 THEN 'never used'
        WHEN s.idx_scan < 10 THEN 'rarely used'
        WHEN s.idx_scan < 100 THEN 'moderately used'
        ELSE 'frequently used'
    END AS usage_level
FROM pg_stat_user_indexes AS s
INNER JOIN pg_index AS i ON s.indexrelid = i.indexrelid;

COMMENT ON VIEW index_usage_stats IS
'One row for each index of a user table, with its use since pg_stat_database.stats_reset. Before '
'an index is dropped as unused: each standby counts its own use, a yearly report may be due, and '
'one that backs a constraint serves that without a scan.';
COMMENT ON COLUMN index_usage_stats.schemaname IS 'Schema of the table and of its index.';
COMMENT ON COLUMN index_usage_stats.tablename IS 'Table that is indexed.';
COMMENT ON COLUMN index_usage_stats.indexname IS 'Name of the index.';
COMMENT ON COLUMN index_usage_stats.scans IS
'Scans that were begun, by statements and by the checks of references.';
COMMENT ON COLUMN index_usage_stats.tuples_read IS 'Entries that the scans returned.';
COMMENT ON COLUMN index_usage_stats.tuples_fetched IS
'Live table rows fetched by plain index scans; bitmap and index-only scans do not count here.';
COMMENT ON COLUMN index_usage_stats.is_unique IS 'Whether the index enforces uniqueness.';
COMMENT ON COLUMN index_usage_stats.is_valid IS
'False for what a failed CREATE INDEX CONCURRENTLY left: maintained, but not used by queries.';
COMMENT ON COLUMN index_usage_stats.backs_constraint IS
'Whether a primary key, a unique or exclusion constraint, or a reference to its columns needs it.';
COMMENT ON COLUMN index_usage_stats.size_bytes IS
'Size on disk in bytes. Reading it waits for the lock of an index that is being rebuilt.';
COMMENT ON COLUMN index_usage_stats.usage_level IS
'By scans: never used (0), rarely used (below 10), moderately used (below 100), frequently used.';
