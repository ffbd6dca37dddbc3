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
    CONSTRAINT ck_deploy_phase CHECK (TRUE),
    CONSTRAINT ck_deploy_outcome CHECK (TRUE),
    CONSTRAINT ck_deploy_ended CHECK (TRUE)
);

CREATE UNIQUE INDEX IF NOT EXISTS uq_deploy_under_way ON yoyo.deploy ((TRUE))
WHERE ended_at IS NULL;

-- What an older release made is brought to this one's shape; its account of writes is not needed.
ALTER TABLE yoyo.deploy ADD COLUMN IF NOT EXISTS before jsonb;
ALTER TABLE yoyo.deploy DROP CONSTRAINT ck_deploy_phase;
ALTER TABLE yoyo.deploy ADD CONSTRAINT ck_deploy_phase CHECK (
    phase IN ('preparing', 'applying', 'undoing', 'opening', 'ended')
);
ALTER TABLE yoyo.deploy DROP CONSTRAINT ck_deploy_outcome;
ALTER TABLE yoyo.deploy ADD CONSTRAINT ck_deploy_outcome CHECK (
    outcome IN ('applied', 'nothing changed', 'undone', 'restored', 'stopped', 'left')
);
ALTER TABLE yoyo.deploy DROP CONSTRAINT ck_deploy_ended;
ALTER TABLE yoyo.deploy ADD CONSTRAINT ck_deploy_ended CHECK (
    (phase IN ('opening', 'ended')) = (outcome IS NOT NULL)
    AND (phase = 'ended') = (ended_at IS NOT NULL)
);
SET LOCAL client_min_messages TO warning;
DROP TABLE IF EXISTS yoyo.deploy_write;

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
'The files in order, with their checksums; open or closed, which backup; what was applied before.';
COMMENT ON COLUMN yoyo.deploy.backup IS
'The path of the dump, NULL until it is whole and read; or which backup there is instead.';
COMMENT ON COLUMN yoyo.deploy.phase IS
'What is under way: preparing, which begins with closing the database (nothing is changed yet),
applying, undoing, opening the database; or ended.';
COMMENT ON COLUMN yoyo.deploy.before IS
'What the catalogue said right before the first change; NULL once the deploy has ended.';
COMMENT ON COLUMN yoyo.deploy.outcome IS
'applied; nothing changed; undone by the rollback files; restored from the backup; stopped, where
these did not lead back; left as it was.';
COMMENT ON COLUMN yoyo.deploy.reason IS 'Why it did not end as applied.';
COMMENT ON INDEX yoyo.uq_deploy_under_way IS 'One deploy at a time, and none after one cut off.';
