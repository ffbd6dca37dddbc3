-- Contents: of three completed tasks in five. Two in three are texts; few are public.
INSERT INTO generated_content (
    id, task_id, user_id, content_type, mime_type, file_size_bytes, file_url, thumbnail_url,
    original_filename, storage_path, storage_provider, content_text, content_metadata,
    quality_score, is_favorite, is_public, download_count, tags, expires_at, created_at, updated_at
)
SELECT
    pg_temp.id_at(t.completed_at, t.number, 6),
    t.id,
    t.user_id,
    t.content_type,
    CASE t.content_type
        WHEN 'text' THEN 'text/markdown'
        WHEN 'image' THEN 'image/png'
        WHEN 'audio' THEN 'audio/mpeg'
        WHEN 'video' THEN 'video/mp4'
        ELSE 'application/json'
    END,
    CASE WHEN t.is_file THEN 1000 + floor(20000000 * pg_temp.draw(t.number, 80) ^ 4)::bigint END,
    CASE WHEN t.is_file THEN format('https://cdn.example.com/contents/%s', t.id) END,
    CASE
        WHEN t.content_type IN ('image', 'video')
            THEN format('https://cdn.example.com/thumbnails/%s', t.id)
    END,
    CASE WHEN t.is_file THEN format('%s-%s', t.content_type, t.number) END,
    CASE WHEN t.is_file THEN format('%s/%s', t.user_id, t.id) END,
    CASE WHEN t.is_file THEN 's3' END,
    CASE
        WHEN t.content_type = 'text'
            THEN x.body || format(' Referência %s.', t.number % 50000)
    END,
    jsonb_build_object('language', 'pt-BR', 'model', t.provider_model_id),
    CASE
        WHEN pg_temp.draw(t.number, 81) < 0.5
            THEN round((10 - 6 * pg_temp.draw(t.number, 82) ^ 2)::numeric, 2)
    END,
    pg_temp.draw(t.number, 83) < 0.05,
    pg_temp.draw(t.number, 84) < 0.03,
    CASE
        WHEN pg_temp.draw(t.number, 84) < 0.2
            THEN floor(5000 * pg_temp.draw(t.number, 85) ^ 8)::integer
        ELSE 0
    END,
    CASE
        WHEN pg_temp.draw(t.number, 86) < 0.6
            THEN
                jsonb_build_array(
                    'tag' || floor(300 * pg_temp.draw(t.number, 87) ^ 3),
                    'tag' || 300 + t.number % 12
                )
    END,
    t.expires_at,
    t.completed_at,
    t.completed_at
FROM (
    SELECT
        done.*,
        k.content_type,
        k.content_type <> 'text' AS is_file,
        -- What has expired is deleted within some days; the rest never expires.
        CASE
            WHEN
                pg_temp.draw(done.number, 88) < 0.1
                AND done.completed_at + (30 + 300 * pg_temp.draw(done.number, 89))
                * interval '1 day' > pg_temp.generated_until() - interval '5 days'
                THEN
                    done.completed_at + (30 + 300 * pg_temp.draw(done.number, 89))
                    * interval '1 day'
        END AS expires_at
    FROM (
        SELECT
            t.id,
            t.user_id,
            t.task_type_id,
            t.provider_model_id,
            t.completed_at,
            (t.request_payload ->> 'seed')::bigint AS number
        FROM tasks AS t
        WHERE t.status = 'completed'
    ) AS done
    INNER JOIN (
        SELECT DISTINCT
            k.task_type_id,
            k.content_type
        FROM kinds AS k
    ) AS k ON done.task_type_id = k.task_type_id
    WHERE pg_temp.draw(done.number, 79) < 0.62
) AS t
LEFT JOIN texts AS x
    ON
        t.content_type = 'text'
        AND t.number % pg_temp.generated_texts() = x.number
ORDER BY t.completed_at, t.number;
