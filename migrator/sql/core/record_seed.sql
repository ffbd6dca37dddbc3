-- That a seed was applied as its file is now.
INSERT INTO yoyo.seed_checksum (seed_id, algorithm, checksum)
VALUES (%(id)s, %(algorithm)s, %(checksum)s)
ON CONFLICT (seed_id) DO UPDATE
    SET
        algorithm = excluded.algorithm,
        checksum = excluded.checksum,
        applied_at = now();
