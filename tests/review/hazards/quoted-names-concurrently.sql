-- case: names that need quotes, outside a transaction
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on "Sales Data"."Order Items"
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE SCHEMA "Sales Data";
CREATE TABLE "Sales Data"."Order Items" (
    "Id" bigint PRIMARY KEY,
    "select" text NOT NULL
);
-- file: 0002.case.change.sql
-- transactional: false
CREATE INDEX CONCURRENTLY "Idx" ON "Sales Data"."Order Items" ("select");
-- file: 0002.case.change.rollback.sql
-- transactional: false
DROP INDEX CONCURRENTLY "Sales Data"."Idx";
