-- Whether a partition is being detached; no row where it is detached.
SELECT i.inhdetachpending
FROM pg_inherits AS i
WHERE
    i.inhparent = to_regclass(%(parent)s)
    AND i.inhrelid = to_regclass(%(partition)s);
