-- That a file is about to run outside a transaction; no row where that is recorded already.
INSERT INTO yoyo.intent (migration_hash, migration_id, direction, checksum)
VALUES (%(hash)s, %(id)s, %(direction)s, %(checksum)s)
ON CONFLICT DO NOTHING;
