-- The last deploys, newest first.
SELECT
    d.deploy_id AS id,
    d.started_at,
    d.ended_at,
    d.username,
    d.hostname,
    d.role_name,
    d.digest,
    d.backup,
    d.phase,
    d.outcome,
    d.reason,
    d.plan
FROM yoyo.deploy AS d
ORDER BY d.deploy_id DESC
LIMIT %(last)s;
