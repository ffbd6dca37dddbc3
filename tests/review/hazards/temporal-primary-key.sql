-- case: a primary key WITHOUT OVERLAPS: its index cannot be built concurrently
-- finds: index-build on stays
-- locks: ACCESS EXCLUSIVE on stays
-- proof: lossless
-- squawk: adding-serial-primary-key-field confirmed, constraint-missing-not-valid confirmed
-- since: 18
-- file: 0001.before.sql
CREATE TABLE stays (
    room int4range NOT NULL,
    during daterange NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE stays ADD CONSTRAINT pk_stays PRIMARY KEY (room, during WITHOUT OVERLAPS);
-- file: 0002.case.change.rollback.sql
ALTER TABLE stays DROP CONSTRAINT pk_stays;
