-- Of which database, and since when, the server counts: at a crash, or a reset, this changes.
SELECT concat_ws(' ', d.datid, w.stats_reset, d.stats_reset) AS birth
FROM pg_stat_wal AS w
CROSS JOIN pg_stat_database AS d
WHERE d.datname = current_database();
