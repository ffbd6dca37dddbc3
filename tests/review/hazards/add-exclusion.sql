-- case: an exclusion constraint: it cannot be built concurrently
-- finds: index-build on bookings
-- locks: ACCESS EXCLUSIVE on bookings
-- proof: lossless
-- squawk: constraint-missing-not-valid confirmed
-- file: 0001.before.sql
CREATE TABLE bookings (
    id bigint PRIMARY KEY,
    during int4range NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE bookings ADD CONSTRAINT ex_bookings_during EXCLUDE USING gist (during WITH &&);
-- file: 0002.case.change.rollback.sql
ALTER TABLE bookings DROP CONSTRAINT ex_bookings_during;
