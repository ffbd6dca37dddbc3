-- case: REINDEX TABLE CONCURRENTLY of a partitioned table: SHARE is held for a moment, and no index is built under it
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on events, SHARE on events_2025, SHARE on events_2026
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE events (
    happened_at date NOT NULL,
    kind text NOT NULL
) PARTITION BY RANGE (happened_at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX idx_events_kind ON events (kind);
-- file: 0002.case.change.sql
-- transactional: false
REINDEX TABLE CONCURRENTLY events;
-- file: 0002.case.change.rollback.sql
SELECT 1;
