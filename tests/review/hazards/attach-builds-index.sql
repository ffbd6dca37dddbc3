-- case: ATTACH PARTITION of a table without the parent's index: it is built under the lock
-- finds: index-build on events_2025
-- locks: ACCESS EXCLUSIVE on events_2025, SHARE UPDATE EXCLUSIVE on events
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE events (
    at date NOT NULL,
    kind text NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX idx_events_kind ON events (kind);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 (
    at date NOT NULL,
    kind text NOT NULL
);
ALTER TABLE events_2025 ADD CONSTRAINT ck_events_2025 CHECK (at >= '2025-01-01' AND at < '2026-01-01');
-- file: 0002.case.change.sql
ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- file: 0002.case.change.rollback.sql
ALTER TABLE events DETACH PARTITION events_2025;
DROP INDEX events_2025_kind_idx;
