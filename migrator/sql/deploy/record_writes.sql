-- Keeps account of what this session wrote since its counters were last handed in.
INSERT INTO yoyo.deploy_write
(deploy_id, table_id, was_rolled_back, inserted, updated, deleted)
SELECT
    %(deploy)s AS deploy_id,
    s.relid,
    %(rolled_back)s AS was_rolled_back,
    s.n_tup_ins,
    s.n_tup_upd,
    s.n_tup_del
FROM pg_stat_xact_user_tables AS s
WHERE
    s.schemaname <> 'yoyo'
    AND s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0;
