-- case: VALIDATE of a domain's CHECK: every table with the domain is read and locked
-- finds: scan on tasks, scan on users, second-table on tasks, second-table on users, several-tables
-- locks: SHARE on tasks, SHARE on users
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE DOMAIN address AS text;
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email address NOT NULL
);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    notify address
);
ALTER DOMAIN address ADD CONSTRAINT ck_address CHECK (length(VALUE) < 1000) NOT VALID;
-- file: 0002.case.change.sql
ALTER DOMAIN address VALIDATE CONSTRAINT ck_address;
-- file: 0002.case.change.rollback.sql
ALTER DOMAIN address DROP CONSTRAINT ck_address;
ALTER DOMAIN address ADD CONSTRAINT ck_address CHECK (length(VALUE) < 1000) NOT VALID;
