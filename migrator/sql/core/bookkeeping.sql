-- The history: yoyo's tables as yoyo 9 makes them (its schema version 2), and the runner's beside them.
CREATE SCHEMA IF NOT EXISTS yoyo;

CREATE TABLE IF NOT EXISTS yoyo._yoyo_migration (
    migration_hash varchar(64) PRIMARY KEY,
    migration_id varchar(255),
    applied_at_utc timestamp
);

CREATE TABLE IF NOT EXISTS yoyo._yoyo_log (
    id varchar(36) PRIMARY KEY,
    migration_hash varchar(64),
    migration_id varchar(255),
    operation varchar(10),
    username varchar(255),
    hostname varchar(255),
    comment varchar(255),
    created_at_utc timestamp
);

CREATE TABLE IF NOT EXISTS yoyo._yoyo_version (
    version integer NOT NULL PRIMARY KEY,
    installed_at_utc timestamp
);

INSERT INTO yoyo._yoyo_version (version, installed_at_utc)
SELECT
    2 AS version,
    now() AT TIME ZONE 'UTC' AS installed_at_utc
WHERE NOT EXISTS (SELECT FROM yoyo._yoyo_version);

CREATE TABLE IF NOT EXISTS yoyo.yoyo_lock (
    locked integer DEFAULT 1 PRIMARY KEY,
    ctime timestamp,
    pid integer NOT NULL
);

CREATE TABLE IF NOT EXISTS yoyo.migration_checksum (
    migration_hash varchar(64) NOT NULL,
    algorithm text NOT NULL,
    checksum text NOT NULL,
    duration_ms integer NOT NULL,

    CONSTRAINT pk_migration_checksum PRIMARY KEY (migration_hash),
    CONSTRAINT fk_migration_checksum_migration_hash FOREIGN KEY (migration_hash)
    REFERENCES yoyo._yoyo_migration (migration_hash) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS yoyo.seed_checksum (
    seed_id text NOT NULL,
    algorithm text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT pk_seed_checksum PRIMARY KEY (seed_id)
);

CREATE TABLE IF NOT EXISTS yoyo.intent (
    migration_hash varchar(64) NOT NULL,
    migration_id text NOT NULL,
    direction text NOT NULL,
    checksum text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT pk_intent PRIMARY KEY (migration_hash),
    CONSTRAINT ck_intent_direction CHECK (direction IN ('apply', 'rollback'))
);

CREATE TABLE IF NOT EXISTS yoyo.deploy (
    deploy_id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    username text NOT NULL,
    hostname text NOT NULL,
    role_name text NOT NULL DEFAULT session_user,
    digest text NOT NULL,
    plan jsonb NOT NULL,
    backup text,
    phase text NOT NULL DEFAULT 'preparing',
    outcome text,
    reason text,

    CONSTRAINT pk_deploy PRIMARY KEY (deploy_id),
    CONSTRAINT ck_deploy_phase CHECK (phase IN ('preparing', 'applying', 'undoing', 'ended')),
    CONSTRAINT ck_deploy_outcome CHECK (
        outcome IN ('applied', 'nothing changed', 'undone', 'restored', 'left')
    ),
    CONSTRAINT ck_deploy_ended CHECK (
        (phase = 'ended') = (outcome IS NOT NULL) AND (outcome IS NULL) = (ended_at IS NULL)
    )
);

CREATE UNIQUE INDEX IF NOT EXISTS uq_deploy_under_way ON yoyo.deploy ((TRUE))
WHERE ended_at IS NULL;

CREATE TABLE IF NOT EXISTS yoyo.deploy_write (
    deploy_id integer NOT NULL,
    table_id oid NOT NULL,
    was_rolled_back boolean NOT NULL,
    inserted bigint NOT NULL,
    updated bigint NOT NULL,
    deleted bigint NOT NULL,

    CONSTRAINT fk_deploy_write_deploy_id FOREIGN KEY (deploy_id)
    REFERENCES yoyo.deploy (deploy_id) ON DELETE CASCADE
);

COMMENT ON SCHEMA yoyo IS
'The history of this database''s migrations: yoyo''s tables and the runner''s.';
COMMENT ON TABLE yoyo.migration_checksum IS
'What each applied file said, to notice an edit; goes with yoyo''s own mark.';
COMMENT ON COLUMN yoyo.migration_checksum.migration_hash IS
'The migration, as yoyo._yoyo_migration names it.';
COMMENT ON COLUMN yoyo.migration_checksum.algorithm IS
'How the checksum was made, with a version: a new release may make it otherwise.';
COMMENT ON COLUMN yoyo.migration_checksum.checksum IS 'The checksum of the file as it was applied.';
COMMENT ON COLUMN yoyo.migration_checksum.duration_ms IS
'How long the file ran, in milliseconds; 0 where it was only marked.';
COMMENT ON TABLE yoyo.seed_checksum IS
'The seed files as last applied: migrate runs those that changed. A rollback empties it.';
COMMENT ON COLUMN yoyo.seed_checksum.seed_id IS 'The seed''s file name without .sql.';
COMMENT ON COLUMN yoyo.seed_checksum.algorithm IS 'How the checksum was made, with a version.';
COMMENT ON COLUMN yoyo.seed_checksum.checksum IS 'The checksum of the file as it was applied.';
COMMENT ON COLUMN yoyo.seed_checksum.applied_at IS 'When the seed was last applied.';
COMMENT ON TABLE yoyo.intent IS
'Files that run outside a transaction, from before they start until their outcome is recorded.';
COMMENT ON COLUMN yoyo.intent.migration_hash IS 'The migration, hashed as yoyo does.';
COMMENT ON COLUMN yoyo.intent.migration_id IS 'The migration''s file name without .sql.';
COMMENT ON COLUMN yoyo.intent.direction IS 'apply or rollback.';
COMMENT ON COLUMN yoyo.intent.checksum IS 'The checksum of the file that was started.';
COMMENT ON COLUMN yoyo.intent.started_at IS 'When it was started.';
COMMENT ON TABLE yoyo.deploy IS
'Each deploy: who began it and when, what was approved, where its backup is, how it ended.';
COMMENT ON COLUMN yoyo.deploy.deploy_id IS 'The number of the deploy in this database.';
COMMENT ON COLUMN yoyo.deploy.started_at IS 'When it was begun, before the backup.';
COMMENT ON COLUMN yoyo.deploy.ended_at IS 'When it ended; NULL while it is under way, or cut off.';
COMMENT ON COLUMN yoyo.deploy.username IS 'The user of the machine that it runs on.';
COMMENT ON COLUMN yoyo.deploy.hostname IS 'The machine that it runs on, where its backup is.';
COMMENT ON COLUMN yoyo.deploy.role_name IS 'The role that it works as.';
COMMENT ON COLUMN yoyo.deploy.digest IS 'What was approved: files, history and schema.';
COMMENT ON COLUMN yoyo.deploy.plan IS
'The files in order, with their checksums, and the ids that were applied before.';
COMMENT ON COLUMN yoyo.deploy.backup IS 'The backup''s path; NULL until it is whole and read.';
COMMENT ON COLUMN yoyo.deploy.phase IS
'What is under way: preparing (nothing is changed yet), applying, undoing; or ended.';
COMMENT ON COLUMN yoyo.deploy.outcome IS
'applied; nothing changed; undone by the rollback files; restored from the backup; left as it was.';
COMMENT ON COLUMN yoyo.deploy.reason IS 'Why it did not end as applied.';
COMMENT ON INDEX yoyo.uq_deploy_under_way IS 'One deploy at a time, and none after one cut off.';
COMMENT ON TABLE yoyo.deploy_write IS
'How many rows deploys themselves wrote: what else was written to a table, others wrote.';
COMMENT ON COLUMN yoyo.deploy_write.deploy_id IS 'The deploy.';
COMMENT ON COLUMN yoyo.deploy_write.table_id IS 'The table, by its oid: it may be gone since.';
COMMENT ON COLUMN yoyo.deploy_write.was_rolled_back IS
'Whether that was rolled back: the server counts it all the same.';
COMMENT ON COLUMN yoyo.deploy_write.inserted IS 'Rows inserted.';
COMMENT ON COLUMN yoyo.deploy_write.updated IS 'Rows updated.';
COMMENT ON COLUMN yoyo.deploy_write.deleted IS 'Rows deleted.';
