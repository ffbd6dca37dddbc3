-- case: a column of a partitioned table: every partition is locked
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on events, ACCESS EXCLUSIVE on events_2024
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE events (
    at date NOT NULL,
    kind text NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- file: 0002.case.change.sql
ALTER TABLE events ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE events DROP COLUMN note;
