-- case: names that need quotes, in another schema
-- finds: rewrite on "Sales Data"."Order Items"
-- locks: ACCESS EXCLUSIVE on "Sales Data"."Order Items"
-- proof: lossy
-- squawk: adding-field-with-default confirmed
-- file: 0001.before.sql
CREATE SCHEMA "Sales Data";
CREATE TABLE "Sales Data"."Order Items" (
    "Id" bigint PRIMARY KEY,
    "select" text NOT NULL
);
-- file: 0002.case.change.sql
-- locks: ACCESS EXCLUSIVE on "Sales Data"."Order Items"
-- reversible: lossy: every token
ALTER TABLE "Sales Data"."Order Items" ADD COLUMN "To ken" uuid DEFAULT gen_random_uuid();
-- file: 0002.case.change.rollback.sql
ALTER TABLE "Sales Data"."Order Items" DROP COLUMN "To ken";
