-- What the files of a migration say, for `status --diff` and `realign`.
INSERT INTO yoyo.migration_text (migration_hash, applied_text, rollback_text)
VALUES (%(hash)s, %(applied_text)s, %(rollback_text)s);
