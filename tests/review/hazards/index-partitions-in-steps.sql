-- case: an index of a partitioned table, built partition by partition
-- finds: index-build on events_2024 in the rollback, work-after-lock on events in the rollback
-- locks: ACCESS EXCLUSIVE on idx_events_2024_kind, SHARE on events, SHARE UPDATE EXCLUSIVE on events_2024
-- proof: lossless
-- squawk: require-concurrent-index-creation refuted
-- when: all
-- file: 0001.before.sql
CREATE TABLE events (
    at date NOT NULL,
    kind text NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- file: 0002.case.change.sql
CREATE INDEX idx_events_kind ON ONLY events (kind);
-- file: 0002.case.change.rollback.sql
DROP INDEX idx_events_kind;
-- file: 0003.case.change.sql
-- transactional: false
CREATE INDEX CONCURRENTLY idx_events_2024_kind ON events_2024 (kind);
-- file: 0003.case.change.rollback.sql
-- transactional: false
DROP INDEX CONCURRENTLY idx_events_2024_kind;
-- file: 0004.case.change.sql
ALTER INDEX idx_events_kind ATTACH PARTITION idx_events_2024_kind;
-- file: 0004.case.change.rollback.sql
DROP INDEX idx_events_kind;
CREATE INDEX idx_events_kind ON ONLY events (kind);
CREATE INDEX idx_events_2024_kind ON events_2024 (kind);
