-- purpose: contents for their owner (gallery, text search), the public lists and expiry
-- locks: SHARE on generated_content
-- reversible: yes
-- review:allow index-build on=generated_content until=2030-12-31 because "born in this chain, still empty"
--
-- Not CONCURRENTLY: the table is born in this chain and is empty when its indexes are built.
-- squawk-ignore-file require-concurrent-index-creation

CREATE INDEX idx_generated_content_user_newest
ON generated_content (user_id, created_at, id);
COMMENT ON INDEX idx_generated_content_user_newest IS
'Serves the queries playground_gallery and playground_content_by_tag.';

CREATE INDEX idx_generated_content_user_type_newest
ON generated_content (user_id, content_type, created_at, id);
COMMENT ON INDEX idx_generated_content_user_type_newest IS
'Serves the query playground_content_of_type.';

CREATE INDEX idx_generated_content_user_favourites
ON generated_content (user_id, created_at, id)
WHERE is_favorite;
COMMENT ON INDEX idx_generated_content_user_favourites IS 'Serves the query playground_favourites.';

CREATE INDEX idx_generated_content_user_task_size
ON generated_content (user_id, task_id) INCLUDE (file_size_bytes);
COMMENT ON INDEX idx_generated_content_user_task_size IS
'Serves the queries dashboard_storage_used, campaigns_content_of_campaign and the references '
'fk_generated_content_user_id and fk_generated_content_task_id.';

-- No text can make this fail or slow. 100,000 characters make at most 400,000 bytes of lexemes; a
-- tsvector may hold 1 MB. And the parser reads a chain such as 1@a1@a1@a or a-a-a again from each of
-- its links, which takes minutes for a long one: so what joins a chain becomes a space first.
CREATE INDEX idx_generated_content_user_text
ON generated_content USING gin ((
    to_tsvector(
        'pg_catalog.portuguese',
        regexp_replace(left(content_text, 100000), '[-@_/]+', ' ', 'g')
    ) || array_to_tsvector(ARRAY['USER' || user_id::text])
))
WHERE content_type = 'text';
COMMENT ON INDEX idx_generated_content_user_text IS
'Serves the query playground_search_text: the owner stands among the words, which are lower-case.';

CREATE INDEX idx_generated_content_public_newest ON generated_content (created_at, id)
WHERE is_public;
COMMENT ON INDEX idx_generated_content_public_newest IS 'Serves the query admin_public_gallery.';

CREATE INDEX idx_generated_content_public_downloads
ON generated_content (content_type, download_count, id)
WHERE is_public;
COMMENT ON INDEX idx_generated_content_public_downloads IS
'Serves the query analytics_most_downloaded.';

CREATE INDEX idx_generated_content_quality
ON generated_content (content_type, quality_score, id)
WHERE quality_score IS NOT NULL;
COMMENT ON INDEX idx_generated_content_quality IS 'Serves the query analytics_best_quality.';

CREATE INDEX idx_generated_content_expiry ON generated_content (expires_at, id)
WHERE expires_at IS NOT NULL;
COMMENT ON INDEX idx_generated_content_expiry IS 'Serves the query worker_expired_content.';
