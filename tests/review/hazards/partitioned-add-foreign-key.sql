-- case: a reference on a partitioned table: every partition is read
-- finds: scan on events_2024, scan on kinds, second-table on kinds, several-tables
-- locks: SHARE ROW EXCLUSIVE on events, SHARE ROW EXCLUSIVE on events_2024, SHARE ROW EXCLUSIVE on kinds
-- proof: lossless
-- squawk: adding-foreign-key-constraint confirmed, constraint-missing-not-valid confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE kinds (
    id bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE events (
    at date NOT NULL,
    kind_id bigint NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- file: 0002.case.change.sql
ALTER TABLE events ADD CONSTRAINT fk_events_kind FOREIGN KEY (kind_id) REFERENCES kinds (id);
-- file: 0002.case.change.rollback.sql
ALTER TABLE events DROP CONSTRAINT fk_events_kind;
