-- case: a CHECK of a domain: every table with the domain is read and locked
-- finds: ban-alter-domain-with-add-constraint, scan on tasks, scan on users, second-table on tasks, second-table on users, several-tables
-- locks: SHARE on tasks, SHARE on users
-- proof: lossless
-- squawk: ban-alter-domain-with-add-constraint beyond measuring
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
-- file: 0002.case.change.sql
ALTER DOMAIN address ADD CONSTRAINT ck_address CHECK (length(VALUE) < 1000);
-- file: 0002.case.change.rollback.sql
ALTER DOMAIN address DROP CONSTRAINT ck_address;
