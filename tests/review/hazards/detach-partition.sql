-- case: DETACH PARTITION; the rollback fails on rows outside the bounds
-- finds: breaking-change on events_2024, rollback-fails, scan on events_2024 in the rollback
-- locks: ACCESS EXCLUSIVE on events, ACCESS EXCLUSIVE on events_2024
-- proof: not measured
-- squawk: require-concurrent-partition-detach confirmed
-- file: 0001.before.sql
CREATE TABLE events (
    at date NOT NULL,
    kind text NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- file: 0002.case.change.sql
ALTER TABLE events DETACH PARTITION events_2024;
-- file: 0002.case.change.rollback.sql
ALTER TABLE events ATTACH PARTITION events_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
