-- case: an index ON ONLY a partitioned table: nothing is built
-- finds: nothing
-- locks: SHARE on events
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
