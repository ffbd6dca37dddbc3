-- What the file of a marked migration says; it goes with yoyo's mark. How long it ran, if that is
-- not known, is how long its transaction has lasted.
INSERT INTO yoyo.migration_checksum (migration_hash, algorithm, checksum, duration_ms)
VALUES (
    %(hash)s, %(algorithm)s, %(checksum)s,
    coalesce(%(duration_ms)s, 1000 * extract(EPOCH FROM clock_timestamp() - now()))
);
