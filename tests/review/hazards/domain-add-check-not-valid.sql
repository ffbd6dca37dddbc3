-- case: a CHECK of a domain that is NOT VALID
-- finds: ban-alter-domain-with-add-constraint
-- locks: none
-- proof: lossless
-- squawk: ban-alter-domain-with-add-constraint beyond measuring
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
-- file: 0002.case.change.sql
ALTER DOMAIN address ADD CONSTRAINT ck_address CHECK (length(VALUE) < 1000) NOT VALID;
-- file: 0002.case.change.rollback.sql
ALTER DOMAIN address DROP CONSTRAINT ck_address;
