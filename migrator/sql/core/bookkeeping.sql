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

CREATE TABLE IF NOT EXISTS yoyo.migration_text (
    migration_hash varchar(64) NOT NULL,
    applied_text text,
    rollback_text text,

    CONSTRAINT pk_migration_text PRIMARY KEY (migration_hash),
    CONSTRAINT fk_migration_text_migration_hash FOREIGN KEY (migration_hash)
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

CREATE TABLE IF NOT EXISTS yoyo.batch_progress (
    migration_hash varchar(64) NOT NULL,
    rows_done bigint NOT NULL DEFAULT 0,
    rows_expected bigint,
    batches bigint NOT NULL DEFAULT 0,
    batch_rows integer NOT NULL,
    batch_after text,
    worked_ms bigint NOT NULL DEFAULT 0,
    deleted_before bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    run_pid integer NOT NULL,
    run_started_at timestamptz NOT NULL DEFAULT now(),
    run_rows_before bigint NOT NULL DEFAULT 0,
    is_to_pause boolean NOT NULL DEFAULT FALSE,

    CONSTRAINT pk_batch_progress PRIMARY KEY (migration_hash),
    CONSTRAINT fk_batch_progress_migration_hash FOREIGN KEY (migration_hash)
    REFERENCES yoyo.intent (migration_hash) ON DELETE CASCADE
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
COMMENT ON TABLE yoyo.migration_text IS
'The files of each applied migration, as they were then; goes with yoyo''s own mark.';
COMMENT ON COLUMN yoyo.migration_text.migration_hash IS
'The migration, as yoyo._yoyo_migration names it.';
COMMENT ON COLUMN yoyo.migration_text.applied_text IS
'The text of the file that was applied; NULL where it is over a megabyte.';
COMMENT ON COLUMN yoyo.migration_text.rollback_text IS
'The text of its rollback file; NULL where it is over a megabyte.';
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
COMMENT ON TABLE yoyo.batch_progress IS
'How far a file with -- batch: is; goes with its row of yoyo.intent, once it is applied.';
COMMENT ON COLUMN yoyo.batch_progress.migration_hash IS 'The migration, hashed as yoyo does.';
COMMENT ON COLUMN yoyo.batch_progress.rows_done IS 'How many rows its batches have taken.';
COMMENT ON COLUMN yoyo.batch_progress.rows_expected IS
'How many they will have taken in the end, by the statistics of the planner.';
COMMENT ON COLUMN yoyo.batch_progress.batches IS 'How many batches were committed.';
COMMENT ON COLUMN yoyo.batch_progress.batch_rows IS 'How many rows the next batch may take.';
COMMENT ON COLUMN yoyo.batch_progress.batch_after IS 'The key after which the next batch begins.';
COMMENT ON COLUMN yoyo.batch_progress.worked_ms IS 'How long its batches ran, in milliseconds.';
COMMENT ON COLUMN yoyo.batch_progress.deleted_before IS
'How many rows had been deleted from its tables before, by their statistics.';
COMMENT ON COLUMN yoyo.batch_progress.updated_at IS 'When the last batch ended.';
COMMENT ON COLUMN yoyo.batch_progress.run_pid IS 'The session that runs the batches, or did last.';
COMMENT ON COLUMN yoyo.batch_progress.run_started_at IS 'When that session began with them.';
COMMENT ON COLUMN yoyo.batch_progress.run_rows_before IS 'What rows_done was then.';
COMMENT ON COLUMN yoyo.batch_progress.is_to_pause IS
'Whether that session is to end after its next batch: migrate --pause-batches.';
