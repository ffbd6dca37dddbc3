-- That it is known how a file ended which was started outside a transaction.
DELETE FROM yoyo.intent
WHERE migration_hash = %(hash)s;
