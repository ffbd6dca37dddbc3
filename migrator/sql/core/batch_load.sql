-- What decides whether the next batch waits: the wish for a pause; how far replicas are behind, in
-- seconds, and up to where all have replayed what was written; whether this role may know that; how many
-- files of WAL are to be archived, 0 where none was. The seconds stand still where a replay does.
WITH replicas AS (
    SELECT
        coalesce(max(extract(EPOCH FROM r.replay_lag)), 0)::float8 AS lag_s,
        (min(r.replay_lsn) - '0/0'::pg_lsn)::bigint AS replayed,
        bool_and(r.state IS NOT NULL) AS is_lag_known
    FROM pg_stat_replication AS r
),

archiver AS (
    SELECT
        s.setting::bigint AS segment,
        coalesce(a.last_archived_wal, a.last_failed_wal) AS file
    FROM pg_stat_archiver AS a
    CROSS JOIN pg_settings AS s
    WHERE
        s.name = 'wal_segment_size'
        AND current_setting('archive_mode') <> 'off'
)

SELECT
    p.is_to_pause,
    replicas.lag_s,
    replicas.replayed,
    (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint AS written,
    replicas.is_lag_known,
    coalesce(
        (
            pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')
            - ('x' || substr(archiver.file, 9, 8))::bit(32)::bigint * 4294967296
            - ('x' || substr(archiver.file, 17, 8))::bit(32)::bigint * archiver.segment
        ) / archiver.segment,
        0
    )::integer AS to_archive
FROM yoyo.batch_progress AS p
CROSS JOIN replicas
LEFT JOIN archiver ON TRUE
WHERE p.migration_hash = %(hash)s; -- noqa: references.qualification
