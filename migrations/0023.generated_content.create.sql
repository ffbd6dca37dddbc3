-- purpose: what tasks produced
-- locks: SHARE ROW EXCLUSIVE on users, SHARE ROW EXCLUSIVE on tasks
-- reversible: lossy: every stored content (files elsewhere stay)
-- review:allow several-tables until=2030-12-31 because "born in this chain, still empty"

CREATE TABLE generated_content (
    id valid_uuid NOT NULL DEFAULT new_id(),
    task_id valid_uuid NOT NULL,
    user_id bigint NOT NULL,
    content_type text NOT NULL,
    mime_type text,
    file_size_bytes bigint,
    file_url valid_url,
    thumbnail_url valid_url,
    original_filename text,
    storage_path text,
    storage_provider text,
    content_text text,
    content_metadata jsonb,
    processing_metadata jsonb,
    quality_score numeric(4, 2),
    is_favorite boolean NOT NULL DEFAULT FALSE,
    is_public boolean NOT NULL DEFAULT FALSE,
    download_count integer NOT NULL DEFAULT 0,
    tags jsonb,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT pk_generated_content PRIMARY KEY (id),
    CONSTRAINT uq_generated_content_task_id UNIQUE (task_id),
    CONSTRAINT fk_generated_content_user_id FOREIGN KEY (user_id)
    REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_generated_content_task_id FOREIGN KEY (user_id, task_id)
    REFERENCES tasks (user_id, id) ON DELETE CASCADE,

    CONSTRAINT ck_generated_content_content_type CHECK (
        content_type IN ('text', 'image', 'audio', 'video', 'document', 'data')
    ),
    CONSTRAINT ck_generated_content_mime_type_form CHECK (
        CASE
            WHEN char_length(mime_type) > 255 THEN FALSE
            ELSE mime_type ~ '^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$'
        END
    ),
    CONSTRAINT ck_generated_content_file_size_bytes_positive CHECK (file_size_bytes > 0),
    CONSTRAINT ck_generated_content_original_filename_not_blank CHECK (
        not_blank(original_filename)
    ),
    CONSTRAINT ck_generated_content_original_filename_length CHECK (
        char_length(original_filename) <= 255
    ),
    CONSTRAINT ck_generated_content_original_filename_characters CHECK (
        original_filename !~ '[/\\]' AND no_control_characters(original_filename)
    ),
    CONSTRAINT ck_generated_content_original_filename_not_dots CHECK (
        original_filename NOT IN ('.', '..')
    ),
    CONSTRAINT ck_generated_content_storage_path_not_blank CHECK (not_blank(storage_path)),
    CONSTRAINT ck_generated_content_storage_path_length CHECK (char_length(storage_path) <= 1024),
    CONSTRAINT ck_generated_content_storage_path_characters CHECK (
        storage_path !~ '\\' AND no_control_characters(storage_path)
    ),
    CONSTRAINT ck_generated_content_storage_path_relative CHECK (storage_path !~ '^(/|[A-Za-z]:)'),
    CONSTRAINT ck_generated_content_storage_path_within CHECK (storage_path !~ '(^|/)\.\.(/|$)'),
    CONSTRAINT ck_generated_content_storage_provider CHECK (
        storage_provider IN ('minio', 's3', 'gcs', 'azure_blob', 'local')
    ),
    CONSTRAINT ck_generated_content_file_needs_storage_provider CHECK (
        (file_url IS NULL AND storage_path IS NULL) OR storage_provider IS NOT NULL
    ),
    CONSTRAINT ck_generated_content_has_body CHECK (
        coalesce(not_blank(content_text), FALSE)
        OR file_url IS NOT NULL
        OR storage_path IS NOT NULL
    ),
    CONSTRAINT ck_generated_content_text_needs_content_text CHECK (
        content_type <> 'text' OR coalesce(not_blank(content_text), FALSE)
    ),
    CONSTRAINT ck_generated_content_content_metadata_object CHECK (
        jsonb_typeof(content_metadata) = 'object'
    ),
    CONSTRAINT ck_generated_content_processing_metadata_object CHECK (
        jsonb_typeof(processing_metadata) = 'object'
    ),
    CONSTRAINT ck_generated_content_quality_score_range CHECK (quality_score BETWEEN 0 AND 10),
    CONSTRAINT ck_generated_content_download_count_not_negative CHECK (download_count >= 0),
    CONSTRAINT ck_generated_content_tags_strings CHECK (is_array_of_strings(tags)),
    CONSTRAINT ck_generated_content_expires_after_created CHECK (expires_at > created_at),
    CONSTRAINT ck_generated_content_updated_not_before_created CHECK (updated_at >= created_at),
    CONSTRAINT ck_generated_content_times_finite CHECK (
        isfinite(expires_at)
        AND isfinite(created_at)
        AND isfinite(updated_at)
    )
);

COMMENT ON TABLE generated_content IS 'What tasks produced: texts here, files in a storage.';
COMMENT ON COLUMN generated_content.id IS 'Time-ordered identifier.';
COMMENT ON COLUMN generated_content.task_id IS 'The task that produced it; one content each.';
COMMENT ON COLUMN generated_content.user_id IS 'The owner, who is the task''s.';
COMMENT ON COLUMN generated_content.content_type IS 'What it is, for people.';
COMMENT ON COLUMN generated_content.mime_type IS
'What it is, for programs: type/subtype in lower case, without parameters.';
COMMENT ON COLUMN generated_content.file_size_bytes IS 'Size of the file in bytes.';
COMMENT ON COLUMN generated_content.file_url IS 'Where the file can be fetched.';
COMMENT ON COLUMN generated_content.thumbnail_url IS 'Where a small picture of it can be fetched.';
COMMENT ON COLUMN generated_content.original_filename IS 'Name to save the file under; no path.';
COMMENT ON COLUMN generated_content.storage_path IS
'Path of the file within its storage; relative, and never out of it.';
COMMENT ON COLUMN generated_content.storage_provider IS 'Storage that holds the file.';
COMMENT ON COLUMN generated_content.content_text IS
'The text itself, of any length; the first 100,000 characters are searchable.';
COMMENT ON COLUMN generated_content.content_metadata IS
'What is known of the content, its dimensions say: an object.';
COMMENT ON COLUMN generated_content.processing_metadata IS 'How it was made: an object.';
COMMENT ON COLUMN generated_content.quality_score IS 'How good it is, 0 to 10.';
COMMENT ON COLUMN generated_content.is_favorite IS 'Whether the owner marked it.';
COMMENT ON COLUMN generated_content.is_public IS 'Whether the public gallery shows it.';
COMMENT ON COLUMN generated_content.download_count IS 'How often it was downloaded.';
COMMENT ON COLUMN generated_content.tags IS 'Words to find it by: an array of strings.';
COMMENT ON COLUMN generated_content.expires_at IS 'When it may be deleted; NULL is never.';
COMMENT ON COLUMN generated_content.created_at IS
'When the row was made; never later than the server''s clock.';
COMMENT ON COLUMN generated_content.updated_at IS
'When the row was last written; kept by a trigger.';
COMMENT ON CONSTRAINT fk_generated_content_task_id ON generated_content IS
'Both columns, so that content belongs to its task''s own user.';
COMMENT ON CONSTRAINT ck_generated_content_has_body ON generated_content IS
'A text that is not blank, a URL or a path.';

CREATE TRIGGER tr_generated_content_row_times
BEFORE INSERT OR UPDATE ON generated_content
FOR EACH ROW EXECUTE FUNCTION row_times();
COMMENT ON TRIGGER tr_generated_content_row_times ON generated_content IS
'Keeps created_at and updated_at by the server''s clock.';
