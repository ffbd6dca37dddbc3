-- The history of deploys, in the history's schema.
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
