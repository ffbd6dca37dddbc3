-- case: a table leaves its parent: its rows are not among the parent's any more
-- finds: breaking-change on events_2024
-- locks: ACCESS EXCLUSIVE on events_2024
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE events (
    id bigint PRIMARY KEY,
    kind text
);
CREATE TABLE events_2024 (
    id bigint NOT NULL,
    kind text
);
ALTER TABLE events_2024 INHERIT events;
-- file: 0002.case.change.sql
ALTER TABLE events_2024 NO INHERIT events;
-- file: 0002.case.change.rollback.sql
ALTER TABLE events_2024 INHERIT events;
