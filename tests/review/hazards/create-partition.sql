-- case: a new partition: the partitioned table is locked
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on events
-- proof: lossy
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE events (
    at date NOT NULL,
    kind text NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- file: 0002.case.change.sql
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- file: 0002.case.change.rollback.sql
DROP TABLE events_2025;
