-- case: DETACH PARTITION CONCURRENTLY
-- finds: breaking-change on events_2024
-- locks: ACCESS EXCLUSIVE on events_2024, SHARE UPDATE EXCLUSIVE on events
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE events (
    at date NOT NULL,
    kind text NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- file: 0002.case.change.sql
-- transactional: false
ALTER TABLE events DETACH PARTITION events_2024 CONCURRENTLY;
-- file: 0002.case.change.rollback.sql
ALTER TABLE events ATTACH PARTITION events_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
ALTER TABLE events_2024 DROP CONSTRAINT events_2024_at_check;
