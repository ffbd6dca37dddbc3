-- case: REINDEX SCHEMA: its tables are locked one after another
-- finds: index-build on tasks, index-build on users
-- locks: SHARE on tasks, SHARE on users, ACCESS EXCLUSIVE on tasks_pkey, ACCESS EXCLUSIVE on users_pkey
-- proof: lossless
-- squawk: require-concurrent-reindex confirmed
-- known: outside a transaction, locks on indexes are too short to be recorded
-- when: all
-- file: 0001.before.sql
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL,
    title text NOT NULL
);
-- file: 0002.case.change.sql
-- transactional: false
REINDEX SCHEMA public;
-- file: 0002.case.change.rollback.sql
SELECT 1;
