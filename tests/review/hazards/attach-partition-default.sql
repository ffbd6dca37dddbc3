-- case: ATTACH PARTITION to a table with a default partition: that is locked and read
-- finds: scan on events_other, several-tables
-- locks: ACCESS EXCLUSIVE on events_2025, ACCESS EXCLUSIVE on events_other, SHARE UPDATE EXCLUSIVE on events
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE events (
    at date NOT NULL,
    kind text NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_other PARTITION OF events DEFAULT;
CREATE TABLE events_2025 (
    at date NOT NULL,
    kind text NOT NULL
);
ALTER TABLE events_2025 ADD CONSTRAINT ck_events_2025 CHECK (at >= '2025-01-01' AND at < '2026-01-01');
-- file: 0002.case.change.sql
ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- file: 0002.case.change.rollback.sql
ALTER TABLE events DETACH PARTITION events_2025;
