-- case: the number of a role's connections is limited, and it gets another password
-- finds: access, breaking-change
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE ROLE app LOGIN CONNECTION LIMIT 50 PASSWORD 'old';
-- file: 0002.case.change.sql
ALTER ROLE app CONNECTION LIMIT 5;
ALTER ROLE app PASSWORD 'new';
-- file: 0002.case.change.rollback.sql
ALTER ROLE app CONNECTION LIMIT 50;
ALTER ROLE app PASSWORD 'old';
