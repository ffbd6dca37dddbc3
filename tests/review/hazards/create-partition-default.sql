-- case: a new partition of a table with a default partition: that is locked and read
-- finds: scan on events_other
-- locks: ACCESS EXCLUSIVE on events, ACCESS EXCLUSIVE on events_other
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE events (
    at date NOT NULL,
    kind text NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_other PARTITION OF events DEFAULT;
-- file: 0002.case.change.sql
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- file: 0002.case.change.rollback.sql
DROP TABLE events_2025;
