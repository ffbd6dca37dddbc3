-- case: columns of rare types
-- finds: rewrite on odd
-- locks: ACCESS EXCLUSIVE on odd
-- proof: lossy
-- squawk: adding-field-with-default confirmed
-- file: 0001.before.sql
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE spot AS (x integer, y integer);
CREATE TABLE odd (
    id uuid PRIMARY KEY,
    address inet NOT NULL,
    network cidr NOT NULL,
    mac macaddr8 NOT NULL,
    flags bit(5) NOT NULL,
    more_flags varbit(9) NOT NULL,
    place point NOT NULL,
    during tstzrange NOT NULL,
    periods int4multirange NOT NULL,
    moods mood[] NOT NULL,
    spot spot NOT NULL,
    words tsvector NOT NULL,
    price money NOT NULL,
    took interval NOT NULL,
    at_time timetz NOT NULL,
    bytes bytea NOT NULL,
    letter "char" NOT NULL,
    label name NOT NULL,
    place_in_log pg_lsn NOT NULL,
    way jsonpath NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE odd ADD COLUMN token uuid DEFAULT gen_random_uuid();
-- file: 0002.case.change.rollback.sql
ALTER TABLE odd DROP COLUMN token;
