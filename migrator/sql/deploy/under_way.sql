-- The deploy that has not ended, in one line.
SELECT
    format(
        'begun %s by %s@%s, %s', date_trunc('second', d.started_at), d.username, d.hostname, d.phase
    ) AS words
FROM yoyo.deploy AS d
WHERE d.ended_at IS NULL;
