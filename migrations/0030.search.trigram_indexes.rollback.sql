-- IF EXISTS: without pg_trgm nothing was created, and dropping pg_trgm (CASCADE) drops these.
DROP INDEX IF EXISTS idx_agents_public_name_trigrams;
DROP INDEX IF EXISTS idx_users_full_name_trigrams;
DROP INDEX IF EXISTS idx_users_email_trigrams;
