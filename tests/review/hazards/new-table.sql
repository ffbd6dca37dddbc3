-- case: a new table with an index
-- finds: nothing
-- locks: none
-- proof: lossy
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
CREATE TABLE labels (
    id bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE INDEX idx_labels_name ON labels (name);
-- file: 0002.case.change.rollback.sql
DROP TABLE labels;
