-- case: a partition is dropped: the partitioned table is locked, too
-- finds: breaking-change on events_2024, rollback-loss
-- locks: ACCESS EXCLUSIVE on events, ACCESS EXCLUSIVE on events_2024
-- proof: lossy
-- squawk: ban-drop-table confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE events (
    at date NOT NULL,
    kind text NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- file: 0002.case.change.sql
DROP TABLE events_2024;
-- file: 0002.case.change.rollback.sql
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
