-- That a file which was started outside a transaction did nothing.
DELETE FROM yoyo.intent
WHERE migration_hash = %(hash)s;
