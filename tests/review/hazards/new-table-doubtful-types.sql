-- case: a new table with types that squawk advises against
-- finds: ban-char-field, prefer-identity, prefer-text-field, prefer-timestamp-tz
-- locks: none
-- proof: lossy
-- squawk: ban-char-field beyond measuring, prefer-identity beyond measuring, prefer-text-field beyond measuring, prefer-timestamp-tz beyond measuring
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
CREATE TABLE labels (
    id serial PRIMARY KEY,
    name varchar(40) NOT NULL,
    code char(3),
    made_at timestamp,
    extra json
);
-- file: 0002.case.change.rollback.sql
DROP TABLE labels;
